"""A short text for the customer: why its acceptance is needed, and what it is asked for (R48, L1, L11)."""

from datetime import datetime
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import SELLING_KINDS, STAFF, Access, Actor, Channel
from agreegate.domain.agreements.text import primary_subtag
from agreegate.domain.customers.customer import Customer
from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerKind
from agreegate.domain.programme import Programme
from agreegate.i18n import DEFAULT_LANGUAGE, LANGUAGES, culture_text, date_text, text
from agreegate.services.customers.customer import get_customer

EXPLAIN = Access(kinds=SELLING_KINDS, roles=STAFF, application=False, public_cloud_only=True)
"""Every user of a partner that serves the customer may explain: the text holds nothing recorded."""
NEEDED = ("name", "email", "phone", "date")


@get("/customers/{customer:uuid}/explanation", opt={"access": EXPLAIN})
async def show_explanation(request: DashboardRequest, customer: FromPath[UUID]) -> Response[str]:
    """Return the text to copy, in the customer's language if Agreegate has that language."""
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)
    now = deployment.store.clock()
    if not deployment.programme.exists(now):
        raise Rejected("confirmation.feature-absent")
    served = await records_of(request).read(lambda uow: get_customer(uow, actor, str(customer)))
    theirs = primary_subtag(served.customer.language)
    written = theirs if theirs in LANGUAGES else DEFAULT_LANGUAGE
    return page(
        request,
        "explanation.html",
        customer=served.customer,
        culture=culture_text(served.customer.text_language, language),
        written=written,
        other_language=written != theirs,
        words=explained(served.customer, actor, deployment.programme, now, written),
    )


def explained(customer: Customer, actor: Actor, programme: Programme, now: datetime, written: str) -> str:
    """Return the text in one of our languages."""

    def say(key: str, **parameters: str) -> str:
        return text(f"explanation.{key}", written, **parameters)

    named = {"agreement": programme.asks_for(now), "company": customer.company_name, "partner": actor.partner.name}
    reseller = actor.partner.kind is PartnerKind.INDIRECT_RESELLER
    blocks = [
        [say("subject", **named)],
        [say("greeting", **named)],
        [say(key, **named) for key in ("why", "why.rights", "why.protection", "why.vendor", "why.regulator")],
        list(_dates(programme, now, written)),
        [say("renewals", **named)],
        [say("needed", **named), *(f"- {say(f'needed.{one}', **named)}" for one in NEEDED)],
        [say("who", **named), say("who.never", **named)],
        [*_where(programme, now, written)],
        [say("use.reseller" if reseller else "use", **named), say("use.silent", **named)],
        [actor.partner.name],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _dates(programme: Programme, now: datetime, written: str) -> list[str]:
    """Return from when on orders need a confirmation, by channel; nothing where the programme only watches."""
    lines = []
    for channel in (Channel.DASHBOARD, Channel.API):
        enforced = programme.enforce_from.get(channel)
        if enforced is not None:
            when = "since" if enforced <= now else "from"
            lines.append(text(f"explanation.{when}.{channel}", written, date=date_text(enforced, written)))
    return lines


def _where(programme: Programme, now: datetime, written: str) -> list[str]:
    """Return where the customer reads the agreement (R49)."""
    title = programme.asks_for(now)
    return [
        text("explanation.text", written, agreement=title, link=template.link)
        for template in programme.templates
        if template.title == title
    ]


ROUTES = (show_explanation,)
