"""The work list of outdated confirmations: by the date before which each must be renewed, each leads to its form (R33–R37)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Stream

from agreegate.dashboard.customers.customer_search import customer_search, named_countries
from agreegate.dashboard.frame.csv import csv_answer, in_pages
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, asked_besides, page, reader_language, records_of
from agreegate.dashboard.frame.pagination import page_links, page_request
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import CONFIRM
from agreegate.domain.customers.customer_search import LONGEST_TEXT
from agreegate.domain.partner import PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import STATES, Due, ReconfirmationSearch
from agreegate.domain.standing import State
from agreegate.i18n import count_text, country_text, text
from agreegate.services.reconfirmation import (
    Found,
    Reconfirmation,
    find_reconfirmations,
    list_reconfirmations,
    locate_reconfirmations,
)
from agreegate.spreadsheet import Line
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest, PageStep

PATH = "/reconfirmations"
SIZE = 25
LIST = "results"
"""The list's name in addresses."""
FIELDS = ("q", "reseller", "country", "agreement", "state", "due")
COLUMNS = (
    "word.customer",
    "word.domain",
    "word.customer-id",
    "word.country",
    "word.agreement",
    "word.accepted-on",
    "reconfirmations.column.text",
    "reconfirmations.column.since",
    "reconfirmations.column.renew",
    "reconfirmations.column.days",
    "word.confirmation",
    "word.reseller",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one page of the list shows."""

    found: Found
    lines: Page[Reconfirmation]


@get(PATH, opt={"access": CONFIRM, "absent": "nav.reconfirmations", "costly": True})
async def show_reconfirmations(request: DashboardRequest) -> Response[str]:
    """Show a page of the outdated confirmations that match the search and the filters, the soonest first."""
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)
    search, place = search_of(request), page_request(request, LIST, SIZE)

    async def read(uow: UnitOfWork) -> Shown:
        found = await find_reconfirmations(uow, actor, deployment.programme, search, deployment.totals)
        lines = await list_reconfirmations(uow, actor, found.list, place)
        if (
            not lines.items and place.step is not PageStep.FIRST
        ):  # what stood there was renewed: show what is nearest to it
            nearest = PageRequest(SIZE, PageStep.LAST if place.step is PageStep.NEXT else PageStep.FIRST)
            lines = await list_reconfirmations(uow, actor, found.list, nearest)
        return Shown(found, lines)

    shown = await records_of(request).read_slow(read)
    deployment.totals.refresh(deployment.store, deployment.programme, actor, shown.found.totals)
    asked = _asked(request)
    return page(
        request,
        "reconfirmations.html",
        search=search,
        longest=LONGEST_TEXT,
        found=shown.found,
        lines=[(one, _form(request, deployment.programme, one)) for one in shown.lines.items],
        left=lambda days: days_text(days, language),
        page_links=page_links(request, LIST, shown.lines),
        file=f"{PATH}.csv?{urlencode(asked)}".rstrip("?"),
        overdue=f"{PATH}?state={State.OVERDUE}",
        provider=actor.partner.kind is PartnerKind.INDIRECT_PROVIDER,
        choices=_choices(shown, search, language),
        country_of=lambda code: country_text(code, language),
    )


@get(f"{PATH}.csv", opt={"access": CONFIRM, "costly": True})
async def export_reconfirmations(request: DashboardRequest) -> Stream:
    """Export every outdated confirmation that matches as a CSV file, in the order of the list.

    Raises:
        `confirmation.feature-absent`: before the programme starts.
    """
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)
    search = search_of(request)
    located = await records_of(request).read_slow(
        lambda uow: locate_reconfirmations(uow, actor, deployment.programme, search)
    )
    provider = actor.partner.kind is PartnerKind.INDIRECT_PROVIDER

    def line(one: Reconfirmation) -> Line:
        return [
            one.shown.company_name,
            one.shown.domain,
            one.customer_id,
            country_text(one.shown.country, language),
            one.template.title,
            f"{one.current.date_agreed:%Y-%m-%d}",
            one.shown.label or text("reconfirmations.text.unknown", language),
            f"{one.current.outdated_since:%Y-%m-%d}",
            None if one.current.renew_by is None else f"{one.current.renew_by:%Y-%m-%d}",
            one.days_left,
            text(f"state.{one.current.state}", language),
            *([", ".join(one.shown.resellers)] if provider else []),
        ]

    async def read(uow: UnitOfWork, place: PageRequest) -> Page[Reconfirmation]:
        return await list_reconfirmations(uow, actor, located, place)

    columns = COLUMNS if provider else COLUMNS[:-1]
    return await csv_answer(request, "reconfirmations", columns, in_pages(request, read, line))


def search_of(request: DashboardRequest) -> ReconfirmationSearch:
    """Return the search that the address asks for, without what cannot be."""
    given = {name: request.query_params.get(name, "") for name in ("agreement", "state", "due")}
    template = deployment_of(request).programme.template(given["agreement"])
    return ReconfirmationSearch(
        customer_search(request),
        template=None if template is None else template.id,
        state=State(given["state"]) if given["state"] in STATES else None,
        due=Due(given["due"]) if given["due"] in tuple(Due) else None,
    )


def days_text(days: int, language: str) -> str:
    """Return the number of days left, in words."""
    if days == 0:
        return text("reconfirmations.days.today", language)
    return count_text("reconfirmations.days.left" if days > 0 else "reconfirmations.days.ago", abs(days), language)


def _asked(request: DashboardRequest) -> list[tuple[str, str]]:
    """Return the reader's filters, as the address has them."""
    return [(name, value) for name in FIELDS if (value := request.query_params.get(name, ""))]


def _form(request: DashboardRequest, programme: Programme, one: Reconfirmation) -> str:
    """Return the address of the form, which leads back to this page of the list."""
    here = urlencode([pair for pair in asked_besides(request, "lang") if pair[0] in (*FIELDS, LIST) and pair[1]])
    now = deployment_of(request).store.clock()
    template = programme.asked_template(now) if one.template.retired(now) else one.template
    asked = {"template": (template or one.template).id, "next": f"{PATH}?{here}" if here else PATH}
    return f"/customers/{one.customer_id}/confirmation?{urlencode(asked)}"


def _choices(shown: Shown, search: ReconfirmationSearch, language: str) -> dict[str, list[tuple[str, str]]]:
    """Return the choices of each filter, by its field's name; a filter without a choice is left out."""
    found = shown.found
    offered: dict[str, list[tuple[str, str]]] = {
        "reseller": [(one.id, one.name) for one in found.resellers],
        "country": named_countries(found.countries, language),
        "agreement": [(one.id, text("agreement.title", language, agreement=one.title)) for one in found.templates],
        "state": [(state, text(f"state.{state}", language)) for state in STATES],
        "due": [(due, text(f"reconfirmations.due.{due}", language)) for due in Due],
    }
    chosen: dict[str, Any] = {"country": search.customers.country, "agreement": search.template}
    return {
        name: values
        for name, values in offered.items()
        if values and (name not in chosen or len(values) > 1 or chosen[name] is not None)
    }


ROUTES = (show_reconfirmations, export_reconfirmations)
