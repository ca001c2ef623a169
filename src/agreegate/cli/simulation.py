"""`agreegate agreements simulate`: what a version would do if it took effect on a day."""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import click

from agreegate.cli.record import location_of, location_options, opened, programme_of
from agreegate.cli.values import instant, whole_number
from agreegate.cli.words import Failure, Misuse, Words
from agreegate.dashboard.agreements.simulation_file import (
    COUNTS,
    CUSTOMERS,
    PARTNERS,
    count_lines,
    customer_line,
    groups,
    instant_cell,
    rule_lines,
    shown_counts,
)
from agreegate.domain.agreements.simulation import USUAL_WEEKS, WEEKS, Count, Counts, Scenario
from agreegate.domain.agreements.text import Digest, MediaType, TextDraft, TextFile, checked_draft
from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme, StaleRule
from agreegate.i18n import number_text
from agreegate.locales import locales
from agreegate.manifest import LARGEST, find, read
from agreegate.services.agreements.simulation import Simulation, list_concerned, simulate, version_named, version_of
from agreegate.services.agreements.text import at_command_line
from agreegate.spreadsheet import MARK, SEPARATORS, Line, written
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import PageRequest, PageStep
from agreegate.toml_input import TomlFile

EXAMPLE = """agreegate agreements simulate ./2027-01 --effective-from 2027-01-01 --stale-rule refuse
agreegate agreements simulate --version 2027-01 --weeks 26 --csv counts.csv --rows customers.csv"""
STANDARD_OUTPUT = "-"
_UNREAD = TextFile(Digest(""), MediaType.MARKDOWN, 0)
"""Stands for the version's files: a simulation does not read them, so they need not exist yet."""
_NOTED = ("week", "reseller")
"""Tables whose lines need a word on how customers are counted."""
_PAGE = 1_000
_REPORTED = 100_000
"""Customers between two reports of progress."""


class Lines(Protocol):
    """Takes lines of a file."""

    def __call__(self, lines: Iterable[Line]) -> None:
        """Write some more."""


def command(words: Words) -> click.Command:
    """Return the command."""
    rules = click.Choice([str(rule) for rule in StaleRule])
    weeks = whole_number(words, WEEKS[0], WEEKS[-1])
    option = "cli.agreements.simulate"
    return words.command(
        "agreements.simulate",
        _simulate,
        [
            words.argument("folder", f"{option}.folder", "folder", type=click.Path(path_type=Path), required=False),
            words.option("--version", f"{option}.version", "label"),
            words.option("--effective-from", f"{option}.effective-from", "instant", type=instant(words)),
            words.option("--stale-rule", f"{option}.stale-rule", type=rules),
            words.option("--stale-from", f"{option}.stale-from", "instant", type=instant(words)),
            words.option("--weeks", f"{option}.weeks", "number", type=weeks, default=USUAL_WEEKS, show_default=True),
            words.option("--csv", f"{option}.csv", "file"),
            words.option("--rows", f"{option}.rows", "file"),
            words.option("--force", f"{option}.force", is_flag=True),
            words.option("--programme", "cli.agreements.programme", "programme"),
            *location_options(words),
        ],
        EXAMPLE,
    )


async def _simulate(
    words: Words,
    folder: Path | None,
    version: str | None,
    effective_from: datetime | None,
    stale_rule: str | None,
    stale_from: datetime | None,
    weeks: int,
    csv: str | None,
    rows: str | None,
    force: bool,
    programme: str | None,
    data: Path,
    database: str | None,
) -> None:
    if (folder is None) == (version is None):
        raise Misuse(words("cli.agreements.simulate.which"))
    if version is not None and effective_from is not None:
        raise Misuse(words("cli.agreements.simulate.fixed"))
    if csv == rows == STANDARD_OUTPUT:
        raise Misuse(words("cli.agreements.simulate.one-output"))
    for file in (csv, rows):
        _may_write(words, file, force=force)
    async with opened(location_of(data, database)) as store:
        rules = await programme_of(store, programme)
        rule = StaleRule(stale_rule) if stale_rule else rules.stale_rule
        grace = stale_from or (None if stale_rule else rules.stale_from)
        draft = None if folder is None else _draft(folder, rules, effective_from)

        async def work(uow: UnitOfWork) -> Simulation:
            named = await version_named(uow, rules, version or "") if draft is None else await version_of(uow, draft)
            scenario = Scenario.of(named, rule, grace, weeks)
            simulation = await simulate(uow, await at_command_line(uow), rules, scenario)
            if rows is not None:  # in the same unit of work, so that both tell of one state of the record
                await _write_rows(uow, words, simulation, rows)
            return simulation

        simulation = await store.read_slow(work)
    if csv is not None:
        _write_counts(words, simulation, csv)
    if STANDARD_OUTPUT not in (csv, rows):
        for line in _lines(words, simulation):
            click.echo(line)


