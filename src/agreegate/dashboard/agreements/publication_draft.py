"""Reads a typed version and its files into a draft; the form shows every problem at once, beside its field.

Both presses of the button are read here. The second brings no file: each kept file is opened by its digest and inspected
again. The form's own statements about a file are not used, except for the name that is shown.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from agreegate.dashboard.agreements.version import countries_of
from agreegate.dashboard.frame.day import day_of
from agreegate.dashboard.frame.form import Form, Mistake
from agreegate.dashboard.frame.page import DashboardRequest
from agreegate.dashboard.frame.upload import Upload, shown_name
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import LONGEST_NOTE, Digest, Locale, MediaType, TextDraft, TextFile
from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.locales import locales
from agreegate.services.agreements.text import Review
from agreegate.storage.agreements.text_file import TextDamaged, is_digest, measured
from agreegate.storage.agreements.text_store import TextStore

_WHEN = frozenset({"effective_date", "effective_time"})
"""Without readable values of these fields, whether the day is past is not known."""
ROWS = 4
"""Rows of texts with which the form opens."""
LANGUAGES = frozenset(locale.language for locale in locales())
"""Languages of agreements, over all countries."""
MOST_ROWS = len(LANGUAGES)
"""Maximum number of rows: one text per language."""
FACTS = ("template", "label", "kind", "effective_date", "effective_time", "past", "note")
FILES = ("file", "pdf")
"""Fields of a text's files, each followed by its number. `file-name`, `file-digest` and `file-out` speak of one sent before."""
ROW = (*FILES, "language", "countries")
"""Fields of a text that can have a mistake."""
MAJOR, MINOR = "major", "minor"
MOST_CODES = 300
LONGEST_CODE = 20
MOST_NAMED = 5
"""Maximum number of wrong countries and languages named for one text. The message counts the rest."""
_TIME = re.compile(r"(\d{1,2})\s*[:h]\s*(\d{2})(?::00)?")
_UNREAD = TextFile(Digest("0" * 64), MediaType.MARKDOWN, 1)
"""Placeholder for an unusable file, so that the rest of the draft can be checked."""


def rows_of(request: DashboardRequest) -> int:
    """Return the number of rows that the address asks for: `?texts=12`."""
    asked = request.query_params.get("texts", "")
    return min(max(int(asked), 1), MOST_ROWS) if asked.isascii() and asked.isdigit() and len(asked) < 5 else ROWS


