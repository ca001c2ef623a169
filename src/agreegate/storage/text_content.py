"""A text's file is what its name says: a whole PDF, a plain Word document, or UTF-8 text. Nothing in it is ever run."""

import codecs
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from agreegate.domain.errors import DocxActive, DocxTooDense, NotDocx, NotMarkdown, NotPdf
from agreegate.domain.text import MediaType

PIECE = 64 * 1024
MOST_PARTS = 2000
"""Files in a Word document."""
LARGEST_UNPACKED = 100 * 1024 * 1024
"""Bytes of all of them together."""
LARGEST_BODY = 20 * 1024 * 1024
"""Bytes of the one that has the words."""
HARMLESS = 10 * 1024 * 1024
"""Up to so many bytes, how dense they were packed does not matter."""
DENSEST = 100
"""Times its packed size that a document may be beyond that."""
BODY = "word/document.xml"
TYPES = "[Content_Types].xml"
WORD = frozenset(
    {
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    }
)
"""The two names that the vocabulary of Word documents has."""
_END_OF_PDF = 1024
"""The last bytes, in which a PDF says that it is whole."""


def check(file: BinaryIO, name: str, media_type: MediaType) -> None:
    """Refuse a file that is not of its kind.

    Raises:
        NotPdf, NotDocx, DocxActive, DocxTooDense, NotMarkdown.
    """
    match media_type:
        case MediaType.PDF:
            _check_pdf(file, name)
        case MediaType.DOCX:
            _check_docx(file, name)
        case MediaType.MARKDOWN:
            _check_markdown(file, name)


def _check_pdf(file: BinaryIO, name: str) -> None:
    file.seek(0)
    beginning = file.read(8)
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_OF_PDF))
    end = file.read()
    if not beginning.startswith((b"%PDF-1.", b"%PDF-2.")) or b"startxref" not in end or b"%%EOF" not in end:
        raise NotPdf(file=name)


def _check_markdown(file: BinaryIO, name: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while piece := file.read(PIECE):
            if "\0" in decoder.decode(piece):
                raise NotMarkdown(file=name)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise NotMarkdown(file=name) from None


def _check_docx(file: BinaryIO, name: str) -> None:
    packed = file.seek(0, 2)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = _parts(archive, name)
            left = min(LARGEST_UNPACKED, max(HARMLESS, DENSEST * packed))
            if (
                sum(part.file_size for part in parts.values()) > left
            ):  # what it says of itself, before anything is unpacked
                raise DocxTooDense(file=name)
            for part in parts.values():
                left -= _read(archive, part, min(left, LARGEST_BODY if part.filename == BODY else left), name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise NotDocx(file=name) from None


def _parts(archive: zipfile.ZipFile, name: str) -> Mapping[str, zipfile.ZipInfo]:
    """The files in a document, by name."""
    listed = archive.infolist()
    parts = {part.filename: part for part in listed}
    if len(listed) > MOST_PARTS:
        raise DocxTooDense(file=name)
    if len(parts) < len(listed) or not {BODY, TYPES} <= parts.keys():
        raise NotDocx(file=name)
    if any(part.lower().endswith("vbaproject.bin") for part in parts):
        raise DocxActive(file=name)
    return parts


def _read(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int, name: str) -> int:
    """Unpack one file in pieces, without keeping it; how many bytes it had."""
    reader = _Reader(part.filename, name)
    size = 0
    with archive.open(part) as unpacked:
        while piece := unpacked.read(PIECE):
            size += len(piece)
            if size > most:
                raise DocxTooDense(file=name)
            reader.feed(piece)
    reader.close()
    return size


class _Reader:
    """Looks at the two files that say what a document is; lets the others pass."""

    def __init__(self, part: str, name: str) -> None:
        self._name = name
        self._root: str | None = None
        self._macros = False
        self._part = part
        self._parser: expat.XMLParserType | None = None
        if part in (BODY, TYPES):
            self._parser = expat.ParserCreate(namespace_separator=" ")
            self._parser.StartDoctypeDeclHandler = self._doctype
            self._parser.StartElementHandler = self._element

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        if self._parser is not None:
            self._parse(piece, final=False)

    def close(self) -> None:
        """The file is over: whether it was what it should be."""
        if self._parser is None:
            return
        self._parse(b"", final=True)
        if self._macros:
            raise DocxActive(file=self._name)
        namespace, _, element = (self._root or "").rpartition(" ")
        if self._part == BODY and (element != "document" or namespace not in WORD):
            raise NotDocx(file=self._name)

    def _parse(self, piece: bytes, *, final: bool) -> None:
        try:
            if self._parser is not None:
                self._parser.Parse(piece, final)
        except expat.ExpatError:
            raise NotDocx(file=self._name) from None

    def _doctype(self, *_: object) -> NoReturn:
        raise DocxActive(file=self._name)  # entities could grow without end, and a text needs none

    def _element(self, element: str, attributes: Mapping[str, str]) -> None:
        self._root = self._root or element
        self._macros = self._macros or any("macroEnabled" in value for value in attributes.values())
