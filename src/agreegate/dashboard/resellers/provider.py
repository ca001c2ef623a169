"""An indirect reseller and its providers: to whom to give the data, exactly which, and for which customers (R22, R23).

A reseller confirms nothing, so there is no form.
"""

from typing import Any

from litestar import Response, get

from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, records_of
from agreegate.dashboard.frame.pagination import cursor_links, cursor_of
from agreegate.dashboard.resellers.reseller_request import DATA, answer_text
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import READ_NEEDED_DATA
from agreegate.i18n import LANGUAGES
from agreegate.services.reseller_request import count_needed, list_needed
from agreegate.storage.engine.unit_of_work import UnitOfWork


@get("/providers", opt={"access": READ_NEEDED_DATA, "absent": "providers.title", "costly": True})
async def show_providers(request: DashboardRequest) -> Response[str]:
    """Show the reader's providers, and the customers whose data `?provider=`, else the first, still needs."""
    deployment, actor, cursor = deployment_of(request), actor_of(request), cursor_of(request)
    asked = request.query_params.get("provider")

    async def read(uow: UnitOfWork) -> dict[str, Any]:
        counted = await count_needed(uow, actor, deployment.programme)
        lacking = [provider for provider, count in counted if count and asked in (None, provider.id)]
        chosen = lacking[0] if lacking else None
        found = None if chosen is None else await list_needed(uow, actor, deployment.programme, chosen.id, cursor)
        return {"counted": counted, "chosen": chosen, "found": found}

    shown = await records_of(request).read_slow(read)
    agreement, texts = deployment.programme.asks_for(deployment.store.clock()), {}
    links = None
    if shown["found"] is not None:
        customers = [(one.customer_id, one.company_name) for one in shown["found"].items]
        name = shown["chosen"].name
        links = cursor_links(shown["found"], provider=shown["chosen"].id)
        texts = {language: answer_text(name, agreement, customers, language) for language in LANGUAGES}
    return page(request, "providers.html", agreement=agreement, data=DATA, texts=texts, page_links=links, **shown)


ROUTES = (show_providers,)
