"""Who may call what: every route names its callers, and every role meets every operation."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from litestar import Litestar

from agreegate.app import REST_HANDLERS, WIRE_ROUTES
from agreegate.demo.demo import open_demo
from agreegate.demo.oauth import PARTNER_CENTER
from agreegate.demo.tokens import Granted, Version
from agreegate.deployment.demo_start import DemoUser
from agreegate.domain.actor import Access
from agreegate.programme import load
from agreegate.storage.engine.folder import DataFolder
from tests import personas as cast
from tests.asgi import handlers
from tests.noted import NotedStore
from tests.operations import GATE, OPERATIONS, Case, Operation, cart, case_for, named, order
from tests.world import AUGUST, BASE_URL, World, mint

PUBLIC = {
    "/",
    "/how-to-confirm",
    "/relationship-request/{partner:str}",
    "/static/agreegate.css",
    "/static/agreegate.js",
    "/static/htmx.min.js",
    "/static/icon.svg",
    "/texts/preview/{token:str}",
    "/texts/download/{token:str}",
    "/sign-in",
    "/sign-in/callback",
    "/sign-out",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/openapi.json",
    "/api/docs",
}
"""What anybody may read: no partner's data is there, but the name of one who asks to serve. A text has its link's leave."""
SIGN_IN = {
    "/{tenant:str}/oauth2/token",
    "/{tenant:str}/oauth2/v2.0/token",
    "/{tenant:str}/oauth2/v2.0/authorize",
    "/generatetoken",
    "/{tenant:str}/discovery/v2.0/keys",
    "/{tenant:str}/v2.0/.well-known/openid-configuration",
}
"""How one gets a token in the demo, so before having one."""


def inmost(app: Any) -> Litestar:
    """The framework's application inside what stands in front of it."""
    while not isinstance(app, Litestar):
        app = app._app
    return app


def unruled(app: Litestar, public: set[str]) -> list[str]:
    return [
        path
        for path, handler in handlers(app)
        if not (
            isinstance(handler.opt.get("access"), Access) if path not in public else handler.opt.get("public") is True
        )
    ]


async def test_every_route_says_who_may_call_it(world: World) -> None:
    assert unruled(world.framework, PUBLIC) == []


async def test_every_route_of_the_demo_says_who_may_call_it(tmp_path: Path) -> None:
    demo = await open_demo(DataFolder(tmp_path), load(), BASE_URL, AUGUST, programme_named=False)
    try:
        assert unruled(inmost(demo.app), PUBLIC | SIGN_IN) == []
    finally:
        demo.close()


PERSONAS: dict[str, str | None] = {
    "admin": cast.ALDER_ADMIN,
    "sales": cast.ALDER_SALES,
    "designated": cast.ALDER_MARKETPLACE,
    "helpdesk": cast.ALDER_HELPDESK,
    "application": cast.ALDER,
    "reseller": cast.BIRCH_SALES,
    "reseller's application": cast.BIRCH,
    "direct bill": cast.HAZEL_ADMIN,
    "sandbox": cast.MAPLE_ADMIN,
    "government": cast.FIR_ADMIN,
    "government's application": cast.FIR,
    "operator": cast.OPERATOR_USER,
    "operator's application": cast.OPERATOR,
    "nobody": None,
    "stranger": cast.NOBODY,
}

OUTCOMES: dict[str, tuple[int, int | None, str]] = {
    "role": (403, 900150, "access.role"),
    "user": (403, 2032, "access.user-required"),
    "denied": (403, 2032, "access.denied"),
    "silent": (403, None, ""),
    "absent": (404, 1000, "request.not-found"),
    "cloud": (404, 1000, "confirmation.feature-absent"),
    "sandbox": (403, 600006, "access.action-not-allowed"),
    "token": (401, 400, "access.unauthenticated"),
}
"""Status, code on the wire, code in our own API."""