def file_fields(request: DashboardRequest) -> tuple[str, ...]:
    """Return the names of the file fields of the form."""
    return tuple(f"{field}-{number}" for number in range(rows_of(request)) for field in FILES)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of the form, sent now or before."""

    name: str = ""
    file: TextFile | None = None
    """The inspected file; None when it cannot be used or there is none."""
    wrong: Mistake | None = None
    """Why the file cannot be used."""


NOTHING = Sent()
"""No file was chosen."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text of the form."""

    number: int
    language: str
    countries: str
    """As typed; empty for every country that has the language."""
    sent: Sent = NOTHING
    pdf: Sent = NOTHING
    """The PDF to show."""

    @property
    def used(self) -> bool:
        """Whether any field of the row is filled."""
        return self.sent != NOTHING or self.pdf != NOTHING or bool(self.language or self.countries)

    @property
    def file(self) -> TextFile | None:
        """Return the text's file with the PDF to show; None without a usable file."""
        return None if self.sent.file is None else replace(self.sent.file, shown_as=self.pdf.file)

    @property
    def locales(self) -> tuple[Locale, ...]:
        """Return the countries and language of the text, with codes in capitals."""
        codes = re.split(r"[\s,;]+", self.countries.upper()) if self.countries else sorted(countries_of(self.language))
        return tuple(Locale(code, self.language) for code in dict.fromkeys(filter(None, codes)))

    @property
    def codes_readable(self) -> bool:
        """Whether the typed countries can be codes."""
        codes = [locale.country for locale in self.locales]
        written = not self.countries or bool(codes)
        return written and len(codes) <= MOST_CODES and all(len(code) <= LONGEST_CODE for code in codes)

    @property
    def readable(self) -> bool:
        """Whether the countries and the language of the text can be read."""
        return self.language in LANGUAGES and self.codes_readable


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading a form."""

    form: Form
    """The form with usable files named by their digests, and the date in numbers."""
    rows: tuple[Row, ...]
    draft: TextDraft
    """The draft as far as it can be read. Complete only without mistakes."""
    mistakes: tuple[Mistake, ...]

    @property
    def allow_past(self) -> bool:
        """Whether the operator allows that confirmations are outdated at once."""
        return bool(self.form["past"])

    @property
    def names(self) -> dict[TextFile, str]:
        """Return the names of the files."""
        return {row.file: row.sent.name for row in self.rows if row.file is not None}

    def with_errors(self, review: Review) -> Form:
        """Return the form with its own mistakes and those of the rules, in the order of the fields."""
        refused = [mistake for error in review.errors if (mistake := self._refused(error)) is not None]
        seen = {mistake.where for mistake in self.mistakes}
        found = [*self.mistakes, *(one for one in refused if one.where not in seen or one.key == "text.locale-unknown")]
        order = [*FACTS, *(f"{field}-{row.number}" for row in self.rows for field in ROW)]
        return self.form.with_mistakes(*sorted(_few(found), key=lambda one: order.index(one.where)))

    def _refused(self, error: Rejected) -> Mistake | None:
        match error:
            case Rejected(code="confirmation.template-unknown"):
                return Mistake("template", "publication.template-unknown")
            case Rejected(code="text.label-taken"):
                return Mistake("label", error.code, error.parameters)
            case Rejected(code="text.effective-in-past") if not any(one.where in _WHEN for one in self.mistakes):
                return Mistake("past", "publication.in-past")
            case Rejected(code="text.locale-unknown"):
                return Mistake(f"countries-{self._row_of(error)}", error.code, error.parameters)
            case Rejected(code="text.shown-as-unfit"):
                return Mistake(f"pdf-{self._row_of(error)}", error.code, error.parameters)
            case Rejected(code="request.invalid-property"):
                return self._invalid(str(error.parameters["name"]))
        return None

    def _row_of(self, error: Rejected) -> int:
        """Return the number of the text whose pair of country and language an error is about."""
        pair = str(error.parameters["pair"])
        return next(row.number for row in self.rows if row.used and pair in map(str, row.locales))

    def _invalid(self, name: str) -> Mistake | None:
        match name:
            case "label":
                return Mistake("label", "publication.label-unread")
            case "note":
                return Mistake("note", "publication.note-unread", {"most": LONGEST_NOTE})
            case "effective_from":
                return Mistake("effective_date", "publication.date-unread")
        return None if any(row.used for row in self.rows) else Mistake("file-0", "publication.nothing-chosen")


async def read_draft(
    form: Form, count: int, uploads: Mapping[str, Upload], texts: TextStore, now: datetime, reader: str
) -> Reading:
    """Read a form, inspect its files and keep the usable ones under their digests.

    Args:
        count: the number of rows.
        reader: the reader's language, in which dates are read.

    Raises:
        StoreUnavailable: a file cannot be kept.
    """
    rows = tuple([await _row(form, number, uploads, texts) for number in range(count)])
    effective, mistakes = _effective(form, reader)
    settled = {name: [form[name]] for name in FACTS if form[name]}
    if effective is not None:
        settled |= {"effective_date": [f"{effective.date()}"], "effective_time": [f"{effective:%H:%M}"]}
    for row in rows:
        settled |= {f"{name}-{row.number}": [value] for name, value in _settled(row).items() if value}
    if form["kind"] not in (MAJOR, MINOR):
        mistakes.append(Mistake("kind", "publication.kind-missing"))
    mistakes += [mistake for row in rows if row.used for mistake in _mistakes(row)]
    mistakes += _twice(rows)
    draft = TextDraft(
        template_id=TemplateId(form["template"]),
        label=form["label"],
        major=form["kind"] == MAJOR,
        effective_from=effective or now,
        note=form["note"],
        files={locale: row.file or _UNREAD for row in rows if row.used for locale in row.locales if row.readable},
    )
    return Reading(replace(form, fields=settled), rows, draft, tuple(mistakes))


async def _row(form: Form, number: int, uploads: Mapping[str, Upload], texts: TextStore) -> Row:
    """Return a row with its files, uploaded now or before."""
    if form[f"file-out-{number}"]:
        return Row(number, "", "")
    sent, pdf = [await _sent(form, field, number, uploads, texts) for field in FILES]
    return Row(number, form[f"language-{number}"], form[f"countries-{number}"], sent, pdf)


async def _sent(form: Form, field: str, number: int, uploads: Mapping[str, Upload], texts: TextStore) -> Sent:
    """Return a file of a text."""
    where = f"{field}-{number}"
    upload, digest = uploads.get(where), form[f"{field}-digest-{number}"]
    if form[f"{field}-out-{number}"] or (upload is None and not digest):
        return NOTHING
    name = shown_name(form[f"{field}-name-{number}"]) if upload is None else upload.name
    try:
        return Sent(name, await _taken(upload, digest, name, texts))
    except TextDamaged:
        return Sent(wrong=Mistake(where, "publication.file-again"))
    except Rejected as error:
        # The marks keep the name's writing direction out of the sentence.
        return Sent(wrong=Mistake(where, error.code, {**error.parameters, "file": f"\u2068{name}\u2069"}))
    except OSError as error:
        raise StoreUnavailable from error


async def _taken(upload: Upload | None, digest: str, name: str, texts: TextStore) -> TextFile:
    """Return the inspected file. Keeps an uploaded file that can be used."""
    if upload is not None:
        file = await asyncio.to_thread(measured, upload.content, name)
        await texts.keep(upload.content, file.digest)
        return file
    return await kept_text(texts, digest, name)


async def kept_text(texts: TextStore, digest: str, name: str) -> TextFile:
    """Inspect a file that was kept before.

    Raises:
        TextDamaged: no file is kept under the digest.
        Rejected: as `measured` does.
    """
    if not is_digest(digest):
        raise TextDamaged(digest)
    with await texts.retained(Digest(digest)) as content:
        return await asyncio.to_thread(measured, content, name)


def _effective(form: Form, reader: str) -> tuple[datetime | None, list[Mistake]]:
    day, hour, mistakes = day_of(form["effective_date"], reader), _hour(form["effective_time"]), []
    if day is None:
        missing = not form["effective_date"]
        mistakes.append(Mistake("effective_date", "publication.date-missing" if missing else "publication.date-unread"))
    if hour is None:
        mistakes.append(Mistake("effective_time", "publication.time-unread"))
    return None if day is None or hour is None else datetime.combine(day, hour, UTC), mistakes


def _hour(written: str) -> time | None:
    """Return the time of day; midnight when the field is empty."""
    found = _TIME.fullmatch(written or "00:00")
    try:
        return None if found is None else time(int(found[1]), int(found[2]))
    except ValueError:
        return None


def _settled(row: Row) -> dict[str, str]:
    found = {"language": row.language, "countries": row.countries}
    for field, sent in zip(FILES, (row.sent, row.pdf), strict=True):
        if sent.file is not None:
            found |= {f"{field}-name": sent.name, f"{field}-digest": sent.file.digest}
    return found


def _mistakes(row: Row) -> Iterator[Mistake]:
    """Yield the mistakes of one row."""
    if row.sent.wrong is not None:
        yield row.sent.wrong
    elif row.file is None:
        key = "publication.file-missing" if row.pdf == NOTHING else "publication.pdf-without"
        yield Mistake(f"file-{row.number}", key)
    if row.pdf.wrong is not None:
        yield row.pdf.wrong
    if not row.language:
        yield Mistake(f"language-{row.number}", "publication.language-missing")
    elif row.language not in LANGUAGES:
        yield Mistake(f"language-{row.number}", "publication.language-unknown")
    if not row.codes_readable:
        yield Mistake(f"countries-{row.number}", "publication.countries-unread")


def _twice(rows: tuple[Row, ...]) -> Iterator[Mistake]:
    """Yield a mistake for each country and language that two rows have."""
    first: dict[Locale, int] = {}
    for row in rows:
        if not (row.used and row.readable):
            continue
        again = [locale for locale in row.locales if locale in first]
        if again:
            parameters: dict[str, str | int] = {
                "pair": str(again[0]),
                "number": first[again[0]] + 1,
                "count": len(again),
            }
            yield Mistake(f"countries-{row.number}", "publication.pair-twice", parameters)
        first |= {locale: row.number for locale in row.locales if locale not in first}


def _few(mistakes: list[Mistake]) -> Iterator[Mistake]:
    """Yield the mistakes; of many unknown pairs in one field only the first, and the number of the rest."""
    unknown: dict[str, list[Mistake]] = defaultdict(list)
    for mistake in mistakes:
        if mistake.key == "text.locale-unknown":
            unknown[mistake.where].append(mistake)
        else:
            yield mistake
    for where, found in unknown.items():
        yield from found[:MOST_NAMED]
        if len(found) > MOST_NAMED:
            yield Mistake(where, "publication.more-unknown", {"count": len(found) - MOST_NAMED})
