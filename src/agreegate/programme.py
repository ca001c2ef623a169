"""Reads programme files: one vendor's dates and rules as TOML (D17). A malformed file stops the start."""

import re
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from agreegate.domain.actor import Channel
from agreegate.domain.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.order import is_catalog_item
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme, StaleRule
from agreegate.file_input import FileRefused, NotToml, parse_toml, read_text, utc_instant

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

DEFAULT = "microsoft-cloud-agreement"
LARGEST = 1024 * 1024
"""Bytes of a programme file."""
LARGEST_NUMBER = 2**31 - 1
"""Of a version or rank."""

EXTENSIONS = frozenset({"stale_rule", "stale_from"})
"""Keys that go beyond the published process (D17)."""

_KEYS = frozenset(
    {"name", "version", "title", "starts", "default_agreement_type", "unsupported_clouds", "trial_offers", "enforce_from",
     "template"}
)  # fmt: skip
_TEMPLATE_KEYS = frozenset(
    {"id", "agreement_type", "link", "version_rank", "opens_from", "opens_until", "confirm_until",
     "duplicates_refused_from"}
)  # fmt: skip


_TYPE_NAMES: dict[type, str] = {str: "text", int: "number", list: "list", dict: "table"}


class ProgrammeError(Exception):
    """A programme file cannot be used. `key` finds the reason's sentence; the rest says where to look."""

    def __init__(self, key: str, *, file: str, line: int = 0, field: str = "", detail: str = "") -> None:
        super().__init__(f"{file}:{line}: {field}: {key}")
        self.key = key
        self.parameters: dict[str, str | int] = {"file": file, "line": line, "field": field, "detail": detail}


def shipped() -> tuple[str, ...]:
    """The names of the programmes that come with the product."""
    return tuple(stem for stem in _stems() if "@" not in stem)


def _stems() -> tuple[str, ...]:
    """The names of the files that come with the product: the newest version as `name`, older ones as `name@version`."""
    entries = (files("agreegate") / "programmes").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


def load(name: str = DEFAULT) -> Programme:
    """The newest version of a shipped programme by its name, or the programme in a file by its path ending in `.toml`.

    A name with a version, such as `microsoft-cloud-agreement@1`, loads exactly that version, so that a recorded decision
    can be made again by the rules of its `policy`.

    Raises:
        ProgrammeError: there is none, or the file is malformed; it says file, line, field and reason.
    """
    if name.endswith(".toml"):
        try:
            programme = read(read_text(Path(name), LARGEST), name)
        except FileRefused as error:
            raise ProgrammeError(error.key, file=name, detail=error.detail) from error
        except OSError as error:
            raise ProgrammeError("programme.unreadable", file=name, detail=type(error).__name__) from error
        if programme.name in shipped():  # decisions keep the name: it must not mean two sets of rules
            raise ProgrammeError("programme.name-taken", file=name, field="name", detail=programme.name)
        return programme
    for stem in (name, name.partition("@")[0]):
        if stem in _stems():
            file = f"{stem}.toml"
            programme = read((files("agreegate") / "programmes" / file).read_text(encoding="utf-8"), file)
            if name in (programme.name, programme.policy):
                return programme
    raise ProgrammeError("programme.unknown", file=name, detail=", ".join(shipped()))


def read(text: str, file: str) -> Programme:
    """A programme from the text of its file.

    Raises:
        ProgrammeError: what is wrong, and where.
    """
    try:
        table = parse_toml(text)
    except NotToml as error:
        raise ProgrammeError("programme.not-toml", file=file, line=error.line) from error
    return _Reader(text, file).programme(table)