# The rights, by role. + is whatever the operation answers when it is done.
#             admin sales desig help   app    resel  r-app  direct sandb gov    g-app  oper   o-app  none  stranger
RIGHTS = {
    "confirm": "+ + + role user silent silent + + absent user denied user token token",
    "confirm, our own": "+ + + role user denied user + + cloud user denied user token token",
    "metadata": "+ + + + user silent silent + + absent user denied user token token",
    "partner agreement": "+ + + + user silent silent + + + user denied user token token",
    "read, reseller too": "+ + + + + + + + + + + denied denied token token",
    "read": "+ + + + + denied denied + + + + denied denied token token",
    "write": "+ + + role + denied denied + + + + denied denied token token",
    "write in a sandbox": (
        "sandbox sandbox sandbox role sandbox denied denied sandbox + sandbox sandbox denied denied token token"
    ),
    "government": "absent absent absent absent absent denied denied absent absent + + denied denied token token",
    "text": "+ + + + user + user + + cloud user + user token token",
    "standing": "+ + + role user denied user + + cloud user denied user token token",
    "employee": "+ + + role user denied user + + cloud user denied user token token",
}


def test_the_table_has_every_operation() -> None:
    listed = {(operation.method, operation.path.partition("?")[0]) for operation in OPERATIONS}
    rest = {
        (method, "/api" + path.replace(":str", ""))
        for handler in REST_HANDLERS
        for path in handler.paths
        for method in handler.http_methods
    }
    assert listed == rest | {(route.method, route.path) for route in WIRE_ROUTES}


@pytest.mark.rule("R20", "R29", "R31")
@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
async def test_each_caller_meets_each_operation(world: World, operation: Operation) -> None:
    expected: dict[str, object] = {}
    answered: dict[str, object] = {}
    for (persona, who), outcome in zip(PERSONAS.items(), RIGHTS[operation.right].split(), strict=True):
        case = await case_for(world, who, operation)
        answer = await world.send(who, operation.method, operation.at(case), operation.body(case))
        wire = operation.path.startswith("/v1")
        if outcome == "+":
            expected[persona] = (operation.status, None)
            answered[persona] = (answer.status_code, None)
        else:
            status, number, word = OUTCOMES[outcome]
            expected[persona] = (status, None if operation.method == "HEAD" else number if wire else word)
            answered[persona] = (answer.status_code, answer.json()["code"] if answer.content else None)
    assert answered == expected


async def test_a_user_first_seen_is_kept_without_a_role(world: World) -> None:
    newcomer = "a1de0000-0000-4000-8000-0000000000ff"
    who = DemoUser("newcomer@alder.example", cast.ALDER, "alder.example", "Alder", newcomer, "")
    token = mint().answer(Granted("tests", cast.ALDER, PARTNER_CENTER, who, "user_impersonation"), Version.V2)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    answer = await world.send(None, "GET", "/v1/customers", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, 900150)
    assert world.rows("select partner_id, user_name from partner_user where user_id = ?", newcomer) == [
        (cast.ALDER, "newcomer@alder.example")
    ]


