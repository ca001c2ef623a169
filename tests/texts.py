"""Texts of agreements for tests: versions without files on disk, and small files that are what they say."""

from datetime import UTC, datetime
from typing import Any

from agreegate.domain.agreement import TemplateId
from agreegate.domain.text import Digest, Locale, MediaType, TextDraft, TextFile, TextVersion, VersionId
from tests import personas as cast

JANUARY = datetime(2018, 1, 1, tzinfo=UTC)
FRANCE, FRANCE_ENGLISH, AMERICA = Locale("FR", "fr-FR"), Locale("FR", "en-US"), Locale("US", "en-US")
NAMIBIA, KOSOVO = Locale("NA", "en-US"), Locale("XK", "en-US")
TABLE = frozenset({FRANCE, FRANCE_ENGLISH, AMERICA, NAMIBIA, KOSOVO, Locale("RS", "en-US"), Locale("RS", "sr-Latn-RS")})


def file(sign: str = "0", media_type: MediaType = MediaType.MARKDOWN) -> TextFile:
    """A file that differs from another by its sign."""
    return TextFile(Digest(sign * 64), media_type, 100)


def draft(label: str = "1", **changes: Any) -> TextDraft:
    """A version that may be published; in the United States only."""
    fields: dict[str, Any] = {
        "template_id": TemplateId(cast.CLOUD_AGREEMENT),
        "major": True,
        "effective_from": JANUARY,
        "note": "Made up.",
        "files": {AMERICA: file()},
    }
    return TextDraft(label=label, **(fields | changes))


def version(number: int, label: str | None = None, **changes: Any) -> TextVersion:
    """The same, published as the `number`th."""
    handed_in = draft(label or str(number), **changes)
    return TextVersion(
        template_id=handed_in.template_id,
        label=handed_in.label,
        major=handed_in.major,
        effective_from=handed_in.effective_from,
        note=handed_in.note,
        files=handed_in.files,
        id=VersionId(f"00000000-0000-4000-8000-{number:012}"),
        number=number,
        published_at=JANUARY,
        published_by=cast.OPERATOR_USER,
    )
