"""`agreegate agreements simulate`: what the programme's operator reads before a version takes effect."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agreegate.domain.orders.term import months_after
from agreegate.spreadsheet import MARK
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import connect
from tests import personas as cast
from tests.cast_rows import populate
from tests.cli.conftest import Agreegate
from tests.portfolio import Bought, Confirmed, Subscribed, fill
from tests.texts import MANIFEST as IN_FORCE
from tests.texts import docx

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
SOON = TODAY + timedelta(days=30)
ACCEPTED = Confirmed(datetime(2019, 5, 1, tzinfo=UTC))
DAY = timedelta(days=1)
MANIFEST = IN_FORCE.replace("2019-01-01T00:00:00Z", f"{SOON:%Y-%m-%d}")
HOSTILE = "=cmd() & Sons (made up)"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the cast, and customers of two of its partners."""
    folder = tmp_path / "data"
    folder.mkdir()
    connection = connect(folder / "agreegate.db")
    upgrade(connection)
    populate(connection)
    began = months_after(SOON + 10 * DAY, -12)
    fill(
        connection,
        [
            Bought(HOSTILE, [ACCEPTED], [Subscribed(began)], [SOON + DAY], resellers=[cast.BIRCH]),
            Bought("Zoé (made up)", [ACCEPTED], [Subscribed(began, auto_renew=False)], country="FR"),
            Bought("Far away (made up)", [ACCEPTED], country="DE"),
            Bought("Direct (made up)", [ACCEPTED], partner=cast.HAZEL),
        ],
    )
    connection.close()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A version whose files are still being written."""
    made = tmp_path / "version"
    made.mkdir()
    (made / "manifest.toml").write_text(MANIFEST)
    return made


def dump(data: Path) -> list[str]:
    connection = connect(data / "agreegate.db", read_only=True)
    try:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        return [repr(connection.execute(f"select * from {table}").fetchall()) for table in tables]
    finally:
        connection.close()


def read(text: str, separator: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(text.removeprefix(MARK).splitlines(), delimiter=separator))


@pytest.mark.rule("R34", "X5")
def test_it_says_what_would_happen_and_changes_nothing(agreegate: Agreegate, data: Path, folder: Path) -> None:
    before = dump(data)
    result = agreegate("agreements", "simulate", folder, "--data", data, "--stale-rule", "refuse")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == f"Microsoft Cloud Agreement, version 2019-01 (major), in force from {SOON:%Y-%m-%d}T00:00:00Z"
    assert lines[1] == "It is not published: this is what would happen, and nothing is changed by asking."
    assert lines[3] == f"Orders through the API are refused from {SOON:%Y-%m-%d}T00:00:00Z on."
    assert "Customers that would become outdated: 3. Outdated by then in any case: 0." in lines
    assert [line.split()[-7:] for line in lines if line.startswith("Total")] == [
        ["Total", "3", "1", "1", "1", "2", "2"],
        ["3", "0", "1", "1", "1", "2", "2"],
        ["3", "0", "1", "1", "1", "2", "2"],
    ]
    assert next(line for line in lines if line.startswith("no renewal in these weeks")).split()[5:7] == ["1", "0"]
    assert dump(data) == before


def test_it_speaks_french(agreegate: Agreegate, data: Path, folder: Path) -> None:
    result = agreegate("agreements", "simulate", folder, "--data", data, language="fr")
    assert "Clients qui passeraient en «\u00a0version antérieure\u00a0»\u00a0: 3." in result.out
    assert "Les commandes sont permises, avec un avertissement." in result.out
    assert "Refus" not in result.out, "nothing is refused under a rule that advises"


def test_another_day_can_be_asked_about(agreegate: Agreegate, data: Path, folder: Path) -> None:
    day = f"{SOON + 60 * DAY:%Y-%m-%d}"
    result = agreegate("agreements", "simulate", folder, "--data", data, "--effective-from", day, "--weeks", 1)
    assert f"Period checked: from {day}T00:00:00Z until {SOON + 67 * DAY:%Y-%m-%d}T00:00:00Z." in result.out
    assert "no renewal in these weeks          3" in result.out


def test_a_published_version_is_named_by_its_label_or_its_folder(
    agreegate: Agreegate, data: Path, folder: Path
) -> None:
    (folder / "texts").mkdir()
    (folder / "en.docx").write_bytes(docx())
    (folder / "texts" / "fr.docx").write_bytes(docx(more={"word/fr": b"fr"}))
    expected = agreegate("agreements", "simulate", folder, "--data", data).out.splitlines()
    assert agreegate("agreements", "publish", folder, "--data", data).status == 0
    for named in ((folder,), ("--version", "2019-01")):
        result = agreegate("agreements", "simulate", *named, "--data", data)
        assert result.status == 0, result.err
        assert result.out.splitlines()[1] == "It is published, and has yet to take effect."
        assert result.out.splitlines()[2:] == expected[2:]
    other = agreegate("agreements", "simulate", folder, "--data", data, "--effective-from", "2999-01-01")
    assert (other.status, other.err.count("\n")) == (2, 1)
    assert "A version called 2019-01 is published already" in other.err


def test_a_manifest_may_name_a_pdf_to_show(agreegate: Agreegate, data: Path, folder: Path) -> None:
    counted = agreegate("agreements", "simulate", folder, "--data", data)
    (folder / "manifest.toml").write_text(MANIFEST.replace('file = "en.docx"', 'file = "en.docx"\nshown_as = "en.pdf"'))
    assert agreegate("agreements", "simulate", folder, "--data", data) == counted


def test_a_minor_version_outdates_nobody(agreegate: Agreegate, data: Path, folder: Path) -> None:
    (folder / "manifest.toml").write_text(MANIFEST.replace("major = true", "major = false"))
    result = agreegate("agreements", "simulate", folder, "--data", data)
    assert (result.status, result.out.splitlines()[-1]) == (0, "A minor version makes no customer outdated.")


def test_nobody_would_be_outdated(agreegate: Agreegate, data: Path, folder: Path) -> None:
    (folder / "manifest.toml").write_text(MANIFEST.replace('["US", "FR", "NA"]', '["NA"]').replace('["FR"]', '["CA"]'))
    result = agreegate("agreements", "simulate", folder, "--data", data)
    assert result.out.splitlines()[-1] == "Customers that would become outdated: 0. Outdated by then in any case: 0."


@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("fr", ";")])
def test_files_hold_the_counts_and_a_line_for_each_customer(
    agreegate: Agreegate, data: Path, folder: Path, tmp_path: Path, language: str, separator: str
) -> None:
    counts, rows = tmp_path / "counts.csv", tmp_path / "rows.csv"
    result = agreegate(
        "agreements", "simulate", folder, "--data", data, "--stale-rule", "refuse", "--csv", counts, "--rows", rows,
        language=language,
    )  # fmt: skip
    assert (result.status, result.err) == (0, "")
    total, *others = [list(line.values()) for line in read(counts.read_text("utf-8"), separator)]
    assert total == ["Total", "", "", "3", "0", "1", "1", "1", "2", "2"]
    kinds = {"en": {"Week", "Partner", "Reseller"}, "fr": {"Semaine", "Partenaire", "Revendeur"}}
    assert {line[0] for line in others} == kinds[language]
    for kind in kinds[language] - {"Reseller", "Revendeur"}:
        assert sum(int(line[3]) for line in others if line[0] == kind) == 3
    listed = [list(line.values()) for line in read(rows.read_text("utf-8"), separator)]
    assert sorted(line[3] for line in listed) == [f"'{HOSTILE}", "Direct (made up)", "Zoé (made up)"]
    [hostile] = [line for line in listed if line[3] == f"'{HOSTILE}"]
    assert hostile[6] == "2019-05-01T00:00:00Z"
    assert hostile[9:] == ["1", "0", "1", "1", "1"]
    assert sorted(path.name for path in tmp_path.glob("*.part")) == []


def test_a_file_can_be_standard_output(agreegate: Agreegate, data: Path, folder: Path, tmp_path: Path) -> None:
    result = agreegate("agreements", "simulate", folder, "--data", data, "--csv", "-", "--rows", tmp_path / "rows.csv")
    assert result.out.startswith("Counted by,Week or id,")
    assert len(read((tmp_path / "rows.csv").read_text("utf-8"))) == 3
    result = agreegate("agreements", "simulate", folder, "--data", data, "--rows", "-")
    assert len(read(result.out)) == 3


def test_a_file_that_exists_is_written_over_only_with_the_option(
    agreegate: Agreegate, data: Path, folder: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "counts.csv"
    kept.write_text("mine")
    for option in ("--csv", "--rows"):
        result = agreegate("agreements", "simulate", folder, "--data", data, option, kept)
        assert (result.status, result.out, kept.read_text()) == (1, "", "mine")
        assert "exists already" in result.err
    (folder / "manifest.toml").write_text(MANIFEST.replace("MicrosoftCloudAgreement", "Lease"))
    assert agreegate("agreements", "simulate", folder, "--data", data, "--csv", kept, "--force").status == 2
    assert kept.read_text() == "mine", "what fails leaves it alone"
    (folder / "manifest.toml").write_text(MANIFEST)
    assert agreegate("agreements", "simulate", folder, "--data", data, "--csv", kept, "--force").status == 0
    assert kept.read_text("utf-8").startswith(f"{MARK}Counted by")


WRONG = [
    ([], 2, "Name either a folder with a manifest, or a published version"),
    (["FOLDER", "--version", "x"], 2, "Name either a folder with a manifest, or a published version"),
    (["--version", "x", "--effective-from", "2999-01-01"], 2, "Leave --effective-from out"),
    (["--version", "none"], 2, "No published version is called none."),
    (["FOLDER", "--csv", "-", "--rows", "-"], 2, "Only one of --csv and --rows"),
    (["FOLDER", "--effective-from", "soon"], 2, "soon"),
    (["FOLDER", "--effective-from", "2019-01-01"], 2, "These weeks are over."),
    (["FOLDER", "--stale-rule", "deny"], 2, "deny"),
    (["FOLDER", "--stale-from", "2999-01-01"], 2, "A grace date needs the rule that refuses."),
    (["FOLDER", "--weeks", "0"], 2, "0"),
    (["FOLDER", "--weeks", "521"], 2, "521"),
    (["FOLDER", "--csv", "FOLDER"], 1, "it is a folder"),
    (["FOLDER", "--rows", "FOLDER/none/rows.csv"], 1, "it does not exist"),
    (["NOWHERE"], 1, "it does not exist"),
    (["FOLDER", "--programme", "none"], 2, "none"),
]


@pytest.mark.parametrize(
    ("typed", "status", "expected"), WRONG, ids=lambda each: " ".join(each) if isinstance(each, list) else ""
)
def test_what_is_wrong_is_reported_in_a_sentence(
    agreegate: Agreegate, data: Path, folder: Path, typed: list[str], status: int, expected: str
) -> None:
    words = [word.replace("FOLDER", str(folder)).replace("NOWHERE", str(folder / "none")) for word in typed]
    result = agreegate("agreements", "simulate", *words, "--data", data)
    assert (result.status, result.out, result.err.count("\n")) == (status, "", 1), result.err
    assert expected in result.err
    french = agreegate("agreements", "simulate", *words, "--data", data, language="fr")
    assert french.status == status
    assert french.err != result.err
    assert not list(folder.glob("*.part"))


def test_a_manifest_is_checked_as_when_it_is_published(agreegate: Agreegate, data: Path, folder: Path) -> None:
    (folder / "manifest.toml").write_text(MANIFEST.replace('["FR"]', '["BE"]'))
    result = agreegate("agreements", "simulate", folder, "--data", data)
    assert result.status == 2
    assert "BE fr-FR is no country and language of the list. Nearest: BE nl-NL, BE en-US." in result.err


def test_without_a_record_nothing_is_made(agreegate: Agreegate, folder: Path, tmp_path: Path) -> None:
    result = agreegate("agreements", "simulate", folder, "--data", tmp_path / "none")
    assert result.status == 1
    assert not (tmp_path / "none").exists()


def test_a_version_that_has_taken_effect_is_not_simulated(agreegate: Agreegate, data: Path, folder: Path) -> None:
    (folder / "manifest.toml").write_text(IN_FORCE)
    (folder / "texts").mkdir()
    (folder / "en.docx").write_bytes(docx())
    (folder / "texts" / "fr.docx").write_bytes(docx(more={"word/fr": b"fr"}))
    agreegate("agreements", "publish", folder, "--data", data, "--allow-past")
    result = agreegate("agreements", "simulate", "--version", "2019-01", "--data", data)
    assert (result.status, "has taken effect already" in result.err) == (2, True)


def test_the_other_programme_has_templates_of_its_own(agreegate: Agreegate, data: Path, folder: Path) -> None:
    (folder / "manifest.toml").write_text(MANIFEST.replace("MicrosoftCloudAgreement", cast.CUSTOMER_AGREEMENT))
    result = agreegate("agreements", "simulate", folder, "--data", data, "--programme", "microsoft-customer-agreement")
    assert result.out.startswith("Microsoft Customer Agreement, version 2019-01")
