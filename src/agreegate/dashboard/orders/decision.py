"""One decision of the gate: what was asked, what was known, and why it was answered so."""

from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.orders.gate import worded
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import ASK_GATE, CONFIRM, may
from agreegate.domain.customers.customer import Customer
from agreegate.domain.standing import Unknown
from agreegate.services.customers.customer import get_customer
from agreegate.services.customers.customer_record import People, people
from agreegate.services.gate import show_decision
from agreegate.storage.decision import KeptDecision
from agreegate.storage.engine.unit_of_work import UnitOfWork


@get("/customers/{customer:uuid}/decisions/{decision:uuid}", opt={"access": ASK_GATE})
async def show_one(request: DashboardRequest, customer: FromPath[UUID], decision: FromPath[UUID]) -> Response[str]:
    """Show the decision, each reason with its rule and what to do next."""
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)

    async def read(uow: UnitOfWork) -> tuple[Customer, KeptDecision, People]:
        kept = await show_decision(uow, actor, str(customer), str(decision))
        served = await get_customer(uow, actor, str(customer))
        return served.customer, kept, await people(uow, actor, [kept.decided_by])

    found, kept, asking = await records_of(request).read(read)
    known = None if isinstance(kept.known, Unknown) else kept.known
    return page(
        request,
        "decision.html",
        customer=found,
        kept=kept,
        people=asking,
        reasons=worded(kept.reasons, deployment.programme, kept.decided_at, language),
        advisories=worded(kept.advisories, deployment.programme, kept.decided_at, language),
        known=known,
        title_of=lambda id_: template.title if (template := deployment.programme.template(id_)) else id_,
        may_confirm=may(actor, CONFIRM) and deployment.programme.exists(deployment.store.clock()),
    )


ROUTES = (show_one,)
