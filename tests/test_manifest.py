"""A version's manifest: what it says, and errors with their line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agreegate import programme
from agreegate.domain.agreements.text import Locale, MediaType, checked_draft, media_type_of
from agreegate.domain.error import Rejected
from agreegate.locales import locales
from agreegate.manifest import LARGEST, Manifest, find, read
from agreegate.toml_input import TomlFile
from tests import personas as cast
from tests.files import sentence
from tests.texts import AMERICA, FRANCE, FRANCE_ENGLISH, MANIFEST, NAMIBIA, file


def manifest_of(text: str) -> Manifest:
    return read(TomlFile(text, "m.toml"), locales())


def test_what_a_manifest_says() -> None:
    manifest = manifest_of(MANIFEST)
    assert (manifest.label, manifest.major, manifest.note) == ("2019-01", True, "Made up.")
    assert manifest.effective_from == datetime(2019, 1, 1, tzinfo=UTC)
    assert manifest.texts == {
        AMERICA: "en.docx", FRANCE_ENGLISH: "en.docx", NAMIBIA: "en.docx", FRANCE: "texts/fr.docx"
    }  # fmt: skip
    assert manifest.names == ("en.docx", "texts/fr.docx")
    files = {name: file(sign) for name, sign in zip(manifest.names, "01", strict=True)}
    draft = manifest.draft(programme.load(), files, "m.toml")
    assert draft.template_id == cast.CLOUD_AGREEMENT
    assert draft.files[FRANCE].digest == "1" * 64


def test_a_word_document_can_name_the_pdf_to_show() -> None:
    manifest = manifest_of(MANIFEST.replace('file = "en.docx"', 'file = "en.docx"\nshown_as = "en.pdf"'))
    assert manifest.names == ("en.docx", "texts/fr.docx", "en.pdf")
    shown = file("2", MediaType.PDF)
    files = {"en.docx": file("0", MediaType.DOCX), "texts/fr.docx": file("1", MediaType.DOCX), "en.pdf": shown}
    draft = manifest.draft(programme.load(), files, "m.toml")
    assert (draft.files[AMERICA].digest, draft.files[AMERICA].shown_as) == ("0" * 64, shown)
    assert draft.files[FRANCE].shown_as is None


@pytest.mark.parametrize("named", ["microsoftcloudagreement", cast.CLOUD_AGREEMENT, cast.CLOUD_AGREEMENT.upper()])
def test_a_template_is_named_by_its_type_or_its_id(named: str) -> None:
    manifest = manifest_of(MANIFEST.replace("MicrosoftCloudAgreement", named))
    draft = manifest.draft(programme.load(), dict.fromkeys(manifest.names, file()), "m.toml")
    assert draft.template_id == cast.CLOUD_AGREEMENT


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019-01-01", datetime(2019, 1, 1, tzinfo=UTC)),
        ("2019-01-01T08:30:00", datetime(2019, 1, 1, 8, 30, tzinfo=UTC)),
        ("2019-01-01T08:30:00+02:00", datetime(2019, 1, 1, 6, 30, tzinfo=UTC)),
    ],
)
def test_a_date_alone_is_midnight_and_no_zone_is_utc(written: str, meant: datetime) -> None:
    assert manifest_of(MANIFEST.replace("2019-01-01T00:00:00Z", written)).effective_from == meant


def test_all_stands_for_every_country_with_the_language() -> None:
    manifest = manifest_of(MANIFEST.replace('["US", "FR", "NA"]', '"all"'))
    assert sum(name == "en.docx" for name in manifest.texts.values()) == 246
    assert manifest.texts[Locale("NA", "en-US")] == manifest.texts[Locale("XK", "en-US")] == "en.docx"


WRONG: list[tuple[str, str, str, int]] = [
    ('label = "2019-01"', "label = 2019-01", "toml.not-toml", 2),
    ('label = "2019-01"\n', "", "toml.missing", 1),
    ('label = "2019-01"', "label = 7", "toml.not-text", 2),
    ("major = true", 'major = "yes"', "toml.not-boolean", 3),
    ("major = true", "minor = true", "toml.unknown-field", 3),
    ("effective_from = 2019-01-01T00:00:00Z", 'effective_from = "2019-01-01"', "toml.not-date", 4),
    ("effective_from = 2019-01-01T00:00:00Z", "effective_from = 0001-01-01T00:00:00+14:00", "toml.not-date", 4),
    ("effective_from = 2019-01-01T00:00:00Z\n", "", "toml.missing", 1),
    ('file = "en.docx"', 'file = "../en.docx"', "manifest.outside", 8),
    ('file = "en.docx"', 'file = "/etc/passwd"', "manifest.outside", 8),
    ('file = "en.docx"', 'file = "a\\\\b.docx"', "manifest.outside", 8),
    ('file = "en.docx"', 'file = ""', "manifest.outside", 8),
    ('file = "texts/fr.docx"', "file = 7", "toml.not-text", 13),
    ('file = "texts/fr.docx"\n', "", "toml.missing", 12),
    ('file = "en.docx"', 'file = "en.docx"\nshown_as = "../en.pdf"', "manifest.outside", 9),
    ('file = "en.docx"', 'file = "en.docx"\nshown_as = 7', "toml.not-text", 9),
    ('countries = ["FR"]', 'country = "FR"', "toml.unknown-field", 15),
    ('countries = ["FR"]', 'countries = "FR"', "manifest.not-countries", 15),
    ('countries = ["FR"]', "countries = []", "manifest.not-countries", 15),
    ('countries = ["FR"]', "countries = [1]", "manifest.not-countries", 15),
    ('countries = ["FR"]', 'countries = ["FR", "FR"]', "manifest.locale-twice", 15),
    ('language = "fr-FR"', 'language = "en-US"', "manifest.locale-twice", 15),
    (
        'language = "fr-FR"\ncountries = ["FR"]',
        'language = "fr-XX"\ncountries = "all"',
        "manifest.no-such-language",
        14,
    ),
]


@pytest.mark.parametrize(("old", "new", "key", "line"), WRONG)
def test_what_is_wrong_is_reported_with_its_line(old: str, new: str, key: str, line: int) -> None:
    assert old in MANIFEST
    with pytest.raises(Rejected) as refused:
        manifest_of(MANIFEST.replace(old, new))
    assert (refused.value.code, refused.value.parameters["line"]) == (key, line)
    for language in ("en", "fr"):
        assert "m.toml" in sentence(refused.value, language)


def test_the_manifest_that_is_explained_can_be_published() -> None:
    page = (Path(__file__).parents[1] / "docs" / "agreements.md").read_text(encoding="utf-8")
    manifest = manifest_of(page.partition("```toml\n")[2].partition("```")[0])
    files = {name: file(str(number), media_type_of(name)) for number, name in enumerate(manifest.names)}
    draft = manifest.draft(programme.load(), files, "agreements.md")
    assert checked_draft(draft, locales()) is draft
    assert set(manifest.names) == {"english.docx", "english.pdf", "french.docx"}


def test_a_template_of_another_programme_is_refused() -> None:
    manifest = manifest_of(MANIFEST.replace("MicrosoftCloudAgreement", "Lease"))
    with pytest.raises(Rejected) as refused:
        manifest.draft(programme.load(), dict.fromkeys(manifest.names, file()), "m.toml")
    assert refused.value.code == "manifest.no-such-template"


@pytest.mark.parametrize(
    ("entries", "key"),
    [([], "manifest.none"), (["a.md"], "manifest.none"), (["a.toml", "b.toml"], "manifest.several")],
)
def test_a_folder_has_one_manifest(tmp_path: Path, entries: list[str], key: str) -> None:
    for name in entries:
        (tmp_path / name).write_text(MANIFEST)
    with pytest.raises(Rejected) as refused:
        find(tmp_path)
    assert refused.value.code == key


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"#" * (1024 * 1024 + 1), b"a = " + b"[" * 5000], ids=["latin", "large", "deep"]
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.toml").write_bytes(content)
    with pytest.raises(Rejected):
        read(TomlFile.at(find(tmp_path), LARGEST), locales())
