"""The text that one customer accepts: from every form that asks for a confirmation it is one step away (R49)."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.frame.page import DashboardRequest, actor_of, records_of, to
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import CONFIRM
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.agreements.text import FoundText
from agreegate.domain.customers.customer import Customer
from agreegate.domain.error import Rejected
from agreegate.services.agreements.accepted_text import find_text_to_accept
from agreegate.services.customers.customer import get_customer
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.text_link import Use


def text_address(customer: Customer | None, template: str) -> str:
    """Return the text's address, for the user who confirms.

    Args:
        customer: None: one that is about to be created, in a country that only its form knows.
    """
    return "/agreements" if customer is None else f"/customers/{customer.id}/text?{urlencode({'template': template})}"


def lead_to(request: DashboardRequest, template: AgreementTemplate, found: FoundText) -> Response[Any]:
    """Lead to a text by a new, short-lived link: to read the text, or to download its file where `?use=download` asks so."""
    use = Use.DOWNLOAD if request.query_params.get("use") == Use.DOWNLOAD else Use.PREVIEW
    return to(deployment_of(request).links.to_text(template, found, use, actor_of(request).key))


@get("/customers/{customer:uuid}/text", opt={"access": CONFIRM})
async def show_customers_text(request: DashboardRequest, customer: FromPath[UUID]) -> Response[Any]:
    """Lead to the text of `?template=` in force for the customer's country, in the language closest to the customer's.

    Each time by a new, short-lived link. Where no text is published for the country, the table of agreements says so.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (decision 0018).
        `request.not-found`: there is no such template.
    """
    deployment, actor, template_id = deployment_of(request), actor_of(request), request.query_params.get("template", "")

    async def read(uow: UnitOfWork) -> tuple[Customer, FoundText | None]:
        served = (await get_customer(uow, actor, str(customer))).customer
        return served, await find_text_to_accept(uow, deployment.programme, served, template_id)

    served, found = await records_of(request).read(read)
    template = deployment.programme.template(template_id)
    if template is None:
        raise Rejected("request.not-found")
    if found is None:
        return to(f"/agreements?{urlencode({'country': served.country, 'language': served.text_language})}")
    return lead_to(request, template, found)


ROUTES = (show_customers_text,)
