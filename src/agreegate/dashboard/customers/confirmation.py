"""The page on which an existing customer's acceptance is confirmed, corrected or reconfirmed (contract 5.3, R42)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.customers.confirmation_form import asked, defaults, noticed, record
from agreegate.dashboard.frame.form import Done, Form, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.frame.signin import local
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import AGENTS, CONFIRM, SELLING_KINDS, Access, Actor
from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerKind
from agreegate.services.customers.customer import get_customer
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.preparation import Preparation, prepare
from agreegate.services.standing import CustomerStanding, show_standing
from agreegate.storage.engine.unit_of_work import UnitOfWork

PATH = "/customers/{customer:uuid}/confirmation"
OPEN_CONFIRMATION = Access(kinds=SELLING_KINDS, roles=AGENTS, application=False, public_cloud_only=True)
"""Users who confirm, and indirect resellers, who read who confirms for them (contract 5.6)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the page begins with."""

    preparation: Preparation
    standing: CustomerStanding


@get(PATH, opt={"access": OPEN_CONFIRMATION})
async def show_confirmation(request: DashboardRequest, customer: FromPath[UUID]) -> Response[str]:
    """Show the form for `?template=`, with the reseller `?collected=` chosen; a reseller reads who confirms."""
    actor, id_ = actor_of(request), str(customer)
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        return await _for_reseller(request, actor, id_)
    found = await _found(request, actor, id_, request.query_params.get("template", ""))
    values = defaults(found.preparation)
    if (reseller := request.query_params.get("collected")) in {one.id for one in found.preparation.resellers}:
        values["collected_through"] = str(reseller)
    return _page(request, actor, found, opened(request, **values))


@post(PATH, opt={"access": CONFIRM})
async def confirm_acceptance(request: DashboardRequest, customer: FromPath[UUID]) -> Response[Any]:
    """Record what was typed, or show it again with what is to be said about it."""
    actor, id_, form, language = actor_of(request), str(customer), await sent(request), reader_language(request)
    programme = deployment_of(request).programme

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done | Form:
        recorded = await record(uow, call, programme, id_, form, language)
        if isinstance(recorded, Form):
            return recorded
        served = await get_customer(uow, actor, id_)
        parameters = {"company": served.customer.company_name}
        return Done(_back(request, id_), "confirmation.saved", parameters, recorded.id)

    try:
        result = await save(request, form, work)
    except Rejected as error:
        error.expect("request.id-reused", "confirmation.ended-since")
        found = await _found(request, actor, id_, form["template"])
        return _page(request, actor, found, noticed(form.rejected(error), found.preparation, language), 409)
    if isinstance(result, Done):
        return seen(request, result)
    return _page(request, actor, await _found(request, actor, id_, form["template"]), result, 422)


async def _for_reseller(request: DashboardRequest, actor: Actor, customer: str) -> Response[str]:
    """Show a reseller who confirms for it: a reseller's own record does not count (R22)."""
    served = await records_of(request).read(lambda uow: get_customer(uow, actor, customer))
    return page(request, "confirmation_provider.html", customer=served.customer)


async def _found(request: DashboardRequest, actor: Actor, customer: str, template: str) -> Found:
    programme = deployment_of(request).programme

    async def read(uow: UnitOfWork) -> Found:
        return Found(
            await prepare(uow, actor, programme, customer, template),
            await show_standing(uow, actor, programme, customer),
        )

    return await records_of(request).read_slow(read)


def _page(request: DashboardRequest, actor: Actor, found: Found, form: Form, status: int = 200) -> Response[str]:
    deployment, template = deployment_of(request), found.preparation.template
    next_path = request.query_params.get("next", "")
    others = [
        (one.title, f"?{urlencode({'template': one.id} | ({'next': next_path} if next_path else {}))}")
        for one in found.preparation.choice
        if one.id != template.id
    ]
    return page(
        request,
        "confirmation.html",
        status,
        form=form,
        asked=asked(form, found.preparation, actor, deployment.store.clock(), reader_language(request)),
        customer=found.preparation.customer,
        agreement=next(one for one in found.standing.agreements if one.template.id == template.id),
        newest=found.preparation.newest,
        others=others,
        back=_back(request, found.standing.customer_id),
    )


def _back(request: DashboardRequest, customer: str) -> str:
    """Return the page to go on to: `?next=` of this site, else the customer's page."""
    next_path = local(request.query_params.get("next", "/"))
    return f"/customers/{customer}" if next_path == "/" else next_path


ROUTES = (show_confirmation, confirm_acceptance)
