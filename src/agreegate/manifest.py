"""Reads a version's manifest: what is published, from when on, and which file is for which countries. A leaf for the edges.

`docs/agreements.md` explains every field. What is wrong is told with its line.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TypeVar

from agreegate.domain.programme import Programme
from agreegate.domain.text import Locale, TextDraft, TextFile
from agreegate.file_input import FileRefused, NotToml, parse_toml, read_text, utc_instant

T = TypeVar("T")

ALL = "all"
"""Stands for every country that the table has with the text's language."""
LARGEST = 1024 * 1024
"""Bytes of a manifest."""
_FIELDS = ("template", "label", "major", "effective_from", "note", "text")
_TEXT_FIELDS = ("file", "shown_as", "language", "countries")
_TYPES: Mapping[type, str] = {str: "text", bool: "true/false", list: "list"}


class ManifestError(Exception):
    """A folder cannot be published. `key` finds the reason's sentence; the rest says where to look."""

    def __init__(self, key: str, *, file: str, line: int = 0, field: str = "", detail: str = "") -> None:
        super().__init__(f"{file}:{line}: {field}: {key}")
        self.key = key
        self.parameters: dict[str, str | int] = {"file": file, "line": line, "field": field, "detail": detail}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A version as its folder describes it; what its files are is not known yet."""

    template: str
    """An agreement type or a template's id."""
    label: str
    major: bool
    effective_from: datetime
    note: str
    texts: Mapping[Locale, str]
    """Names of files, below the folder."""
    shown_as: Mapping[Locale, str]
    """Names of the PDFs that are shown instead of Word documents."""

    @property
    def names(self) -> tuple[str, ...]:
        """Each file once."""
        return tuple(dict.fromkeys((*self.texts.values(), *self.shown_as.values())))

    def draft(self, programme: Programme, files: Mapping[str, TextFile], file: str) -> TextDraft:
        """The version, with what its files turned out to be.

        Raises:
            ManifestError: the programme has no such template.
        """
        template = programme.of_type(self.template) or programme.template(self.template.lower())
        if template is None:
            known = ", ".join(one.agreement_type for one in programme.templates)
            raise ManifestError("manifest.no-such-template", file=file, field="template", detail=known)
        return TextDraft(
            template_id=template.id,
            label=self.label,
            major=self.major,
            effective_from=self.effective_from,
            note=self.note,
            files={locale: self._file(locale, files) for locale in self.texts},
        )

    def _file(self, locale: Locale, files: Mapping[str, TextFile]) -> TextFile:
        shown_as = self.shown_as.get(locale)
        return replace(files[self.texts[locale]], shown_as=None if shown_as is None else files[shown_as])


def find(folder: Path) -> Path:
    """The one manifest in a folder.

    Raises:
        ManifestError: there is none, or more than one.
        OSError: there is no such folder.
    """
    found = sorted(entry for entry in folder.iterdir() if entry.suffix == ".toml" and entry.is_file())
    if len(found) != 1:
        names = ", ".join(entry.name for entry in found)
        raise ManifestError("manifest.several" if found else "manifest.none", file=str(folder), detail=names)
    return found[0]


def load(path: Path, table: Collection[Locale]) -> Manifest:
    """The manifest in a file.

    Raises:
        ManifestError: what is wrong, and where.
    """
    try:
        text = read_text(path, LARGEST)
    except FileRefused as error:
        raise ManifestError(error.key, file=str(path), detail=error.detail) from error
    except OSError as error:
        raise ManifestError("manifest.unreadable", file=str(path), detail=type(error).__name__) from error
    return read(text, str(path), table)


def read(text: str, file: str, table: Collection[Locale]) -> Manifest:
    """The manifest in a text.

    Args:
        file: what messages call it.
        table: the countries and languages that go together, for `countries = "all"`.

    Raises:
        ManifestError: what is wrong, and where.
    """
    try:
        fields = parse_toml(text)
    except NotToml as error:
        raise ManifestError("manifest.not-toml", file=file, line=error.line) from error
    return _Reader(text, file, table).manifest(fields)


