"""The list of customers: found while typing, filtered, turned page by page, and kept as a file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Stream

from agreegate.dashboard.customers.customer import closed
from agreegate.dashboard.frame.csv import csv_answer, in_pages
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of, to
from agreegate.dashboard.frame.pagination import BY_IDS, ID, page_links, page_request
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import CONFIRM, READ_CUSTOMERS, READ_PERSONS, WRITE_CUSTOMERS, may
from agreegate.domain.customers.customer_search import LISTED, LONGEST_TEXT, CustomerSearch
from agreegate.domain.partner import PartnerId, PartnerKind
from agreegate.domain.standing import State
from agreegate.i18n import country_text, text
from agreegate.services.customers.customer_search import (
    Filters,
    FoundCustomers,
    ListedCustomer,
    filters,
    find_customers,
    list_customers,
)
from agreegate.spreadsheet import Line
from agreegate.storage.customers.customer_search import MOST_COUNTED, TooManyFit
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest

SIZE = 25
_COUNTRY, _TENANT = re.compile("[A-Z]{2}"), re.compile(ID)
LIST = "results"
"""The list's name in addresses. An item's position is its customer and its partner."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one page of the list shows."""

    finding: FoundCustomers
    filters: Filters


@get("/customers", opt={"access": READ_CUSTOMERS, "costly": True})
async def show_customers(request: DashboardRequest) -> Response[str]:
    """Show a page of the customers that match the search and the filters."""
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)
    absent = closed(actor, deployment.programme, deployment.store.clock())
    search, place = _search(request, with_states=absent is None), page_request(request, LIST, SIZE, BY_IDS)

    async def read(uow: UnitOfWork) -> Shown:
        finding = await find_customers(uow, actor, deployment.programme, search, place, deployment.totals)
        return Shown(finding, await filters(uow, actor))

    shown = await records_of(request).read_slow(read)
    finding = shown.finding
    deployment.totals.refresh(deployment.store, deployment.programme, actor, finding.totals)
    states = [] if absent else [(state, text(f"state.{state}", language)) for state in LISTED]
    asked = urlencode(_asked(search))
    return page(
        request,
        "customers.html",
        search=search,
        longest=LONGEST_TEXT,
        finding=finding,
        most=MOST_COUNTED,
        page_links=page_links(request, LIST, finding.page),
        file=f"/customers.csv?{asked}".rstrip("?"),
        filtered=bool(asked),
        states=states,
        outdated=0 if finding.states is None else finding.states[State.OUTDATED] + finding.states[State.OVERDUE],
        work_list=f"/reconfirmations?{urlencode(_asked(replace(search, state=None)))}".rstrip("?"),
        countries=named_countries(shown.filters.countries, language),
        country_of=lambda code: country_text(code, language),
        resellers=[(one.id, one.name) for one in shown.filters.resellers],
        absent=absent,
        may_confirm=absent is None and may(actor, CONFIRM),
        may_add=may(actor, WRITE_CUSTOMERS),
        may_read_persons=may(actor, READ_PERSONS),
    )


@get("/customers.csv", opt={"access": READ_CUSTOMERS, "costly": True})
async def export_customers(request: DashboardRequest) -> Response[Any] | Stream:
    """Export every customer that matches as a CSV file, in the order of the list."""
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)
    absent = closed(actor, deployment.programme, deployment.store.clock())
    search = _search(request, with_states=absent is None)
    columns = ["word.customer", "word.domain", "word.customer-id", "word.country"]
    reseller = actor.partner.kind is PartnerKind.INDIRECT_RESELLER
    if reseller:
        columns.append("customers.column.provider")
    elif absent is None:
        columns.append("word.confirmation")

    def line(one: ListedCustomer) -> Line:
        found = one.entry
        more = [found.partner_name] if reseller else [text(f"state.{one.state}", language)] if absent is None else []
        return [found.company_name, found.domain, found.customer_id, country_text(found.country, language), *more]

    async def read(uow: UnitOfWork, place: PageRequest) -> Page[ListedCustomer]:
        return await list_customers(uow, actor, deployment.programme, search, place)

    try:
        return await csv_answer(request, "customers", columns, in_pages(request, read, line))
    except TooManyFit:  # the page says so
        return to(f"/customers?{urlencode(_asked(search))}")


def _search(request: DashboardRequest, *, with_states: bool) -> CustomerSearch:
    """Return the search that the address asks for, by the customer's state too."""
    state = request.query_params.get("state", "")
    return replace(customer_search(request), state=State(state) if with_states and state in LISTED else None)


def customer_search(request: DashboardRequest) -> CustomerSearch:
    """Return the search for customers that the address asks for, without what cannot be, or is not the reader's to ask."""
    given, kind = request.query_params, actor_of(request).partner.kind
    country, reseller = given.get("country", ""), given.get("reseller", "")
    return CustomerSearch(
        text=given.get("q", "").strip()[:LONGEST_TEXT],
        country=country if kind is not PartnerKind.INDIRECT_RESELLER and _COUNTRY.fullmatch(country) else None,
        reseller=PartnerId(reseller) if kind is PartnerKind.INDIRECT_PROVIDER and _TENANT.fullmatch(reseller) else None,
    )


def _asked(search: CustomerSearch) -> list[tuple[str, str]]:
    """Return the query of an address that asks for a search."""
    given = (("q", search.text), ("state", search.state), ("country", search.country), ("reseller", search.reseller))
    return [(name, str(value)) for name, value in given if value]


def named_countries(codes: Iterable[str], language: str) -> list[tuple[str, str]]:
    """Return countries as code and name, in the order of their names."""
    return sorted(((code, country_text(code, language)) for code in codes), key=lambda pair: pair[1])


ROUTES = (show_customers, export_customers)
