"""Reads TOML files into structs; an error has its line. A leaf for the edges.

Places are written as msgspec writes them: `partner[0].user[2].roles`, counted from 0.
"""

import re
import tomllib
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import UUID

import msgspec
from msgspec import inspect

from agreegate.domain.error import ErrorCode, Rejected
from agreegate.file_input import read_text

T = TypeVar("T", bound="Table")

YEARS = range(1900, 9001)
"""The years of an instant in a file, as in every other input."""
LARGEST_NUMBER = 2**31 - 1
"""Of a number in a file."""
LONGEST_PLACE = 1_000
"""Maximum characters of a place: a key may be as long as the file, and full of dots and brackets."""
DEEPEST = 32
"""Maximum parts of a dotted key or header. The parser takes time that grows with the square of their number."""
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
# Looked for where a key may begin, not everywhere: else a text of quotes and backslashes takes as long as a deep key.
_DEEP = re.compile(rf"(?:^|[\[{{,])[ \t]*+{_PART}(?:\.[ \t]*+{_PART}){{{DEEPEST}}}", re.MULTILINE)
_HEADER = re.compile(r"\s*(\[{1,2})\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_COUNT = re.compile(r"\[[^]]*\]")
_PLACE = re.compile(r" - at (?:`key` in )?`\$\.?([^`]*)`\Z")
_NAMED = re.compile(r"[^`]*`([^`| ]*)")
_KINDS = {
    "str": "toml.not-text", "int": "toml.not-number", "bool": "toml.not-boolean", "array": "toml.not-list",
    "object": "toml.not-table", "datetime": "toml.not-date",
}  # fmt: skip
"""The error where msgspec expects one of these."""
_NO_INSTANT = time()
"""Replaces a date out of range: no field takes it."""


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """A table of a file. A field's `Meta(extra={"code": …})` names the error for a value that breaks its rule."""


class Guid(str):
    """A GUID in lower case."""

    __slots__ = ()

    def __new__(cls, written: str) -> Self:
        """Read a GUID in any spelling that `uuid.UUID` takes.

        Raises:
            ValueError: the text is no GUID.
        """
        try:
            return super().__new__(cls, UUID(written))
        except ValueError:
            raise ValueError("toml.not-guid") from None


class TomlFile:
    """A parsed file, and the line of each of its parts."""

    def __init__(self, text: str, name: str) -> None:
        """Parse a text.

        Args:
            name: what messages call the file.

        Raises:
            Rejected: the text is not TOML, is nested too deeply, or has a number with thousands of digits.
        """
        self._text = text
        self._name = name
        if deep := _DEEP.search(text):
            raise self._refused_on(text.count("\n", 0, deep.start()) + 1, "toml.not-toml")
        try:
            self._table = _in_utc(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))  # or "at end of document"
            raise self._refused_on(int(found[1]) if found else len(text.splitlines()), "toml.not-toml") from None
        except (
            RecursionError,
            ValueError,
        ):  # neither knows its line: the longest one is too deep or has too many digits
            lines = text.splitlines()
            longest = max(range(len(lines)), key=lambda number: len(lines[number]))
            raise self._refused_on(longest + 1, "toml.not-toml") from None

    @classmethod
    def at(cls, path: Path, most: int) -> Self:
        """Read the file at a path, of `most` bytes at most.

        Raises:
            Rejected: the file cannot be read, or is not TOML in UTF-8.
        """
        try:
            return cls(read_text(path, most), str(path))
        except OSError as error:
            raise Rejected("file.unreadable", file=str(path), detail=type(error).__name__) from error

    def read(self, kind: type[T]) -> T:
        """Return the file's table as a struct.

        Raises:
            Rejected: what is wrong, and where.
        """
        try:
            return msgspec.convert(self._table, kind, dec_hook=_custom, builtin_types=(datetime, date, time))
        except msgspec.ValidationError as error:
            code, place, allowed = _complaint(str(error), kind)
        raise self.refused(msgspec.convert(code, ErrorCode), name=place, detail=allowed)

    def refused(self, code: ErrorCode, **parameters: str | int) -> Rejected:
        """Return what is wrong, with the line of the place that `name` is, or of the nearest table above it."""
        place = str(parameters.get("name", ""))[:LONGEST_PLACE]
        shown = _COUNT.sub("", place)
        while place and place not in self._lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self._refused_on(self._lines.get(place, 1), code, **parameters | {"name": shown})

    def _refused_on(self, line: int, code: ErrorCode, **parameters: str | int) -> Rejected:
        return Rejected(code, file=self._name, line=line, **parameters)

    @cached_property
    def _lines(self) -> dict[str, int]:
        """The line of each table and key, in files as people write them; tomllib has no lines."""
        found: dict[str, int] = {}
        counts: dict[str, int] = {}
        table = ""
        for number, line in enumerate(self._text.splitlines(), 1):
            if header := _HEADER.match(line):
                table = ""
                names = header[2].split(".")
                for depth, name in enumerate(names, 1):
                    table = _below(table, name)
                    if header[1] == "[[" and depth == len(names):
                        counts[table] = counts.get(table, -1) + 1
                    if table in counts:
                        found.setdefault(table, number)
                        table = f"{table}[{counts[table]}]"
                found[table] = number
            elif key := _KEY.match(line):
                found[_below(table, key[1])] = number
        return found


