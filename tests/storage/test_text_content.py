"""A file is what its name says, and is refused with a sentence otherwise, before much of it is read."""

import io
import tracemalloc
import zipfile

import pytest

from agreegate.domain.agreements.text import LARGEST, MediaType
from agreegate.domain.error import ErrorCode, Rejected
from agreegate.error import sentence_of
from agreegate.storage.agreements.text_file import measured
from tests.rejection import rejected
from tests.texts import CONTENT_TYPES, WORD_BODY, docx, pdf, relations, zipped

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def bomb(mebibytes: int) -> bytes:
    """A Word document with an empty picture of that many mebibytes."""
    return docx(more={"word/media/image1.png": bytes(mebibytes * 1024 * 1024)})


def lying(content: bytes) -> bytes:
    """The same archive, whose list of contents says that everything is small."""
    changed = bytearray(content)
    at = changed.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + 24 : at + 28] = (10).to_bytes(4, "little")
        at = changed.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def encrypted() -> bytes:
    changed = bytearray(docx())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        changed[changed.find(mark) + offset] |= 1
    return bytes(changed)


def broken_checksum() -> bytes:
    content = docx(types=CONTENT_TYPES)
    stored = zipped(
        {
            "[Content_Types].xml": CONTENT_TYPES.encode(),
            "_rels/.rels": relations(("officeDocument", "word/document.xml")).encode(),
            "word/document.xml": WORD_BODY.encode(),
        },
        zipfile.ZIP_STORED,
    )
    assert len(stored) > len(content)
    return stored.replace(b"Sample", b"Simple")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", pdf(), MediaType.PDF),
        ("a.PDF", b"%PDF-2.0" + pdf()[8:], MediaType.PDF),
        ("a.docx", docx(), MediaType.DOCX),
        (
            "a.docx",
            docx(WORD_BODY.replace(NAMESPACE, "http://purl.oclc.org/ooxml/wordprocessingml/main")),
            MediaType.DOCX,
        ),
        ("a.docx", bomb(9), MediaType.DOCX),
        ("a.md", "# Vertrag für Übung\n".encode(), MediaType.MARKDOWN),
        ("a.md", b"\xef\xbb\xbf# Made up", MediaType.MARKDOWN),
        ("a.markdown", b"<script>alert(1)</script>", MediaType.MARKDOWN),
    ],
)
def test_a_file_that_is_what_its_name_says_is_taken(name: str, content: bytes, kind: MediaType) -> None:
    found = measured(io.BytesIO(content), name)
    assert (found.media_type, found.size) == (kind, len(content))


REFUSED: list[tuple[str, bytes, ErrorCode]] = [
    ("a.pdf", docx(), "text.not-pdf"),
    ("a.pdf", pdf()[:-20], "text.not-pdf"),
    ("a.pdf", b"x" + pdf(), "text.not-pdf"),
    ("a.pdf", b"<html>%PDF-1.7 startxref %%EOF</html>", "text.not-pdf"),
    ("a.docx", pdf(), "text.not-docx"),
    ("a.docx", b"PK\x03\x04 and no more", "text.not-docx"),
    ("a.docx", docx()[:-30], "text.not-docx"),
    ("a.docx", zipped({"xl/workbook.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}), "text.not-docx"),
    ("a.docx", zipped({"word/document.xml": WORD_BODY.encode()}), "text.not-docx"),
    ("a.docx", docx("<html/>"), "text.not-docx"),
    ("a.docx", docx("not xml"), "text.not-docx"),
    ("a.docx", docx(""), "text.not-docx"),
    ("a.docx", docx(WORD_BODY[:-10]), "text.not-docx"),
    ("a.docx", docx('<w:document xmlns:w="urn:another"/>'), "text.not-docx"),
    ("a.docx", encrypted(), "text.not-docx"),
    ("a.docx", broken_checksum(), "text.not-docx"),
    ("a.docx", docx(more={"word/vbaProject.bin": b"macro"}), "text.docx-active"),
    ("a.docx", docx(types=CONTENT_TYPES.replace("officedocument.wordprocessingml.document.main",
                                                "ms-word.document.macroEnabled.main")), "text.docx-active"),
    ("a.docx", docx('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + WORD_BODY.partition("?>")[2]), "text.docx-active"),
    ("a.docx", bomb(11), "text.docx-too-dense"),
    ("a.docx", bomb(200), "text.docx-too-dense"),
    ("a.docx", docx(WORD_BODY.replace("up.", "up. " + " " * 21 * 1024 * 1024)), "text.docx-too-dense"),
    ("a.docx", docx(more={f"word/{number}": b"" for number in range(2000)}), "text.docx-too-dense"),
    ("a.md", b"\xff\xfe#\x00", "text.not-markdown"),
    ("a.md", "é".encode("latin-1"), "text.not-markdown"),
    ("a.md", b"# A\x00B", "text.not-markdown"),
    ("a.md", "é".encode()[:1], "text.not-markdown"),
    ("a.md", pdf() + b"\xff", "text.not-markdown"),
    ("a.html", b"<p>", "text.name-without-kind"),
    ("a.md", b"", "text.empty"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "kind"), REFUSED, ids=[f"{number}-{one[2]}" for number, one in enumerate(REFUSED)]
)
def test_a_file_that_is_not_is_refused_with_a_sentence(name: str, content: bytes, kind: ErrorCode) -> None:
    with pytest.raises(Rejected) as refused:
        measured(io.BytesIO(content), name)
    assert refused.value.code == kind
    assert name in sentence_of(refused.value, "en")


def test_a_document_that_lies_about_its_size_is_not_unpacked() -> None:
    with rejected("text.not-docx", "text.docx-too-dense"):
        measured(io.BytesIO(lying(bomb(50))), "a.docx")


class Endless(io.RawIOBase):
    """A file that never ends, and counts what was read of it."""

    def __init__(self) -> None:
        self.given = 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.given += len(buffer)
        return len(buffer)

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0


def test_a_file_that_is_too_large_is_read_no_further_and_never_held() -> None:
    source = Endless()
    tracemalloc.start()
    with rejected("text.too-large"):
        measured(source, "a.md")  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.given <= LARGEST + 2 * 1024 * 1024
    assert peak < 8 * 1024 * 1024
