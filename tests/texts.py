"""Texts of agreements for tests: versions without files on disk, and small files that are what they say."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

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
from agreegate.services.agreements.text import at_command_line, publish_text
from agreegate.storage.agreements.text_file import measured
from agreegate.storage.engine.unit_of_work import UnitOfWork
from tests import personas as cast
from tests.world import World

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


FIRST = version(1, "1")
CORRECTED = version(2, "1.1", effective_from=datetime(2018, 9, 1, tzinfo=UTC), major=False)
SECOND = version(3, "2", effective_from=datetime(2019, 1, 1, tzinfo=UTC))
AGAIN = version(4, "2 again", effective_from=datetime(2019, 1, 1, tzinfo=UTC))
PUBLISHED = (SECOND, FIRST, CORRECTED)
"""The versions before `AGAIN`, which takes effect with `SECOND`."""


def outdated_since(
    published: Iterable[TextVersion],
    country: str,
    accepted_by: datetime,
    now: datetime,
    accepted: TextVersion | None = None,
) -> datetime | None:
    """When the first newer major text took effect for a customer, one version after the other (R33, R34)."""
    found = None
    for one in sorted(published, key=lambda each: each.rank):
        newer = one.effective_from > accepted_by if accepted is None else one.rank > accepted.rank
        here = any(locale.country == country for locale in one.files)
        if found is None and newer and here and one.major and one.effective_from <= now:
            found = one.effective_from
    return found


def pdf(words: str = "Made up.", *more: bytes) -> bytes:
    """A PDF of one empty page.

    Args:
        words: kept as its title.
        more: further objects, the first of them under the number 4; the catalogue names it as `/More`.
    """
    named = b"/More 4 0 R" if more else b""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R" + named + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        *more,
        b"<</Title(" + words.encode() + b")>>",
    ]
    written, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size %d/Root 1 0 R/Info %d 0 R>>" % (len(objects) + 1, len(objects))
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return bytes(written) + head + table + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % len(written)


CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
WORD_BODY = (
    '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    '<w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>Sample &lt;1&gt;</w:t></w:r></w:p>'
    "<w:p><w:r><w:t>Made</w:t><w:tab/><w:t>up.</w:t></w:r></w:p></w:body></w:document>"
)


RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def relations(*entries: tuple[str, str], external: bool = False) -> str:
    """What a part needs: the last words of types, each with its target."""
    mode = ' TargetMode="External"' if external else ""
    lines = "".join(
        f'<Relationship Id="r{number}" Type="{RELATION}{kind}" Target="{target}"{mode}/>'
        for number, (kind, target) in enumerate(entries)
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<?xml version="1.0"?><Relationships xmlns="{space}">{lines}</Relationships>'


def docx(
    body: str = WORD_BODY,
    types: str = CONTENT_TYPES,
    more: Mapping[str, bytes] | None = None,
    main: str = "word/document.xml",
) -> bytes:
    """A Word document of two paragraphs.

    Args:
        main: the name of the part that has them.
    """
    written = io.BytesIO()
    parts = {
        "[Content_Types].xml": types.encode(),
        "_rels/.rels": relations(("officeDocument", main)).encode(),
        main: body.encode(),
    }
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, **(more or {})}.items():  # without a date: the same words give the same bytes
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


async def publish(
    world: World,
    texts: Mapping[Locale, tuple[str, bytes]],
    label: str = "1",
    shown_as: bytes | None = None,
    **changes: Any,
) -> TextVersion:
    """Publish a version on a server, its files on disk: by country and language the name and the bytes of a file.

    Args:
        shown_as: the PDF that each of the files is shown as.
    """
    files: dict[Locale, TextFile] = {}
    for locale, (name, content) in texts.items():
        files[locale] = measured(io.BytesIO(content), name)
        await world.deployment.texts.keep(io.BytesIO(content), files[locale].digest)
        if shown_as is not None:
            shown = measured(io.BytesIO(shown_as), "shown.pdf")
            await world.deployment.texts.keep(io.BytesIO(shown_as), shown.digest)
            files[locale] = replace(files[locale], shown_as=shown)
    requested = draft(label, files=files, **changes)

    async def work(uow: UnitOfWork) -> TextVersion:
        actor = await at_command_line(uow)
        done = await publish_text(uow, actor, world.deployment.programme, requested, allow_past=True)
        return done.version

    return await world.store.write(work)


MANIFEST = """template = "MicrosoftCloudAgreement"
label = "2019-01"
major = true
effective_from = 2019-01-01T00:00:00Z
note = "Made up."

[[text]]
file = "en.docx"
language = "en-US"
countries = ["US", "FR", "NA"]

[[text]]
file = "texts/fr.docx"
language = "fr-FR"
countries = ["FR"]
"""


def zipped(names: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return written.getvalue()
