"""A provider and its resellers: whose data are missing, what was asked and what came of it (R22, R23)."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from agreegate.dashboard.frame.csv import at_once, csv_answer
from agreegate.dashboard.frame.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.frame.pagination import cursor_links, cursor_of, page_links, page_request
from agreegate.dashboard.resellers.reseller_request import DATA, request_text
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import ASK_RESELLERS, READ_RESELLERS, may
from agreegate.domain.error import Rejected
from agreegate.domain.reseller_request import LARGEST_REQUEST, Lacking, ResellerRequest
from agreegate.domain.standing import State
from agreegate.i18n import LANGUAGES, text
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.reseller_request import (
    PAGE,
    ask_for_data,
    can_be_asked,
    has_customers,
    linked_reseller,
    list_asked_together,
    list_lacking,
    list_requests,
    list_resellers,
    list_unasked,
    receive_data,
    requests_of,
    return_request,
    show_request,
)
from agreegate.services.totals import totals_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page

COLUMNS = (
    "reseller-request.column.customer-id",
    "word.customer",
    *(f"reseller-request.data.{member}" for member in DATA),
)
OUTCOMES = ("received", "returned")
TO_RECONFIRM = (State.OUTDATED, State.OVERDUE)


@get("/resellers", opt={"access": READ_RESELLERS, "absent": "nav.resellers", "costly": True})
async def show_resellers(request: DashboardRequest) -> Response[str]:
    """Show every linked reseller, with the states of its customers."""
    deployment, actor = deployment_of(request), actor_of(request)
    cursor = cursor_of(request)

    async def read(uow: UnitOfWork) -> dict[str, Any]:
        return {
            "found": await list_resellers(uow, actor, deployment.programme, cursor),
            "shown": await totals_of(uow, actor, deployment.programme, deployment.totals),
        }

    shown = await records_of(request).read_slow(read)
    deployment.totals.refresh(deployment.store, deployment.programme, actor, shown["shown"])
    return page(
        request,
        "resellers.html",
        states=tuple(State),
        words=_words(request),
        page_links=cursor_links(shown["found"]),
        **shown,
    )


@get("/resellers/{reseller:uuid}", opt={"access": READ_RESELLERS, "absent": "nav.resellers"})
async def show_reseller(request: DashboardRequest, reseller: FromPath[UUID]) -> Response[str]:
    """Show one reseller: the states of its customers, those to be confirmed, and what the reseller was asked."""
    deployment, actor, cursor = deployment_of(request), actor_of(request), cursor_of(request)

    async def read(uow: UnitOfWork) -> dict[str, Any]:
        named = await linked_reseller(uow, actor, str(reseller))
        found = await list_lacking(uow, actor, deployment.programme, named.id, cursor)
        return {
            "asked": await requests_of(uow, actor, named),
            "found": found,
            "askable": await can_be_asked(uow, actor, deployment.programme, named.id, found),
            "has_customers": await has_customers(uow, actor, named.id),
            "shown": await totals_of(uow, actor, deployment.programme, deployment.totals),
        }

    found = await records_of(request).read_slow(read)
    deployment.totals.refresh(deployment.store, deployment.programme, actor, found["shown"])
    totals = found["shown"].totals
    outdated = totals is None or any(totals.resellers.get(str(reseller), {}).get(state) for state in TO_RECONFIRM)
    return page(
        request, "reseller.html", may_ask=may(actor, ASK_RESELLERS), states=tuple(State), words=_words(request),
        has_outdated=outdated, page_links=cursor_links(found["found"]), **found,
    )  # fmt: skip


@get("/resellers/{reseller:uuid}/requests", opt={"access": READ_RESELLERS, "absent": "requests.title"})
async def show_requests(request: DashboardRequest, reseller: FromPath[UUID]) -> Response[str]:
    """Show all requests to a reseller, newest first."""
    actor, asked = actor_of(request), page_request(request, "requests", PAGE)

    async def read(uow: UnitOfWork) -> dict[str, Any]:
        return {
            "reseller": await linked_reseller(uow, actor, str(reseller)),
            "found": await list_requests(uow, actor, str(reseller), asked),
        }

    shown = await records_of(request).read_slow(read)
    may_ask = may(actor, ASK_RESELLERS)
    return page(
        request,
        "reseller_requests.html",
        may_ask=may_ask,
        page_links=page_links(request, "requests", shown["found"]),
        **shown,
    )


@get("/resellers/{reseller:uuid}/request", opt={"access": ASK_RESELLERS, "absent": "reseller-request.title"})
async def show_asking(request: DashboardRequest, reseller: FromPath[UUID]) -> Response[str]:
    """Choose whose data to ask for; or, for one that was asked, the text to copy."""
    if (asked := request.query_params.get("asked")) is not None:
        return await _text(request, str(reseller), asked)
    chosen = request.query_params.getall("customer", [])[:LARGEST_REQUEST]
    offered = await _offered(request, str(reseller), chosen)
    form = opened(request)
    ticked = form.all("customer") or [one.customer_id for one in offered["found"].items]
    return page(request, "reseller_ask.html", form=form, ticked=ticked, some=bool(chosen), **offered)


@post("/resellers/{reseller:uuid}/request", opt={"access": ASK_RESELLERS, "absent": "reseller-request.title"})
async def ask(request: DashboardRequest, reseller: FromPath[UUID]) -> Response[Any]:
    """Note that the reseller is asked, then show the text to copy."""
    deployment, id_, form = deployment_of(request), str(reseller), await sent(request)
    customers = form.all("customer")
    if not customers or len(customers) > LARGEST_REQUEST:
        key = "reseller-request.too-many" if customers else "reseller-request.choose"
        mistake = Mistake("customers", key, {"most": LARGEST_REQUEST})
        return await _choose_again(request, id_, form.with_mistakes(mistake), 422)

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done | None:
        made = await ask_for_data(uow, call, deployment.programme, id_, customers)
        return Done(f"/resellers/{id_}/request?asked={made[0]}", "reseller-request.noted") if made else None

    try:
        done = await save(request, form, work)
    except Rejected as error:
        error.expect("request.id-reused")
        return await _choose_again(request, id_, form.rejected(error), 409)
    if done is None:
        return await _choose_again(request, id_, form.with_mistakes(Mistake("", "reseller-request.nobody")), 409)
    return seen(request, done)


@get("/resellers/{reseller:uuid}/request.csv", opt={"access": ASK_RESELLERS, "costly": True})
async def export_request(request: DashboardRequest, reseller: FromPath[UUID]) -> Stream:
    """Export the customers of a request as a CSV file with columns to fill in."""
    asked = await _asked(request, str(reseller), request.query_params.get("asked", ""))
    lines = ([one.customer_id, one.company_name, *([""] * len(DATA))] for one in asked)
    return await csv_answer(request, "acceptance-data", COLUMNS, at_once(request, lines))


@get(
    "/resellers/{reseller:uuid}/requests/{id_:uuid}", opt={"access": ASK_RESELLERS, "absent": "reseller-request.title"}
)
async def show_one(request: DashboardRequest, reseller: FromPath[UUID], id_: FromPath[UUID]) -> Response[str]:
    """Show one request, and a form to note its outcome."""
    return await _one(request, str(reseller), str(id_), opened(request))


@post(
    "/resellers/{reseller:uuid}/requests/{id_:uuid}", opt={"access": ASK_RESELLERS, "absent": "reseller-request.title"}
)
async def note(request: DashboardRequest, reseller: FromPath[UUID], id_: FromPath[UUID]) -> Response[Any]:
    """Note that the data came, and lead to the confirmation; or that none come, and why."""
    actor, form, asked_of, one = actor_of(request), await sent(request), str(reseller), str(id_)
    if form["outcome"] not in OUTCOMES:
        return await _one(
            request, asked_of, one, form.with_mistakes(Mistake("outcome", "reseller-request.outcome")), 422
        )

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done | None:
        asked = await show_request(uow, actor, asked_of, one)
        if form["outcome"] == "received":
            noted = await receive_data(uow, call, asked_of, one)
            path = f"/customers/{asked.customer_id}/confirmation?collected={asked_of}"
            return Done(path, "reseller-request.received") if noted else None
        noted = await return_request(uow, call, asked_of, one, form["reason"])
        return Done(f"/resellers/{asked_of}/requests", "reseller-request.returned") if noted else None

    try:
        done = await save(request, form, work)
    except Rejected as error:
        error.expect("request.invalid-property", "request.id-reused")
        if error.code == "request.invalid-property":
            return await _one(
                request, asked_of, one, form.with_mistakes(Mistake("reason", "reseller-request.reason")), 422
            )
        return await _one(request, asked_of, one, form.rejected(error), 409)
    if done is None:
        return await _one(request, asked_of, one, form.with_mistakes(Mistake("", "reseller-request.changed")), 409)
    return seen(request, done)


async def _one(request: DashboardRequest, reseller: str, id_: str, form: Form, status: int = 200) -> Response[str]:
    actor = actor_of(request)

    async def read(uow: UnitOfWork) -> dict[str, Any]:
        return {
            "reseller": await linked_reseller(uow, actor, reseller),
            "asked": await show_request(uow, actor, reseller, id_),
        }

    return page(request, "reseller_request.html", status, form=form, **await records_of(request).read(read))


async def _offered(request: DashboardRequest, reseller: str, among: list[str]) -> dict[str, Any]:
    deployment, actor = deployment_of(request), actor_of(request)

    async def read(uow: UnitOfWork) -> dict[str, Any]:
        found: Page[Lacking] = await list_unasked(uow, actor, deployment.programme, reseller, among)
        return {"reseller": await linked_reseller(uow, actor, reseller), "found": found}

    return await records_of(request).read_slow(read)


async def _choose_again(request: DashboardRequest, reseller: str, form: Form, status: int) -> Response[str]:
    offered = await _offered(request, reseller, [])
    return page(request, "reseller_ask.html", status, form=form, ticked=form.all("customer"), some=False, **offered)


async def _asked(request: DashboardRequest, reseller: str, asked: str) -> list[ResellerRequest]:
    """Return the requests made together with one, as far as they are open."""
    actor = actor_of(request)
    found = await records_of(request).read_slow(lambda uow: list_asked_together(uow, actor, reseller, asked))
    return [one for one in found if one.open]


async def _text(request: DashboardRequest, reseller: str, id_: str) -> Response[str]:
    deployment, actor = deployment_of(request), actor_of(request)
    asked = await _asked(request, reseller, id_)
    named = await records_of(request).read(lambda uow: linked_reseller(uow, actor, reseller))
    agreement = deployment.programme.asks_for(deployment.store.clock())
    customers = [(one.customer_id, one.company_name) for one in asked]
    texts = {
        language: request_text(actor.partner.name, named.name, agreement, customers, language) for language in LANGUAGES
    }
    return page(request, "reseller_text.html", reseller=named, asked=asked, texts=texts, first=id_)


def _words(request: DashboardRequest) -> list[str]:
    """Return the words for the states, as headings."""
    return [text(f"state.{state}", reader_language(request)).capitalize() for state in State]


ROUTES = (
    show_resellers, show_reseller, show_requests, show_asking, ask, export_request, show_one, note
)  # fmt: skip
