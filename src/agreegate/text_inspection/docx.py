"""Inspects a Word document: it must hold its own words, run nothing and fetch nothing.

Every XML part is read, because any of them may have a field, a header or a footnote.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, NoReturn
from urllib.parse import unquote
from xml.parsers import expat

from agreegate.domain.error import Rejected

PIECE = 64 * 1024
MOST_PARTS = 2000
"""Files in a Word document."""
LARGEST_UNPACKED = 100 * 1024 * 1024
"""Bytes of all of them together."""
LARGEST_BODY = 20 * 1024 * 1024
"""Bytes of the part that has the words."""
HARMLESS = 10 * 1024 * 1024
"""Bytes of parts that a document may unpack to however small it is."""
DENSEST = 100
"""Times its packed size that a document may be beyond that."""
TYPES, RELATIONS = "[content_types].xml", "_rels/.rels"
WORD = frozenset(
    {
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    }
)
"""The two names that the vocabulary of Word documents has."""
_RUNS = re.compile(r'[\s"]*(dde|ddeauto|link)\b', re.IGNORECASE)
"""The fields that start another program to fetch what they show."""
_MACROS = frozenset({"vbaProject", "wordVbaData", "control"})
"""Types of parts that are programs."""
_NO_MEMORY = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class _Relation:
    """A relationship from one part to another."""

    kind: str
    """The last word of its type."""
    target: str
    external: bool


def inspect(file: BinaryIO) -> None:
    """Read a Word document once, in pieces, without keeping it.

    Raises:
        Rejected: the reason why the document cannot be published.
    """
    packed = file.seek(0, 2)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = _parts(archive)
            left = min(LARGEST_UNPACKED, max(HARMLESS, DENSEST * packed))
            if sum(part.file_size for part in parts.values()) > left:  # as the document says before it is unpacked
                raise Rejected("text.docx-too-dense")
            main = _main_part(archive, parts, left)
            for name, part in parts.items():
                most = min(left, LARGEST_BODY) if name == main else left
                left -= _read(archive, part, most, _Reader(name, is_main=name == main))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise Rejected("text.not-docx") from None


def _plain(name: str) -> str:
    """Return a part's name as Word compares names: with slashes and in lower case."""
    return posixpath.normpath(name.replace("\\", "/").lstrip("/")).lower()


def _parts(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    """Return the files in a document, by name."""
    listed = archive.infolist()
    if len(listed) > MOST_PARTS:
        raise Rejected("text.docx-too-dense")
    files = [part for part in listed if not part.filename.endswith(("/", "\\"))]
    parts = {_plain(part.filename): part for part in files}
    if len(parts) < len(files) or not {TYPES, RELATIONS} <= parts.keys():
        raise Rejected("text.not-docx")
    if any(name.endswith("vbaproject.bin") for name in parts):
        raise Rejected("text.docx-active")
    return parts


def _main_part(archive: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo], most: int) -> str:
    """Return the name of the part with the words: the one that `_rels/.rels` names."""
    reader = _Reader(RELATIONS)
    _read(archive, parts[RELATIONS], min(most, LARGEST_BODY), reader)
    named = [one for one in reader.relations if one.kind == "officeDocument" and not one.external]
    main = _plain(unquote(named[0].target)) if len(named) == 1 else ""
    if main not in parts:
        raise Rejected("text.not-docx")
    return main


def _read(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int, reader: "_Reader") -> int:
    """Unpack one file in pieces; return how many bytes it had."""
    size = 0
    with archive.open(part) as unpacked:
        while piece := unpacked.read(PIECE):
            size += len(piece)
            if size > most:
                raise Rejected("text.docx-too-dense")
            reader.feed(piece)
    reader.close()
    return size


class _Reader:
    """Reads one part of a document; a part that is not XML passes."""

    def __init__(self, name: str, *, is_main: bool = False) -> None:
        self.relations: list[_Relation] = []
        self._is_main, self._is_types = is_main, name == TYPES
        self._strict = is_main or name.endswith((".xml", ".rels"))
        self._begun = False
        self._root: str | None = None
        self._words = False
        self._in_words = self._in_field = False
        self._fields: list[list[str]] = []
        """The instructions of fields that are open, each in the pieces that came."""
        self._parser: expat.XMLParserType | None = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._element
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._letters

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        if not self._begun and not self._strict and piece.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] != b"<":
            self._parser = None
        self._begun = True
        self._parse(piece, final=False)

    def close(self) -> None:
        """Check the part as a whole, after its last bytes."""
        self._parse(b"", final=True)
        for field in self._fields:
            _check_field("".join(field))
        if not self._is_main:
            return
        namespace, _, element = (self._root or "").rpartition(" ")
        if element != "document" or namespace not in WORD:
            raise Rejected("text.not-docx")
        if not self._words:
            raise Rejected("text.docx-wordless")

    def _parse(self, piece: bytes, *, final: bool) -> None:
        try:
            if self._parser is not None:
                self._parser.Parse(piece, final)
        except expat.ExpatError as error:
            if getattr(error, "code", None) == _NO_MEMORY:
                raise MemoryError from None
            self._parser = None
            if self._strict:
                raise Rejected("text.not-docx") from None

    def _doctype(self, *_: object) -> NoReturn:
        if self._strict:
            raise Rejected("text.docx-active")  # entities could grow without end, and a text needs none
        raise expat.ExpatError

    def _element(self, element: str, attributes: Mapping[str, str]) -> None:
        self._root = self._root or element
        if self._is_types and any("macroenabled" in value.lower() for value in attributes.values()):
            raise Rejected("text.docx-active")
        namespace, _, name = element.rpartition(" ")
        if name == "Relationship":
            self._relate(attributes)
        if namespace not in WORD:
            return
        match name:
            case "t":
                self._in_words = True
            case "instrText":
                self._in_field = True
            case "fldSimple":
                _check_field(attributes.get(f"{namespace} instr", ""))
            case "fldChar":
                self._field(attributes.get(f"{namespace} fldCharType", ""))

    def _end(self, _element: str) -> None:
        self._in_words = self._in_field = False

    def _letters(self, letters: str) -> None:
        if self._in_words:
            self._words = self._words or _BLANK.fullmatch(letters) is None
        elif self._in_field and self._fields:
            self._fields[-1].append(letters)
        elif self._in_field:
            _check_field(letters)

    def _field(self, mark: str) -> None:
        if mark == "begin":
            self._fields.append([])
        elif self._fields:
            _check_field("".join(self._fields.pop()))
            if mark != "end":  # what follows is what the field shows
                self._fields.append([])

    def _relate(self, attributes: Mapping[str, str]) -> None:
        found = _Relation(
            attributes.get("Type", "").rpartition("/")[2],
            attributes.get("Target", ""),
            attributes.get("TargetMode", "").lower() == "external",
        )
        if found.kind in _MACROS:
            raise Rejected("text.docx-active")
        if found.external and found.kind != "hyperlink":
            raise Rejected("text.docx-remote")
        self.relations.append(found)


def _check_field(instruction: str) -> None:
    if _RUNS.match(instruction):
        raise Rejected("text.docx-runs")
