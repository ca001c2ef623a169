"""The page that a partner's relationship request leads to: who asks to serve the reader's organisation, and what follows.

The link is the contract's (4.7). Nothing is accepted here: the operator of the server records the relationship.
"""

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.frame.page import DashboardRequest, id_of, page, records_of
from agreegate.deployment.deployment import deployment_of
from agreegate.storage.partner import partner_of


@get("/relationship-request/{partner:str}", opt={"public": True})
async def show_request(request: DashboardRequest, partner: FromPath[str]) -> Response[str]:
    """Show one partner's request; 404 for a tenant that could not serve anybody."""
    deployment = deployment_of(request)
    found = await records_of(request).read(lambda uow: partner_of(uow, id_of(partner) or ""))
    agreement = deployment.programme.asks_for(deployment.store.clock())
    asking = found if found is not None and found.kind.confirms else None
    return page(request, "relationship.html", 404 if asking is None else 200, agreement=agreement, partner=asking)
