"""Published versions of agreement texts as rows that are only added (R32–R38); `text_file.py` stores the files."""

from collections import defaultdict
from collections.abc import Iterable

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import (
    Digest,
    Locale,
    MediaType,
    TextDraft,
    TextFile,
    TextVersion,
    VersionId,
)
from agreegate.storage.engine.unit_of_work import Lock, Row, UnitOfWork, from_micros, to_micros
from agreegate.storage.row import insert, number_of

_VERSION = """
    select v.number, v.version_id, v.label, v.major, v.note, v.effective_at, v.published_at, v.published_by
    from text_version v where v.template_id = $1"""
# Joined with the versions, so that the files of one country are found version by version.
_FILES = """
    select f.number, f.country, f.language, f.digest, f.media_type, f.size, f.shown_digest, f.shown_size from text_version v
    join text_file f on f.number = v.number where v.template_id = $1"""


async def text_versions(uow: UnitOfWork, template: TemplateId) -> list[TextVersion]:
    """Return the versions of a template, in the order of publishing."""
    files = await uow.fetch_all(_FILES, template)
    return _versions(template, await uow.fetch_all(f"{_VERSION} order by v.number", template), files)


async def text_versions_in(uow: UnitOfWork, template: TemplateId, country: str) -> list[TextVersion]:
    """Return the versions published for a country, in the order of publishing, with the files of that country alone."""
    files = await uow.fetch_all(f"{_FILES} and f.country = $2", template, country)
    if not files:
        return []
    found = _versions(template, await uow.fetch_all(f"{_VERSION} order by v.number", template), files)
    return [version for version in found if version.files]


async def lock_texts(uow: UnitOfWork, template: str, *, publishing: bool = False) -> None:
    """Let no text of the template be published until this unit of work ends; to publish, let nobody confirm either."""
    function = "pg_advisory_xact_lock" if publishing else "pg_advisory_xact_lock_shared"
    await uow.lock(Lock.TEXTS, f"select {function}(hashtextextended($1, 0))", template)


async def published_digests(uow: UnitOfWork) -> frozenset[Digest]:
    """Return the digests of all published files, PDFs to show included."""
    rows = await uow.fetch_all(
        "select digest from text_file union select shown_digest from text_file where shown_digest is not null"
    )
    return frozenset(Digest(digest) for (digest,) in rows)


async def add_text_version(uow: UnitOfWork, draft: TextDraft, published_by: str) -> TextVersion:
    """Add a version and the list of its files."""
    version = VersionId(uow.new_id())
    await insert(
        uow,
        "text_version",
        template_id=draft.template_id,
        version_id=version,
        label=draft.label,
        major=int(draft.major),
        note=draft.note,
        effective_at=to_micros(draft.effective_from),
        published_at=to_micros(uow.now),
        published_by=published_by,
        files=len(draft.files),
    )
    number = await number_of(uow, "select number from text_version where version_id = $1", version)
    for locale, file in draft.files.items():
        await insert(
            uow,
            "text_file",
            number=number,
            country=locale.country,
            language=locale.language,
            digest=file.digest,
            media_type=file.media_type,
            size=file.size,
            shown_digest=None if file.shown_as is None else file.shown_as.digest,
            shown_size=None if file.shown_as is None else file.shown_as.size,
        )
    return next(one for one in await text_versions(uow, draft.template_id) if one.number == number)


def _versions(template: TemplateId, rows: Iterable[Row], files: Iterable[Row]) -> list[TextVersion]:
    """Return versions with their files."""
    of_each: dict[int, dict[Locale, TextFile]] = defaultdict(dict)
    for number, country, language, digest, media_type, size, shown_digest, shown_size in files:
        shown_as = None if shown_digest is None else TextFile(Digest(shown_digest), MediaType.PDF, shown_size)
        file = TextFile(Digest(digest), MediaType(media_type), size, shown_as)
        of_each[number][Locale(country, language)] = file
    return [
        TextVersion(
            template_id=template,
            label=label,
            major=bool(major),
            effective_from=from_micros(effective_at),
            note=note,
            files=of_each[number],
            id=VersionId(version_id),
            number=number,
            published_at=from_micros(published_at),
            published_by=published_by,
        )
        for number, version_id, label, major, note, effective_at, published_at, published_by in rows
    ]