class _Reader:
    """Takes one file apart; every refusal names the line its field stands on."""

    def __init__(self, text: str, file: str, table: Collection[Locale]) -> None:
        self._lines = text.splitlines()
        self._file = file
        self._table = table

    def manifest(self, fields: dict[str, Any]) -> Manifest:
        self._only(fields, _FIELDS)
        texts: dict[Locale, str] = {}
        shown_as: dict[Locale, str] = {}
        for number, entry in enumerate(self._take(fields, "text", list)):
            if not isinstance(entry, dict):
                self._fail("text", "manifest.wrong-type", "table")
            for locale, name in self._text(entry, number).items():
                if locale in texts:
                    self._fail("countries", "manifest.locale-twice", str(locale), number)
                texts[locale] = name
                if "shown_as" in entry:
                    shown_as[locale] = self._name(entry, "shown_as", number)
        return Manifest(
            template=self._take(fields, "template", str),
            label=self._take(fields, "label", str),
            major=self._take(fields, "major", bool),
            effective_from=self._instant(fields, "effective_from"),
            note=self._take(fields, "note", str, ""),
            texts=texts,
            shown_as=shown_as,
        )

    def _text(self, entry: dict[str, Any], number: int) -> dict[Locale, str]:
        self._only(entry, _TEXT_FIELDS, number)
        name = self._name(entry, "file", number)
        language = self._take(entry, "language", str, within=number)
        countries = entry.get("countries")
        if countries == ALL:
            countries = sorted(locale.country for locale in self._table if locale.language == language)
            if not countries:
                self._fail("language", "manifest.no-such-language", language, number)
        if not isinstance(countries, list) or not countries or not all(isinstance(one, str) for one in countries):
            self._fail("countries", "manifest.not-countries", within=number)
        if len(set(countries)) < len(countries):
            self._fail("countries", "manifest.locale-twice", language, number)
        return {Locale(country, language): name for country in countries}

    def _name(self, entry: dict[str, Any], field: str, number: int) -> str:
        """The name of a file below the folder."""
        name = self._take(entry, field, str, within=number)
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or not name.isprintable():
            self._fail(field, "manifest.outside", name, number)
        return name

    def _take(
        self, fields: dict[str, Any], field: str, kind: type[T], default: T | None = None, within: int | None = None
    ) -> T:
        value = fields.get(field, default)
        if value is None:
            self._fail(field, "manifest.missing", within=within)
        if not isinstance(value, kind):
            self._fail(field, "manifest.wrong-type", _TYPES[kind], within)
        return value

    def _instant(self, fields: dict[str, Any], field: str) -> datetime:
        value = fields.get(field)
        instant = utc_instant(value)
        if instant is None:
            self._fail(field, "manifest.missing" if value is None else "manifest.not-date")
        return instant

    def _only(self, fields: dict[str, Any], known: tuple[str, ...], within: int | None = None) -> None:
        for field in fields:
            if field not in known:
                self._fail(field, "manifest.unknown-field", ", ".join(known), within)

    def _fail(self, field: str, key: str, detail: str = "", within: int | None = None) -> NoReturn:
        shown = field if within is None else f"text.{field}"
        raise ManifestError(key, file=self._file, line=self._line(field, within), field=shown, detail=detail)

    def _line(self, field: str, within: int | None) -> int:
        """The line a field stands on; a text's is looked for below its own header, which stands for one left out."""
        header, found = -1, 1
        for number, line in enumerate(self._lines, 1):
            if re.match(r"\s*\[\[\s*text\s*\]\]", line):
                header += 1
                if header == within:
                    found = number
            if re.match(rf"\s*(?:\[+\s*)?{re.escape(field)}\b", line) and header == (-1 if within is None else within):
                return number
        return found