class _Reader:
    """Takes one file apart; every refusal names the line its field stands on."""

    def __init__(self, text: str, file: str) -> None:
        self._lines = text.splitlines()
        self._file = file

    def programme(self, table: dict[str, Any]) -> Programme:
        self._only(table, _KEYS | EXTENSIONS, "")
        enforce = self._take(table, "enforce_from", dict, {})
        self._only(enforce, frozenset(Channel), "enforce_from.")
        entries = self._take(table, "template", list)
        if not entries:
            self._fail("template", "programme.empty")
        templates = tuple(self._template(entry, number) for number, entry in enumerate(entries))
        for attribute in ("id", "agreement_type"):
            values = [getattr(template, attribute) for template in templates]
            if len(set(values)) < len(values):
                self._fail(f"template.{attribute}", "programme.twice")
        default = self._take(table, "default_agreement_type", str)
        if default not in {template.agreement_type for template in templates}:
            self._fail("default_agreement_type", "programme.no-such-type", default)
        version = self._take(table, "version", int)
        if version < 1:
            self._fail("version", "programme.not-positive")
        stale_rule = self._one_of(table.get("stale_rule", StaleRule.ADVISE), StaleRule, "stale_rule")
        stale_from = self._instant(table, "stale_from")
        if stale_from is not None and stale_rule is not StaleRule.REFUSE:
            self._fail("stale_from", "programme.grace-without-refusal")
        return Programme(
            name=self._matching(table, "name", r"[a-z0-9][a-z0-9-]{0,62}"),
            version=version,
            title=self._matching(table, "title", r".{1,100}"),
            starts=self._instant(table, "starts") or self._fail("starts", "programme.missing"),
            default_agreement_type=AgreementType(default),
            templates=templates,
            enforce_from={channel: self._instant(enforce, channel, "enforce_from.") for channel in Channel},
            unsupported_clouds=frozenset(
                self._one_of(cloud, Cloud, "unsupported_clouds")
                for cloud in self._take(table, "unsupported_clouds", list, [])
            ),
            trial_offers=frozenset(self._offer(one) for one in self._take(table, "trial_offers", list, [])),
            stale_rule=stale_rule,
            stale_from=stale_from,
        )

    def _template(self, entry: object, number: int) -> AgreementTemplate:
        if not isinstance(entry, dict):
            self._fail("template", "programme.not-table")
        self._only(entry, _TEMPLATE_KEYS, "template.", number)
        identifier = self._take(entry, "id", str, within=number)
        try:
            template_id = TemplateId(str(UUID(identifier)))
        except ValueError:
            self._fail("template.id", "programme.not-guid", identifier, number)
        opens = self._instant(entry, "opens_from", "template.", number)
        closes = self._instant(entry, "opens_until", "template.", number)
        if opens is not None and closes is not None and closes <= opens:
            self._fail("template.opens_until", "programme.closes-first", within=number)
        rank = self._take(entry, "version_rank", int, 0, within=number)
        return AgreementTemplate(
            id=template_id,
            agreement_type=AgreementType(self._matching(entry, "agreement_type", r"[A-Za-z][A-Za-z0-9]{0,63}", number)),
            link=self._matching(entry, "link", r"https?://[^\s]{1,500}", number),
            version_rank=rank,
            opens_from=opens,
            opens_until=closes,
            confirm_until=self._instant(entry, "confirm_until", "template.", number),
            duplicates_refused_from=self._instant(entry, "duplicates_refused_from", "template.", number),
        )

    def _offer(self, value: object) -> str:
        if not isinstance(value, str) or not is_catalog_item(value):
            self._fail("trial_offers", "programme.not-offer", value if isinstance(value, str) else "")
        return value.lower()

    def _take(
        self, table: dict[str, Any], field: str, kind: type[T], default: T | None = None, within: int | None = None
    ) -> T:
        value = table.get(field, default)
        if value is None:
            self._fail(field, "programme.missing" if within is None else "programme.missing-in-template", within=within)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self._fail(field, f"programme.not-{_TYPE_NAMES[kind]}", within=within)
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            self._fail(field, "programme.not-number", within=within)
        return value

    def _matching(self, table: dict[str, Any], field: str, pattern: str, within: int | None = None) -> str:
        value = self._take(table, field, str, within=within)
        if re.fullmatch(pattern, value) is None:
            self._fail(field, f"programme.bad.{field}", value, within)
        return value

    def _instant(
        self, table: dict[str, Any], field: str, where: str = "", within: int | None = None
    ) -> datetime | None:
        value = table.get(field)
        instant = utc_instant(value)
        if instant is None and value is not None:
            self._fail(where + field, "programme.not-date", within=within)
        return instant

    def _one_of(self, value: Any, kind: type[E], field: str) -> E:
        try:
            return kind(value)
        except ValueError:
            self._fail(field, "programme.not-one-of", ", ".join(kind))

    def _only(self, table: dict[str, Any], known: frozenset[str], where: str, within: int | None = None) -> None:
        for field in table:
            if field not in known:
                self._fail(where + field, "programme.unknown-field", ", ".join(sorted(known)), within)

    def _fail(self, field: str, key: str, detail: str = "", within: int | None = None) -> NoReturn:
        if within is not None and not field.startswith("template."):
            field = f"template.{field}"
        raise ProgrammeError(key, file=self._file, line=self._line(field, within), field=field, detail=detail)

    def _line(self, field: str, within: int | None) -> int:
        """The line a field stands on. A template's is looked for in its template, whose header stands for one left out."""
        name, headers, found = field.rpartition(".")[2], -1, 1
        for number, line in enumerate(self._lines, 1):
            if re.match(r"\s*\[\[\s*template\s*\]\]", line):
                headers += 1
                if headers == within:
                    found = number
            if re.match(rf"\s*(\[+)?{re.escape(name)}\b", line) and within in (None, headers):
                return number
        return found