def _draft(folder: Path, rules: Programme, effective_from: datetime | None) -> TextDraft:
    """Return the version as its manifest describes it, on another day if one is named."""
    path = find(folder)
    manifest = read(TomlFile.at(path, LARGEST), locales())
    draft = manifest.draft(rules, dict.fromkeys(manifest.names, _UNREAD), str(path))
    files = dict.fromkeys(draft.files, _UNREAD)
    return checked_draft(replace(draft, files=files, effective_from=effective_from or draft.effective_from), locales())


def _may_write(words: Words, file: str | None, *, force: bool) -> None:
    """Refuse a file that cannot be written, before the simulation runs."""
    if file in (None, STANDARD_OUTPUT):
        return
    path = Path(file or "")
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "", file)
    if path.exists() and not path.is_file():
        raise Rejected("file.not-plain", file=str(path))
    if path.exists() and not force:
        raise Failure(words("cli.agreements.simulate.exists", file=file))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "", str(path.parent))


@contextmanager
def _file(words: Words, columns: Sequence[str], file: str) -> Iterator[Lines]:
    """A file of lines, whole or not at all; a file that is there is not touched before the new one is whole."""
    separator = SEPARATORS[words.language]
    head = written([[words(column) for column in columns]], separator)
    if file == STANDARD_OUTPUT:
        click.echo(head, nl=False)
        yield lambda lines: click.echo(written(lines, separator), nl=False)
        return
    path = Path(file)
    making = path.with_name(f"{path.name}.part")
    try:
        with making.open("w", encoding="utf-8", newline="") as out:

            def write(lines: Iterable[Line]) -> None:
                out.write(written(lines, separator))

            out.write(MARK + head)
            yield write
        making.replace(path)
    except BaseException:
        making.unlink(missing_ok=True)
        raise


def _write_counts(words: Words, simulation: Simulation, file: str) -> None:
    with _file(words, COUNTS, file) as write:
        write(count_lines(simulation, words.language))


async def _write_rows(uow: UnitOfWork, words: Words, simulation: Simulation, file: str) -> None:
    """Write a line for each customer, partner by partner."""
    done, total = 0, simulation.total[Count.CUSTOMERS]
    with _file(words, (*PARTNERS, *CUSTOMERS), file) as write:
        for partner, counts in simulation.partners.items():
            page_request: PageRequest | None = PageRequest(_PAGE) if counts[Count.CUSTOMERS] else None
            while page_request is not None:
                page = await list_concerned(uow, PartnerId(partner.id), simulation.foresight, page_request)
                write([[partner.name, partner.id, *customer_line(one, words.language)] for one in page.items])
                done += len(page.items)
                if done // _REPORTED > (done - len(page.items)) // _REPORTED:
                    numbers = {"count": _number(words, done), "total": _number(words, total)}
                    click.echo(words("cli.agreements.simulate.writing", **numbers), err=True)
                page_request = PageRequest(_PAGE, PageStep.NEXT, last=page.last) if page.more_after else None


def _lines(words: Words, simulation: Simulation) -> Iterator[str]:
    """Yield what would happen: the scenario, the totals, and a table by week, by partner and by reseller."""
    scenario, foresight = simulation.foresight.scenario, simulation.foresight
    yield words(
        "cli.agreements.version",
        agreement=foresight.template.title,
        label=scenario.label,
        kind=words(f"cli.agreements.{'major' if scenario.major else 'minor'}"),
        date=instant_cell(scenario.effective_from),
    )
    yield words(f"cli.agreements.simulate.{'published' if scenario.published else 'unpublished'}")
    if not scenario.major:
        yield words("simulation.minor")
        return
    yield words(
        "cli.agreements.simulate.window", begins=instant_cell(foresight.begins), until=instant_cell(foresight.until)
    )
    yield from rule_lines(foresight, words.language, instant_cell)
    number = _number(words, simulation.total[Count.CUSTOMERS])
    already = _number(words, simulation.total[Count.ALREADY])
    yield words("cli.agreements.simulate.total", count=number, already=already)
    if simulation.total[Count.CUSTOMERS]:
        yield from _tables(words, simulation)


def _tables(words: Words, simulation: Simulation) -> Iterator[str]:
    for by, found in groups(simulation, words.language).items():
        shown = shown_counts(simulation.foresight.scenario, by_week=by == "week")
        lines = [(name or str(key), counts) for key, name, counts in found]
        lines.append((words("simulation.by.total"), simulation.total))
        yield ""
        yield from _table(words, words(f"simulation.by.{by}.heading"), shown, lines)
        if by in _NOTED:
            yield words(f"simulation.by.{by}.note")


def _table(words: Words, heading: str, shown: Sequence[Count], listed: Sequence[tuple[str, Counts]]) -> Iterator[str]:
    """Lines with columns of one width each, numbers to the right."""
    head = [heading, *(words(f"simulation.figure.{count}") for count in shown)]
    lines = [[name, *(_number(words, counts[count]) for count in shown)] for name, counts in listed]
    widths = [max(len(line[place]) for line in (head, *lines)) for place in range(len(head))]
    for name, *numbers in (head, *lines):
        cells = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True)]
        yield "  ".join([f"{name:<{widths[0]}}", *cells])


def _number(words: Words, number: int) -> str:
    return number_text(number, words.language)
