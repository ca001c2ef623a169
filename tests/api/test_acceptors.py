"""Who reads the people that accepted: users who may confirm, and nobody through any other door (B6, R26)."""

import pytest

from tests import personas as cast
from tests.dashboard.routes import ROUTES
from tests.dashboard.visitor import visitor
from tests.operations import OPERATIONS, case_for, named
from tests.world import API_ENFORCED, World

pytestmark = pytest.mark.fault("B6")
MARK = "zqxmark"
ACCEPTOR = {
    "primaryContact__firstName": f"{MARK}first",
    "primaryContact__lastName": f"{MARK}last",
    "primaryContact__email": f"{MARK}@contoso.example",
    "primaryContact__phoneNumber": "5559876543",
}
BEHIND = {"Agreegate-Confirmed-By": f"{MARK} Employee <{MARK}@alder.example>; ref={MARK}"}
READ = [one for one in OPERATIONS if one.method == "GET"]


@pytest.mark.parametrize("operation", READ, ids=named)
async def test_applications_and_helpdesk_agents_read_no_acceptor_through_any_call(world: World, operation) -> None:
    case = await case_for(world, cast.ALDER_ADMIN, operation)
    body = (await world.confirm(cast.ALDER_MARKETPLACE, case.customer_id, **ACCEPTOR)).request.content
    path = f"/v1/customers/{case.customer_id}/agreements"
    assert (await world.send(cast.ALDER_MARKETPLACE, "POST", path, body, BEHIND)).status_code == 201
    for who in (cast.ALDER, cast.ALDER_HELPDESK):
        answer = await world.send(who, "GET", operation.at(case))
        assert MARK not in answer.text
        assert "5559876543" not in answer.text


async def test_helpdesk_agents_read_no_acceptor_on_any_page(world: World) -> None:
    world.clock.now = API_ENFORCED
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, **ACCEPTOR)
    order = {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]}
    assert (await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/orders", order)).status_code == 201
    [(confirmation,)] = world.rows("select confirmation_id from confirmation")
    [(decision,)] = world.rows("select decision_id from decision")
    [(subscription,)] = world.rows("select subscription_id from subscription")
    ids = {
        "{customer:uuid}": cast.CEDAR,
        "{confirmation:uuid}": confirmation,
        "{decision:uuid}": decision,
        "{subscription:uuid}": subscription,
        "{reseller:uuid}": cast.BIRCH,
    }
    someone, entered = await visitor(world, cast.ALDER_HELPDESK), 0
    for route in ROUTES:
        path = route.path
        for name, id_ in ids.items():
            path = path.replace(name, id_)
        if route.method != "GET" or "{" in path or path.startswith(("/sign-in", "/static")):
            continue
        shown = await someone.get(path + ("" if "{" in (route.query or "") else route.query or ""))
        entered += shown.status == 200
        assert MARK not in shown.page.html, path
    assert entered > 10