async def test_the_demos_clock_is_for_every_signed_in_user(tmp_path: Path) -> None:
    demo = await open_demo(DataFolder(tmp_path), load(), BASE_URL, AUGUST, programme_named=False)
    transport = httpx2.ASGITransport(app=demo.app)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:

        async def statuses(form: dict[str, str], tenant: str) -> list[int]:
            credentials = form | {"client_id": "tests", "scope": f"{PARTNER_CENTER}/.default"}
            token = (await client.post(f"/{tenant}/oauth2/v2.0/token", data=credentials)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            now = {"now": "2018-11-07T00:00:00Z"}
            return [
                (await client.get("/api/sandbox/clock", headers=headers)).status_code,
                (await client.put("/api/sandbox/clock", json=now, headers=headers)).status_code,
            ]

        for tenant, name in cast.USERS.values():
            user = {"grant_type": "password", "username": name, "password": "demo"}
            assert await statuses(user, tenant) == [200, 200], name
        application = {"grant_type": "client_credentials", "client_secret": "demo"}
        assert await statuses(application, cast.ALDER) == [403, 403]
        assert (await client.put("/api/sandbox/clock", json={"now": "2018-11-07"})).status_code == 401
    demo.close()


@pytest.fixture
def noted(make_world: Callable[..., World]) -> World:
    """A server that notes its statements."""
    return make_world(watched=NotedStore)


SOMEBODY_ELSES = {
    cast.ALDER_ADMIN: cast.ELM,
    cast.HAZEL_ADMIN: cast.DOGWOOD,
    cast.ALDER: cast.ELM,
    cast.BIRCH_SALES: cast.FRENE,
    cast.MAPLE_ADMIN: cast.CEDAR,
}
"""A customer whom the caller may not know of. Frêne is served by Birch's provider, through another reseller."""


@pytest.mark.parametrize("who", SOMEBODY_ELSES)
@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "{customer_id}" in one.path or one.path == GATE], ids=named
)
async def test_somebody_elses_customer_and_none_answer_alike(noted: World, who: str, operation: Operation) -> None:
    async def seen(customer_id: str) -> dict[str, object]:
        case = Case(cast.ALDER, customer_id, "x.example")
        await noted.send(who, "GET", "/v1/customers")  # the token is known from here on
        noted.store.statements.clear()
        answer = await noted.send(who, operation.method, operation.at(case), operation.body(case))
        hidden = {
            name: value for name, value in answer.headers.items() if name not in ("ms-requestid", "ms-correlationid")
        }
        return {
            "status": answer.status_code,
            "headers": hidden,
            "text": undated(answer.text.replace(customer_id, "…")),
            "statements": [*noted.store.statements],
        }

    elses = await seen(SOMEBODY_ELSES[who])
    nobodys = await seen(cast.NOBODY)
    assert elses == nobodys
    assert elses["status"] in ((200, 403) if operation.path == GATE else (403,))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/customers/{customer_id}/orders/{order_id}", None),
        ("PATCH", "/v1/customers/{customer_id}/orders/{order_id}", {"billingCycle": "annual"}),
        ("GET", "/v1/customers/{customer_id}/subscriptions/{subscription_id}", None),
        ("PATCH", "/v1/customers/{customer_id}/subscriptions/{subscription_id}", {"quantity": 2}),
        ("GET", "/v1/customers/{customer_id}/carts/{cart_id}", None),
        ("POST", "/v1/customers/{customer_id}/carts/{cart_id}/checkout", None),
        ("POST", "/api/confirmations/{confirmation_id}/employee", {"name": "Noa Berg"}),
    ],
)
async def test_what_another_partner_has_with_the_same_customer_is_as_if_it_were_not(
    noted: World, method: str, path: str, body: object
) -> None:
    shared = f"/v1/customers/{cast.CEDAR}"
    mine = Case(cast.ALDER, cast.CEDAR, "cedar.example")
    placed = (await noted.send(cast.HAZEL_ADMIN, "POST", f"{shared}/orders", order(mine))).json()
    filled = (await noted.send(cast.HAZEL_ADMIN, "POST", f"{shared}/carts", cart(mine))).json()
    await noted.confirm(cast.HAZEL_ADMIN, cast.CEDAR)
    [[confirmation]] = noted.rows("select confirmation_id from confirmation")
    subscription = placed["lineItems"][0]["subscriptionId"]
    theirs = Case(cast.ALDER, cast.CEDAR, "cedar.example", placed["id"], subscription, filled["id"], confirmation)
    await noted.send(cast.ALDER_ADMIN, "GET", "/v1/customers")
    seen = []
    for case in (theirs, mine):
        noted.store.statements.clear()
        answer = await noted.send(cast.ALDER_ADMIN, method, path.format_map(vars(case)), body)
        text = answer.text
        for value in vars(case).values():
            text = text.replace(value, "…")
        seen.append((answer.status_code, text, [*noted.store.statements]))
    assert seen[0] == seen[1]
    assert seen[0][0] == 404


def undated(text: str) -> str:
    """The text without what differs between any two answers: a decision's id."""
    return re.sub(r'"decisionId":"[^"]+"', '"decisionId":"…"', text)
