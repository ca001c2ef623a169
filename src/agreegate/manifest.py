"""Reads a version's manifest: what is published, from when on, and which file is for which countries. A leaf for the edges.

`docs/agreements.md` explains every field. An error names its line.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

from msgspec import Meta

from agreegate.domain.agreements.text import Locale, TextDraft, TextFile
from agreegate.domain.characters import controls
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.toml_input import Table, TomlFile

ALL = "all"
"""The word for every country that the table has with the text's language."""
LARGEST = 1024 * 1024
"""Bytes of a manifest."""


class _Text(Table, kw_only=True):
    file: str
    shown_as: str | None = None
    language: str
    countries: Annotated[list[str] | str, Meta(extra={"code": "manifest.not-countries"})]


class _Manifest(Table, kw_only=True):
    template: str
    label: str
    major: bool
    effective_from: datetime
    note: str = ""
    text: tuple[_Text, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A version as its folder describes it, before its files are read."""

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
        """Return the version with its files.

        Raises:
            Rejected: the programme has no such template.
        """
        template = programme.of_type(self.template) or programme.template(self.template.lower())
        if template is None:
            known = ", ".join(one.agreement_type for one in programme.templates)
            raise Rejected("manifest.no-such-template", file=file, detail=known)
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
    """Return the path of the one manifest in a folder.

    Raises:
        Rejected: there is none, or more than one.
        OSError: there is no such folder.
    """
    found = sorted(entry for entry in folder.iterdir() if entry.suffix == ".toml" and entry.is_file())
    if len(found) != 1:
        names = ", ".join(entry.name for entry in found)
        raise Rejected("manifest.several" if found else "manifest.none", file=str(folder), detail=names)
    return found[0]


def read(file: TomlFile, table: Collection[Locale]) -> Manifest:
    """Return the manifest in a file.

    Args:
        table: the countries and languages that go together, for `countries = "all"`.

    Raises:
        Rejected: what is wrong, and where.
    """
    manifest = file.read(_Manifest)
    texts: dict[Locale, str] = {}
    shown_as: dict[Locale, str] = {}
    for number, text in enumerate(manifest.text):
        place = f"text[{number}]"
        for field, name in (("file", text.file), ("shown_as", text.shown_as)):
            if name is not None and not _below_the_folder(name):
                raise file.refused("manifest.outside", name=f"{place}.{field}", detail=name)
        for country in _countries(file, text, place, table):
            locale = Locale(country, text.language)
            if locale in texts:
                raise file.refused("manifest.locale-twice", name=f"{place}.countries", detail=str(locale))
            texts[locale] = text.file
            if text.shown_as is not None:
                shown_as[locale] = text.shown_as
    return Manifest(
        manifest.template, manifest.label, manifest.major, manifest.effective_from, manifest.note, texts, shown_as
    )


def _countries(file: TomlFile, text: _Text, place: str, table: Collection[Locale]) -> list[str]:
    if text.countries == ALL:
        countries = sorted(locale.country for locale in table if locale.language == text.language)
        if not countries:
            raise file.refused("manifest.no-such-language", name=f"{place}.language", detail=text.language)
        return countries
    if isinstance(text.countries, str) or not text.countries:
        raise file.refused("manifest.not-countries", name=f"{place}.countries")
    return text.countries


def _below_the_folder(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\\" not in name and not controls(name)
