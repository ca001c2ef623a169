"""`agreegate directory`: what the operator sees."""

from pathlib import Path

import pytest

from tests.cli.conftest import Agreegate

CASES = Path(__file__).parents[1] / "cases"
EXAMPLE = Path(__file__).parents[2] / "docs" / "directory.example.toml"


def test_a_dry_run_tells_and_makes_nothing(agreegate: Agreegate, tmp_path: Path) -> None:
    tried = agreegate("directory", "apply", EXAMPLE, "--dry-run", "--data", tmp_path / "new")

    assert tried.status == 0
    assert "+ added: partner Linden Distribution, 0a110000-0000-4000-8000-000000000001\n" in tried.out
    assert "+ added: customer Rowan Florist" in tried.out
    assert tried.out.endswith("Only tried: 8 changes, none made.\n")
    assert not (tmp_path / "new").exists()


@pytest.mark.fault("D17")
@pytest.mark.parametrize(
    ("case", "shown"),
    [("20-directory-ideographic-space", "株式会社\u3000山田商店"), ("24-directory-filipino", 'language = "fil"')],
)
def test_any_script_and_language_is_taken_and_shown(
    agreegate: Agreegate, tmp_path: Path, case: str, shown: str
) -> None:
    data = tmp_path / "data"
    first = agreegate("directory", "apply", CASES / f"{case}.toml", "--data", data)
    assert (first.status, first.err) == (0, "")
    file = tmp_path / "shown.toml"
    file.write_text(agreegate("directory", "show", "--data", data).out, encoding="utf-8")
    assert shown in file.read_text(encoding="utf-8")
    assert agreegate("directory", "apply", file, "--data", data).out == "Nothing to change.\n"


def test_applied_once_then_nothing_to_change(agreegate: Agreegate, tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = agreegate("directory", "apply", EXAMPLE, "--data", data)
    assert (first.status, first.err) == (0, "")
    assert f"A new database was made in {data}." in first.out
    assert first.out.endswith("Applied: 8 changes.\n")
    assert (data.stat().st_mode & 0o777, (data / "agreegate.db").stat().st_mode & 0o777) == (0o700, 0o600)

    assert agreegate("directory", "apply", EXAMPLE, "--data", data).out == "Nothing to change.\n"
    assert agreegate("directory", "apply", EXAMPLE, "--data", data, language="fr").out == "Rien à changer.\n"


def test_changes_are_reported_field_by_field_without_personal_data(agreegate: Agreegate, tmp_path: Path) -> None:
    agreegate("directory", "apply", EXAMPLE, "--data", tmp_path)
    changed = tmp_path / "changed.toml"
    changed.write_text(
        EXAMPLE.read_text(encoding="utf-8")
        .replace('roles = ["admin_agent"]', 'roles = ["helpdesk_agent"]')
        .replace("Rowan Florist", "Rowan Flowers")
        .replace("rosa@rowan.example", "rose@rowan.example"),
        encoding="utf-8",
    )

    result = agreegate("directory", "apply", changed, "--data", tmp_path, language="fr")

    assert "~ modifié: utilisateur admin@linden.example, " in result.out
    assert "    roles: admin_agent -> helpdesk_agent\n" in result.out
    assert "    company_name: Rowan Florist -> Rowan Flowers\n" in result.out
    assert "    contact\n" in result.out
    assert "rosa@" not in result.out
    assert "rose@" not in result.out


def test_show_prints_a_file_that_changes_nothing(agreegate: Agreegate, tmp_path: Path) -> None:
    agreegate("directory", "apply", EXAMPLE, "--data", tmp_path)
    shown = tmp_path / "shown.toml"
    shown.write_text(agreegate("directory", "show", "--data", tmp_path).out, encoding="utf-8")

    assert agreegate("directory", "apply", shown, "--data", tmp_path).out == "Nothing to change.\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'country = "DE"\nlang',
            'country = "UK"\nlang',
            "partner.customer.country. UK is no country of the vendor’s list. Use GB.",
        ),
        (
            'country = "DE"\nlang',
            'country = "ZZ"\nlang',
            "partner.customer.country. ZZ is no country of the vendor’s list.",
        ),
        (
            'country = "DE"             #',
            'country = "EL" #',
            "partner.country. EL is no country of the vendor’s list. Use GR.",
        ),
        ('kind = "indirect_provider"', 'kind = "distributor"', "partner.kind must be one of: direct_bill"),
        ('name = "Linden', "name = Linden", "This is not valid TOML"),
        ('city = "Musterdorf"', "", "partner.customer.contact.city is missing. Add it."),
        ('mpn_id = "6660002"', 'mpn_id = "6660001"', "partner.mpn_id is taken already"),
    ],
)
def test_a_wrong_file_is_reported_with_line_and_reason(
    agreegate: Agreegate, tmp_path: Path, old: str, new: str, words: str
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace(old, new, 1), encoding="utf-8")

    result = agreegate("directory", "apply", wrong, "--data", tmp_path / "data")

    assert result.status == 2
    assert result.err.startswith(f"Error: {wrong}, line ")
    assert words in result.err
    assert result.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "Check the path."),
        (b"\xff\xfe\x00", "is not UTF-8. Save it as UTF-8 text, then try again."),
        ((CASES / "23-directory-utf16.toml").read_bytes(), "is not UTF-8. Save it as UTF-8 text, then try again."),
    ],
    ids=["missing", "not UTF-8", "UTF-16"],
)
def test_an_unreadable_file_is_wrong_use(
    agreegate: Agreegate, tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "x.toml"
    if content is not None:
        file.write_bytes(content)
    result = agreegate("directory", "apply", file, "--data", tmp_path)
    assert result.status == 2
    assert words in result.err


def test_no_database_and_foreign_ones_are_reported(agreegate: Agreegate, tmp_path: Path) -> None:
    result = agreegate("directory", "show", "--data", tmp_path / "none")
    assert result.status == 1
    assert f"agreegate db upgrade --data {tmp_path / 'none'}" in result.err

    foreign = tmp_path / "agreegate.db"
    foreign.write_bytes(b"this is something else entirely" * 100)
    for typed in (["show"], ["apply", EXAMPLE], ["apply", EXAMPLE, "--dry-run"]):
        result = agreegate("directory", *typed, "--data", tmp_path)
        assert result.status == 1
        assert "The database is not Agreegate's." in result.err
    assert foreign.read_bytes().startswith(b"this is something else")
