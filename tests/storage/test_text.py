"""Texts as rows and files: in force whichever way it is computed, never changed, and never given when damaged."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as some

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import (
    Digest,
    Locale,
    MediaType,
    TextDraft,
    TextVersion,
    in_effect,
    in_force,
    in_language,
    reaches,
)
from agreegate.storage.agreements.text import add_text_version, published_digests, text_versions, text_versions_in
from agreegate.storage.agreements.text_file import TextDamaged, TextFiles, measured, measured_in
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.unit_of_work import UnitOfWork
from tests import personas as cast
from tests.texts import AMERICA, FRANCE, JANUARY, draft, file

TEMPLATES = (TemplateId(cast.CLOUD_AGREEMENT), TemplateId(cast.CUSTOMER_AGREEMENT))
COUNTRIES, LANGUAGES = ("US", "FR", "NA"), ("en-US", "fr-FR", "de-DE")
DAYS = some.integers(0, 6).map(lambda day: JANUARY + timedelta(days=day))
FILES = some.dictionaries(
    some.builds(Locale, some.sampled_from(COUNTRIES), some.sampled_from(LANGUAGES)),
    some.sampled_from("0123").map(file),
    min_size=1,
    max_size=4,
)


async def published(uow: UnitOfWork, drafts: Sequence[TextDraft]) -> list[TextVersion]:
    return [await add_text_version(uow, one, "tests") for one in drafts]


def drafts() -> some.SearchStrategy[list[TextDraft]]:
    one = some.tuples(some.sampled_from(TEMPLATES), DAYS, some.booleans(), FILES)
    return some.lists(one, max_size=6).map(
        lambda rows: [
            draft(str(number), template_id=template, effective_from=day, major=major, files=files)
            for number, (template, day, major, files) in enumerate(rows)
        ]
    )


def by_hand(versions: Sequence[TextVersion], country: str, language: str, on: datetime) -> tuple[str, str, str] | None:
    """The rule in the slowest words there are: label, language given, digest."""
    binding: TextVersion | None = None
    for version in versions:  # in the order of publishing, so that of two with one date the later one stays
        there = [locale for locale in version.files if locale.country == country]
        if (
            there
            and version.effective_from <= on
            and (binding is None or version.effective_from >= binding.effective_from)
        ):
            binding = version
    if binding is None:
        return None
    for requested in (language, "en-US", *sorted(LANGUAGES)):
        if Locale(country, requested) in binding.files:
            return binding.label, requested, binding.files[Locale(country, requested)].digest
    raise AssertionError(binding)


@pytest.mark.rule("R32", "R35")
@given(drafts(), some.sampled_from(COUNTRIES), some.sampled_from(LANGUAGES), DAYS, some.integers(-1, 1))
async def test_the_version_in_force_is_the_same_whichever_way_it_is_computed(
    requested: list[TextDraft], country: str, language: str, day: datetime, off: int
) -> None:
    store = InlineStore.in_memory(lambda: JANUARY)
    on = day + timedelta(microseconds=off)
    made = await store.write(lambda uow: published(uow, requested))
    for template in TEMPLATES:
        kept = await store.read(lambda uow, template=template: text_versions(uow, template))
        assert kept == [version for version in made if version.template_id == template], "as published"
        there = await store.read(lambda uow, template=template: text_versions_in(uow, template, country))
        binding = in_force(there, country, on)
        text = None if binding is None else in_language(binding, country, language)
        assert (text and (text.version.label, text.locale.language, text.file.digest)) == by_hand(
            kept, country, language, on
        )
        reach = reaches(kept, on)
        for version in kept:
            countries = {locale.country for locale in version.files}
            count = sum(in_force(kept, one, on) is version for one in countries)
            assert (reach[version.id].in_force, reach[version.id].countries) == (count, len(countries))
        assert bool(in_effect(kept, on)) == any(by_hand(kept, one, language, on) for one in COUNTRIES)
    store.close()


async def test_the_pdf_to_show_is_kept_with_its_text_and_never_removed() -> None:
    store = InlineStore.in_memory(lambda: JANUARY)
    shown = replace(file("1", MediaType.DOCX), shown_as=file("2", MediaType.PDF))
    handed_in = draft(files={AMERICA: shown, FRANCE: file("3")})
    await store.write(lambda uow: published(uow, [handed_in]))
    [found] = await store.read(lambda uow: text_versions(uow, handed_in.template_id))
    assert (found.files, found.same_as(handed_in)) == (handed_in.files, True)
    assert not found.same_as(replace(handed_in, files={**handed_in.files, AMERICA: file("1", MediaType.DOCX)}))
    assert await store.read(published_digests) == {"1" * 64, "2" * 64, "3" * 64}


@pytest.mark.parametrize(
    "statement",
    [
        "update text_version set label = 'other'",
        "update text_version set effective_at = 0",
        "delete from text_version",
        "update text_file set digest = digest",
        "delete from text_file",
        "insert or replace into text_file select * from text_file",
        f"insert into text_file values (1, 'DE', 'en-US', '{'0' * 64}', 'text/markdown', 1, null, null)",
        f"insert into text_file values (2, 'DE', 'en-US', '{'0' * 64}', 'text/markdown', 1, null, null)",
        f"update text_file set shown_digest = '{'0' * 64}', shown_size = 1",
        "insert into text_version select null, template_id, 'x', label, 1, '', 0, 0, '', 1 from text_version",
    ],
)
async def test_what_is_published_stays_as_it_is(statement: str) -> None:
    connection = connect(":memory:")
    upgrade(connection)
    store = InlineStore(connection, lambda: JANUARY)
    await store.write(lambda uow: published(uow, [draft(files={AMERICA: file(), FRANCE: file("1")})]))
    with pytest.raises(apsw.ConstraintError):
        connection.execute(statement)
    store.close()


@pytest.fixture
def texts(tmp_path: Path) -> TextFiles:
    return TextFiles(tmp_path / "texts")


def test_a_file_lies_under_its_digest_for_its_owner_alone(texts: TextFiles) -> None:
    content = io.BytesIO(b"# Made up\n" * 200_000)
    kept = measured(content, "a.md")
    texts.keep(content, kept.digest)
    path = texts.folder / kept.digest[:2] / kept.digest
    assert path.stat().st_size == kept.size
    assert {one.stat().st_mode & 0o777 for one in (texts.folder, path.parent)} == {0o700}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [kept.digest], "nothing half written beside it"
    with texts.opened(kept.digest) as file:
        assert file.read() == content.getvalue()


def test_the_same_file_again_is_one_and_a_damaged_one_is_made_good(texts: TextFiles) -> None:
    content = io.BytesIO(b"# Made up")
    kept = measured(content, "a.md")
    texts.keep(content, kept.digest)
    before = texts.path_of(kept.digest).stat()
    texts.keep(content, kept.digest)
    assert texts.path_of(kept.digest).stat().st_ino == before.st_ino
    texts.path_of(kept.digest).write_bytes(b"# Made_up")
    with pytest.raises(TextDamaged):
        texts.opened(kept.digest)
    texts.keep(content, kept.digest)
    texts.opened(kept.digest).close()


def test_bytes_that_changed_since_they_were_measured_are_not_kept(texts: TextFiles) -> None:
    kept = measured(io.BytesIO(b"# Made up"), "a.md")
    with pytest.raises(TextDamaged):
        texts.keep(io.BytesIO(b"# Made_up"), kept.digest)
    assert [entry for entry in texts.folder.rglob("*") if entry.is_file()] == []


def test_a_file_that_is_not_there_is_not_given(texts: TextFiles) -> None:
    with pytest.raises(TextDamaged):
        texts.opened(Digest("0" * 64))


def test_files_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "linked.md").symlink_to(tmp_path / "secret.md")
    (folder / "within.md").write_text("text")
    (folder / "again.md").symlink_to(folder / "within.md")
    assert measured_in(folder, ["again.md"])["again.md"].size == 4
    for name in ("linked.md", "../secret.md"):
        with pytest.raises(PermissionError):
            measured_in(folder, [name])
