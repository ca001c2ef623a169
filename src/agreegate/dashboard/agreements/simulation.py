"""The preview of a new version: counts for the programme's operator, customer by customer for a partner.

The address holds the whole question, so that it can be shared. It holds no name of a person.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from litestar import Response, get

from agreegate.dashboard.agreements.simulation_file import (
    COUNTS,
    CUSTOMERS,
    count_lines,
    customer_line,
    groups,
    instant_cell,
    rule_lines,
    shown_counts,
)
from agreegate.dashboard.frame.csv import at_once, csv_answer, in_pages
from agreegate.dashboard.frame.day import instant_of
from agreegate.dashboard.frame.form import Form, Mistake
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import READ_CONFIRMATIONS, SIMULATE, may
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.agreements.simulation import USUAL_WEEKS, WEEKS, Count, Scenario
from agreegate.domain.agreements.text import TextVersion
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme, StaleRule
from agreegate.i18n import LANGUAGES, date_text, moment_text, text
from agreegate.locales import countries
from agreegate.services.agreements.simulation import (
    Concerned,
    Simulation,
    foresee,
    list_concerned,
    simulate,
    upcoming_versions,
    version_named,
)
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest

T = TypeVar("T")
PATH = "/agreements/simulation"
FIELDS = ("template", "countries", "effective_from", "rule", "grace", "weeks", "version")
ALL = {text("simulation.countries.all", language) for language in LANGUAGES}
"""What stands for every country, in any of the languages."""
SHOWN = 25
"""Customers on the page; the file has all of them."""
LISTED = 100
"""Partners and resellers on the page, those with the most customers; the file has all of them."""
AHEAD = timedelta(days=30)
"""The day that is proposed lies so far ahead."""
_LONGEST = 4_000
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """The scenario of the address, or a published version with the rule and weeks."""

    version: str
    scenario: Scenario
    """Where a version is named, its rule and weeks alone count."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one page shows."""

    upcoming: list[tuple[AgreementTemplate, TextVersion]]
    simulation: Simulation | None = None
    concerned: tuple[Concerned, ...] = ()
    mistake: Mistake | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by week, by partner or by reseller."""

    by: str
    columns: list[str]
    rows: list[tuple[str, list[int]]]
    """Each with its name."""
    total: list[int]
    left_out: int
    """Number of rows that only the file has."""


@get(PATH, opt={"access": SIMULATE, "absent": "simulation.title", "costly": True})
async def show_simulation(request: DashboardRequest) -> Response[str]:
    """Show the form, and the result once a day or a version is named."""
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)
    form = _form(request)
    asked: Asked | None = None
    if request.query_params.get("effective_from") or request.query_params.get("version"):
        asked, form = _asked(request, form)
    sees_customers = may(actor, READ_CONFIRMATIONS)

    async def read(uow: UnitOfWork) -> Shown:
        upcoming = await upcoming_versions(uow, deployment.programme)
        if asked is None:
            return Shown(upcoming)
        try:
            scenario = await _scenario(uow, deployment.programme, asked)
            simulation = await simulate(uow, actor, deployment.programme, scenario)
        except Rejected as error:
            return Shown(upcoming, mistake=_mistake(error))
        some: Page[Concerned] = Page()
        if sees_customers and simulation.total[Count.CUSTOMERS]:
            some = await list_concerned(uow, actor.partner.id, simulation.foresight, PageRequest(SHOWN))
        return Shown(upcoming, simulation, some.items)

    shown = await records_of(request).read_slow(read)
    if shown.mistake is not None:
        form = form.with_mistakes(shown.mistake)
    found, templates = shown.simulation, deployment.programme.templates
    query = urlencode([(name, form[name]) for name in FIELDS if form[name]])
    return page(
        request,
        "simulation.html",
        422 if form.mistakes else 200,
        form=form,
        templates=[(one.id, text("agreement.title", language, agreement=one.title)) for one in templates],
        rules=[(rule, text(f"simulation.rule.{rule}", language)) for rule in StaleRule],
        weeks=WEEKS,
        upcoming=shown.upcoming,
        simulation=found,
        chosen=next((each for each in shown.upcoming if form["version"] in (each[1].id, each[1].label)), None),
        concerned=shown.concerned,
        sees_customers=sees_customers,
        tables=[] if found is None else _tables(found, language, sees_customers=sees_customers),
        denials=[]
        if found is None
        else list(rule_lines(found.foresight, language, partial(moment_text, language=language))),
        count=Count,
        last_day=None if found is None else date_text(found.foresight.until - datetime.resolution, language),
        counts_file=f"{PATH}.csv?{query}",
        customers_file=f"{PATH}-customers.csv?{query}",
    )


@get(PATH + ".csv", opt={"access": SIMULATE, "costly": True})
async def export_counts(request: DashboardRequest) -> Response[Any]:
    """Export the counts as a CSV file.

    Raises:
        `request.invalid-parameter`: something in the address cannot be looked at.
    """
    programme, actor, language = deployment_of(request).programme, actor_of(request), reader_language(request)
    found = await _read(request, lambda uow, scenario: simulate(uow, actor, programme, scenario))
    return await csv_answer(request, "simulation", COUNTS, at_once(request, count_lines(found, language)))


@get(PATH + "-customers.csv", opt={"access": READ_CONFIRMATIONS, "costly": True})
async def export_customers(request: DashboardRequest) -> Response[Any]:
    """Export each of the partner's customers who would become outdated as a CSV file.

    Raises:
        `request.invalid-parameter`: something in the address cannot be looked at.
    """
    programme, actor, language = deployment_of(request).programme, actor_of(request), reader_language(request)
    foresight = await _read(request, lambda uow, scenario: foresee(uow, programme, scenario))
    pages = in_pages(
        request,
        lambda uow, place: list_concerned(uow, actor.partner.id, foresight, place),
        lambda one: customer_line(one, language),
    )
    return await csv_answer(request, "simulation-customers", CUSTOMERS, pages)


ROUTES = (show_simulation, export_counts, export_customers)


def _form(request: DashboardRequest) -> Form:
    """Return the values of the address; defaults where it has none."""
    programme, now = deployment_of(request).programme, deployment_of(request).store.clock()
    template = programme.asked_template(now) or programme.templates[0]
    everywhere = text("simulation.countries.all", reader_language(request))
    grace = programme.stale_from if programme.stale_from and programme.stale_from > now else None
    proposed = {
        "template": template.id,
        "countries": everywhere,
        "effective_from": f"{now + AHEAD:%Y-%m-%d}",
        "rule": programme.stale_rule,
        "grace": "" if grace is None or request.query_params.get("rule") else instant_cell(grace),
        "weeks": str(USUAL_WEEKS),
        "version": "",
    }
    given = {name: request.query_params.get(name, "")[:_LONGEST] for name in FIELDS}
    if given["countries"].casefold() in ALL:
        given["countries"] = everywhere
    return Form({name: [given[name] or proposed[name]] for name in FIELDS}, "")


async def _read(request: DashboardRequest, work: Callable[[UnitOfWork, Scenario], Awaitable[T]]) -> T:
    """Return the result of some work on the scenario that the address asks for.

    Raises:
        `request.invalid-parameter`: something in the address cannot be looked at.
    """
    deployment = deployment_of(request)
    asked, form = _asked(request, _form(request))
    if asked is None:
        raise Rejected("request.invalid-parameter", name=form.mistakes[0].where)

    async def read(uow: UnitOfWork) -> T:
        return await work(uow, await _scenario(uow, deployment.programme, asked))

    try:
        return await records_of(request).read_slow(read)
    except Rejected as error:
        raise Rejected("request.invalid-parameter", name=_mistake(error).parameters["name"]) from error


def _asked(request: DashboardRequest, form: Form) -> tuple[Asked | None, Form]:
    """Return the scenario, or None and the form with its mistakes."""
    programme, language = deployment_of(request).programme, reader_language(request)
    template = programme.template(form["template"].lower()) or programme.of_type(form["template"])
    effective, grace = instant_of(form["effective_from"], language), instant_of(form["grace"], language)
    weeks = int(form["weeks"]) if form["weeks"].isascii() and form["weeks"].isdigit() and len(form["weeks"]) < 9 else 0
    if not form["version"]:
        if template is None:
            form = form.with_mistakes(Mistake("template", "simulation.template-unknown"))
        if effective is None:
            form = form.with_mistakes(Mistake("effective_from", "simulation.not-an-instant"))
    if form["rule"] not in tuple(StaleRule):
        form = form.with_mistakes(Mistake("rule", "simulation.rule-unknown"))
    if form["grace"] and grace is None:
        form = form.with_mistakes(Mistake("grace", "simulation.not-an-instant"))
    if weeks not in WEEKS:
        form = form.with_mistakes(Mistake("weeks", "simulation.weeks", {"least": WEEKS[0], "most": WEEKS[-1]}))
    if form.mistakes:
        return None, form
    scenario = Scenario(
        template_id=(template or programme.templates[0]).id,
        countries=_countries(form["countries"]),
        effective_from=effective or datetime.min.replace(tzinfo=UTC),
        stale_rule=StaleRule(form["rule"]),
        stale_from=grace,
        weeks=weeks,
    )
    return Asked(form["version"][:_LONGEST_NAME], scenario), form


def _countries(written: str) -> frozenset[str]:
    """Return the typed codes in capitals. The rules refuse unknown ones."""
    if written.casefold() in ALL:
        return frozenset(country.code for country in countries())
    codes = "".join(sign if sign.isprintable() else " " for sign in written.replace(",", " ").replace(";", " "))
    return frozenset(code.upper()[:_LONGEST_NAME] for code in codes.split())


async def _scenario(uow: UnitOfWork, programme: Programme, asked: Asked) -> Scenario:
    """Return the scenario, completed by the version that is named.

    Raises:
        Rejected: there is no such version.
    """
    if not asked.version:
        return asked.scenario
    version = await version_named(uow, programme, asked.version)
    return Scenario.of(version, asked.scenario.stale_rule, asked.scenario.stale_from, asked.scenario.weeks)


def _mistake(error: Rejected) -> Mistake:
    """Return the mistake of a scenario at its field; raises any other error again."""
    if not error.code.startswith("simulation."):
        raise error
    [field] = error.names
    return Mistake("" if field == "version" else field, error.code, error.parameters)


def _tables(simulation: Simulation, language: str, *, sees_customers: bool) -> list[Table]:
    """Return the counts by week; for the operator by partner; where there are resellers, by reseller."""
    tables = []
    for by, found in groups(simulation, language).items():
        if (by == "partner" and sees_customers) or (by == "reseller" and not any(simulation.resellers)):
            continue
        shown = shown_counts(simulation.foresight.scenario, by_week=by == "week")
        most_first = found if by == "week" else sorted(found, key=lambda each: -each[2][Count.CUSTOMERS])[:LISTED]
        tables.append(
            Table(
                by,
                [text(f"simulation.{one}", language) for one in (f"by.{by}", *(f"figure.{count}" for count in shown))],
                [
                    (
                        name or moment_text(datetime.fromisoformat(f"{key}T00:00Z"), language),
                        [counts[one] for one in shown],
                    )
                    for key, name, counts in most_first
                ],
                [simulation.total[count] for count in shown],
                len(found) - len(most_first),
            )
        )
    return tables