def _below(table: str, name: str) -> str:
    return f"{table}.{name}" if table else name


def _custom(kind: type[Any], value: object) -> object:
    """Read a text as a type of ours, such as `Guid`."""
    if not isinstance(value, str):
        raise ValueError("toml.not-text")  # noqa: TRY004  # msgspec gives the place to a ValueError
    return kind(value)


def _complaint(message: str, kind: type[msgspec.Struct]) -> tuple[str, str, str]:
    """Return the code of our error for a message of msgspec, the place, and what is allowed there."""
    found = _PLACE.search(message)
    complaint, place = (message[: found.start()], found[1]) if found else (message, "")
    at, code = _declared(kind, place)
    named = _NAMED.match(complaint)
    name = named[1] if named else ""
    if complaint.startswith("Object missing"):
        return "toml.missing", _below(place, name), ""
    if complaint.startswith("Object contains") and isinstance(at, inspect.StructType):
        return "toml.unknown-field", _below(place, name), ", ".join(field.name for field in at.fields)
    if isinstance(at, inspect.EnumType):
        return "toml.not-one-of", place, ", ".join(at.cls)
    return code or _KINDS.get(name) or complaint, place, ""


def _declared(kind: type[msgspec.Struct], place: str) -> tuple[inspect.Type, str]:
    """Return the type at a place, and the code of the error that its field declares."""
    at, code = _bare(inspect.type_info(kind), "")
    for step in re.findall(r"\[[^]]*\]|[^.[\]]+", place):
        if isinstance(at, inspect.StructType):
            at, code = _bare(next(field.type for field in at.fields if field.name == step), "")
        elif isinstance(at, inspect.CollectionType):
            at, code = _bare(at.item_type, code)
    return at, code


def _bare(at: inspect.Type, code: str) -> tuple[inspect.Type, str]:
    """Return the type without None and metadata, and the code of its metadata."""
    match at:
        case inspect.UnionType(types=types):
            return _bare(next(one for one in types if not isinstance(one, inspect.NoneType)), code)
        case inspect.Metadata(type=declared, extra=extra):
            return _bare(declared, (extra or {}).get("code", code))
    return at, code


def _in_utc(value: Any) -> Any:
    """Return the value with every date and date-time as an instant in UTC: midnight for a date, UTC where no zone is given."""
    match value:
        case dict():
            return {name: _in_utc(held) for name, held in value.items()}
        case list():
            return [_in_utc(held) for held in value]
        case datetime():
            try:
                instant = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            except OverflowError:  # before year 1, or after 9999
                return _NO_INSTANT
        case date():
            instant = datetime.combine(value, time(), UTC)
        case _:
            return value
    return instant if instant.year in YEARS else _NO_INSTANT
