"""`agreegate agreements`: what the programme's operator sees when publishing."""

import hashlib
from pathlib import Path

import pytest

from agreegate.storage.engine.sqlite import connect
from tests import personas as cast
from tests.cli.conftest import Agreegate
from tests.texts import MANIFEST, docx, pdf

CASES = Path(__file__).parents[1] / "cases"
EXAMPLE = Path(__file__).parents[2] / "docs" / "directory.example.toml"
SOON = MANIFEST.replace("2019-01-01T00:00:00Z", "2999-01-01T00:00:00Z")


@pytest.fixture
def data(agreegate: Agreegate, tmp_path: Path) -> Path:
    """A data folder with a directory in it."""
    agreegate("directory", "apply", EXAMPLE, "--data", tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A version to publish."""
    made = tmp_path / "version"
    (made / "texts").mkdir(parents=True)
    (made / "manifest.toml").write_text(SOON)
    (made / "en.docx").write_bytes(docx())
    (made / "texts" / "fr.docx").write_bytes(docx(more={"word/fr": b"fr"}))
    return made


def kept(data: Path) -> list[str]:
    return sorted(entry.name for entry in (data / "texts").rglob("*") if entry.is_file())


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    connection = connect(data / "agreegate.db", read_only=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_a_dry_run_tells_and_keeps_nothing(agreegate: Agreegate, data: Path, folder: Path) -> None:
    tried = agreegate("agreements", "publish", folder, "--dry-run", "--data", data)
    digest = hashlib.sha256((folder / "en.docx").read_bytes()).hexdigest()
    assert (tried.status, tried.err) == (0, "")
    assert "Microsoft Cloud Agreement, version 2019-01 (major), in force from 2999-01-01T00:00:00Z\n" in tried.out
    assert f"for 3 pairs of country and language, SHA-256 {digest}\n" in tried.out
    assert tried.out.endswith("Only tried: version 2019-01 would be published.\n")
    assert kept(data) == []
    assert rows(data, "select 1 from text_version") == []


def test_a_note_and_a_file_name_may_have_french_spaces(agreegate: Agreegate, data: Path, tmp_path: Path) -> None:
    folder, name = tmp_path / "french", "Conditions\u00a0: été\u202f.md"
    folder.mkdir()
    manifest = (CASES / "26-manifest-note-nbsp.toml").read_text(encoding="utf-8")
    assert "\u00a0" in manifest or "\u202f" in manifest
    (folder / "manifest.toml").write_text(manifest.replace("texte.md", name), encoding="utf-8")
    (folder / name).write_text("# Contrat\n\nTexte.\n", encoding="utf-8")
    published = agreegate("agreements", "publish", folder, "--data", data)
    assert (published.status, published.err) == (0, "")
    [(note,)] = rows(data, "select note from text_version")
    assert str(note) in manifest


def test_published_once_then_nothing_to_do(agreegate: Agreegate, data: Path, folder: Path) -> None:
    first = agreegate("agreements", "publish", folder, "--data", data)
    assert (first.status, first.err) == (0, "")
    assert first.out.endswith("Published: version 2019-01.\n")
    assert len(kept(data)) == 2
    assert (data / "texts").stat().st_mode & 0o777 == 0o700

    again = agreegate("agreements", "publish", folder, "--data", data, language="fr")
    assert again.out == "Rien à faire\u00a0: la version 2019-01 est déjà publiée, exactement ainsi.\n"
    assert rows(data, "select count(*) from text_version") == [(1,)]

    listed = agreegate("agreements", "list", "--data", data)
    assert "Microsoft Customer Agreement 117a77b0-9360-443b-8795-c6dedc750cf9\n  nothing published\n" in listed.out
    assert "  2019-01 (major), from 2999-01-01T00:00:00Z, published " in listed.out
    assert "4 pairs of country and language, in force in 0 of 3 countries\n" in listed.out


def test_publishing_again_mends_a_file_that_is_damaged(agreegate: Agreegate, data: Path, folder: Path) -> None:
    agreegate("agreements", "publish", folder, "--data", data)
    [path] = (data / "texts").rglob(hashlib.sha256((folder / "en.docx").read_bytes()).hexdigest())
    path.write_bytes(b"damaged")
    assert agreegate("agreements", "publish", folder, "--data", data).out.startswith("Nothing to do")
    assert path.read_bytes() == (folder / "en.docx").read_bytes()


def test_a_publication_is_audited(agreegate: Agreegate, data: Path, folder: Path) -> None:
    agreegate("agreements", "publish", folder, "--data", data)
    [[operation, kind, who, value]] = rows(
        data,
        "select operation_type, resource_type, application_id, resource_new_value from audit_record"
        " where resource_type = 'agreement_text'",
    )
    assert (operation, kind, who) == ("publish_agreement_text", "agreement_text", "agreegate agreements publish")
    assert '"label":"2019-01"' in str(value)


WRONG = {
    "unknown locale": (
        '["FR"]',
        '["BE"]',
        "BE fr-FR is no country and language of the list. Nearest: BE nl-NL, BE en-US.",
    ),
    "past": ("2999-01-01T00:00:00Z", "2018-01-01", "Choose a later date, or allow it with --allow-past."),
    "no such file": ("texts/fr.docx", "texts/de.docx", "does not exist"),
    "outside": ("texts/fr.docx", "../fr.docx", "must be the name of a file below the folder."),
    "not its kind": ("texts/fr.docx", "texts/fr.pdf", "fr.pdf is not a whole PDF. Export it again."),
    "label": ('label = "2019-01"', 'label = "2019/01"', "label"),
    "template": ("MicrosoftCloudAgreement", "Lease", "template must be an agreement of the programme"),
}


@pytest.mark.parametrize(("old", "new", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_reported_in_a_sentence_and_nothing_is_published(
    agreegate: Agreegate, data: Path, folder: Path, old: str, new: str, words: str
) -> None:
    (folder / "texts" / "fr.pdf").write_bytes(docx())
    assert old in SOON
    (folder / "manifest.toml").write_text(SOON.replace(old, new))
    result = agreegate("agreements", "publish", folder, "--data", data)
    assert result.status in (1, 2)
    assert words in result.err
    assert len(result.err.splitlines()) == 1
    assert agreegate("agreements", "publish", folder, "--data", data, language="fr").err != result.err
    assert kept(data) == []
    assert rows(data, "select 1 from text_version") == []


def test_the_past_can_be_meant(agreegate: Agreegate, data: Path, folder: Path) -> None:
    (folder / "manifest.toml").write_text(MANIFEST)
    assert agreegate("agreements", "publish", folder, "--data", data, "--allow-past").status == 0
    assert "in force in 3 of 3 countries\n" in agreegate("agreements", "list", "--data", data).out
    assert agreegate("agreements", "publish", folder, "--data", data).status == 0, "the same again needs no leave"


def test_a_label_with_other_bytes_is_refused(agreegate: Agreegate, data: Path, folder: Path) -> None:
    agreegate("agreements", "publish", folder, "--data", data)
    before = kept(data)
    (folder / "en.docx").write_bytes(docx(more={"word/en": b"other"}))
    result = agreegate("agreements", "publish", folder, "--data", data)
    assert result.status == 2
    assert "A version called 2019-01 is published already" in result.err
    assert kept(data) == before


def test_with_many_files_it_is_said_which_one_is_read(agreegate: Agreegate, data: Path, folder: Path) -> None:
    manifest = SOON.partition("[[text]]")[0]
    for number, country in enumerate(("US", "FR", "NA", "XK", "GB", "CA")):
        (folder / f"{number}.md").write_text(f"# {number}")
        manifest += f'[[text]]\nfile = "{number}.md"\nlanguage = "en-US"\ncountries = ["{country}"]\n'
    (folder / "manifest.toml").write_text(manifest)
    result = agreegate("agreements", "publish", folder, "--data", data)
    assert result.status == 0
    assert result.err.splitlines()[-1] == "Reading 5.md (6 of 6)"


def test_publishing_needs_a_database_of_this_schema(agreegate: Agreegate, tmp_path: Path, folder: Path) -> None:
    result = agreegate("agreements", "publish", folder, "--data", tmp_path / "none")
    assert result.status == 1
    assert "agreegate db upgrade" in result.err
    assert not (tmp_path / "none").exists()


def test_another_programme_can_be_named(agreegate: Agreegate, data: Path, folder: Path) -> None:
    (folder / "manifest.toml").write_text(SOON.replace("MicrosoftCloudAgreement", cast.CUSTOMER_AGREEMENT))
    named = ("--programme", "microsoft-customer-agreement")
    assert agreegate("agreements", "publish", folder, "--data", data, *named).status == 0
    assert "2019-01 (major)" in agreegate("agreements", "list", "--data", data, *named).out


def test_a_word_document_is_published_with_the_pdf_to_show(agreegate: Agreegate, data: Path, folder: Path) -> None:
    (folder / "en.pdf").write_bytes(pdf())
    (folder / "manifest.toml").write_text(SOON.replace('"en.docx"', '"en.docx"\nshown_as = "en.pdf"'))
    result = agreegate("agreements", "publish", folder, "--data", data)
    shown = hashlib.sha256(pdf()).hexdigest()
    assert (result.status, f"+ en.pdf: pdf, {len(pdf())} bytes, for 3 pairs" in result.out, shown in result.out) == (
        0,
        True,
        True,
    )
    assert shown in kept(data)
    assert rows(data, "select distinct shown_digest from text_file where language = 'en-US'") == [(shown,)]
    assert agreegate("agreements", "publish", folder, "--data", data).out.startswith("Nothing to do")
    (folder / "manifest.toml").write_text(SOON.replace('"en.docx"', '"en.docx"\nshown_as = "texts/fr.docx"'))
    result = agreegate("agreements", "publish", folder, "--data", data)
    assert (result.status, "The PDF to show for FR en-US cannot be used." in result.err) == (2, True)
