"""Rate limits: the contract's, off by default, on the resources it names (3.8, section 8, 7); and that of lists, on by default."""

import json
import tracemalloc
from collections.abc import Callable

import pytest

from agreegate.app import WIRE_ROUTES
from agreegate.throttle import MOST_COUNTED, Throttle
from tests import personas as cast
from tests.asgi import handlers
from tests.dashboard.visitor import visitor
from tests.operations import OPERATIONS, Operation, case_for, named
from tests.rejection import rejected
from tests.texts import AMERICA, publish
from tests.world import World, agreement

COSTLY = {"/v1/customers", "/v1/relationships", "/v1/auditrecords"}
"""On the wire: lists without an id, and audit records."""
COSTLY_ELSEWHERE = {
    "/",
    "/activity",
    "/activity.csv",
    "/agreements",
    "/agreements/simulation",
    "/agreements/simulation-customers.csv",
    "/agreements/simulation.csv",
    "/agreements/versions",
    "/api/confirmations/without-employee",
    "/customers",
    "/customers.csv",
    "/employees-unknown",
    "/providers",
    "/questions",
    "/reconfirmations",
    "/reconfirmations.csv",
    "/resellers",
    "/resellers/{reseller:uuid}/request.csv",
}
"""Lists, searches, simulations and files on pages and in our own API."""
ONE = "/v1/customers/{customer_id}"
LIMITED = {
    ONE,
    f"{ONE}/orders",
    f"{ONE}/orders/{{order_id}}",
    f"{ONE}/carts",
    f"{ONE}/carts/{{cart_id}}",
    f"{ONE}/carts/{{cart_id}}/checkout",
    f"{ONE}/subscriptions/{{subscription_id}}",
    f"{ONE}/subscriptions/{{subscription_id}}/upgrades",
    f"{ONE}/subscriptions/{{subscription_id}}/conversions",
}
"""Orders, upgrades, carts and checkout, conversions, customer by id, subscription by id."""


class Machine:
    """The machine's clock, as tests set it."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


def test_the_limit_lies_on_the_resources_that_the_contract_names() -> None:
    assert {route.path for route in WIRE_ROUTES if route.throttled} == LIMITED
    assert all(route.throttled for route in WIRE_ROUTES if route.path in LIMITED)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.path.startswith("/v1")], ids=named)
async def test_only_what_is_limited_is_refused_beyond_the_limit(
    make_world: Callable[..., World], operation: Operation
) -> None:
    world = make_world(throttle=Throttle(3, Machine()))
    case = await case_for(world, cast.MAPLE_ADMIN, operation)  # places two limited requests at most
    codes = [
        (await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(case), operation.body(case))).status_code
        for _ in range(4)
    ]
    assert (429 in codes) == (operation.path in LIMITED)


async def test_beyond_the_limit_the_answer_says_when_to_come_again(make_world: Callable[..., World]) -> None:
    machine = Machine()
    world = make_world(throttle=Throttle(2, machine))
    path = f"/v1/customers/{cast.CEDAR}"

    async def statuses(who: str, times: int) -> list[int]:
        return [(await world.send(who, "GET", path)).status_code for _ in range(times)]

    assert await statuses(cast.ALDER_SALES, 3) == [200, 200, 429]
    assert await statuses(cast.ALDER_ADMIN, 1) == [429], "counted per partner, not per user"
    assert await statuses(cast.HAZEL_ADMIN, 2) == [200, 200]
    machine.now += 10
    refused = await world.send(cast.ALDER_SALES, "GET", path, headers={"MS-RequestId": cast.NOBODY})
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert (
        refused.content
        == json.dumps(
            {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {wait} seconds."},
            separators=(",", ":"),
        ).encode()
    )
    assert refused.headers["content-type"] == "application/json"
    assert refused.headers["MS-RequestId"] == cast.NOBODY
    french = await world.send(cast.ALDER_SALES, "GET", path, headers={"X-Locale": "fr-FR"})
    assert french.json()["message"] == f"La limite de fréquence est dépassée. Réessayez dans {wait} secondes."
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201, "agreements are not limited"
    machine.now += wait
    assert await statuses(cast.ALDER_SALES, 3) == [200, 200, 429]


async def test_refused_requests_count_too(make_world: Callable[..., World]) -> None:
    world = make_world(throttle=Throttle(2, Machine()))
    for _ in range(2):
        refused = await world.send(cast.ALDER_HELPDESK, "PATCH", f"/v1/customers/{cast.CEDAR}", {})
        assert refused.status_code == 403
    assert (await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}")).status_code == 429


@pytest.mark.fault("A6")
def test_each_route_says_whether_the_limit_of_lists_counts_it(world: World) -> None:
    assert {(route.method, route.path) for route in WIRE_ROUTES if route.costly} == {("GET", path) for path in COSTLY}
    assert not any(route.costly and route.throttled for route in WIRE_ROUTES)
    elsewhere = {(method, path) for path, handler in handlers(world.framework) if handler.opt.get("costly")
                 for method in handler.http_methods}  # fmt: skip
    assert elsewhere == {("GET", path) for path in COSTLY_ELSEWHERE}


@pytest.mark.fault("A6")
async def test_every_list_of_one_user_counts_together_and_nobody_elses_does(make_world: Callable[..., World]) -> None:
    machine = Machine()
    world = make_world(caller_throttle=Throttle(3, machine))

    async def status(who: str | None, path: str) -> int:
        return (await world.send(who, "GET", path)).status_code

    for path in ("/v1/customers", "/v1/auditrecords", "/api/confirmations/without-employee"):
        assert await status(cast.ALDER_SALES, path) == 200
    assert await status(cast.ALDER_SALES, "/v1/relationships") == 429
    assert await status(cast.ALDER_ADMIN, "/v1/customers") == 200, "counted per user"
    assert [await status(cast.ALDER, "/v1/customers") for _ in range(4)] == [200, 200, 200, 429], "an application too"
    assert await status(cast.ALDER_SALES, f"/v1/customers/{cast.CEDAR}") == 200, "a read by id is not counted"
    assert await status(cast.ALDER_SALES, f"/v1/customers/{cast.CEDAR}/subscriptions") == 200
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
    assert await status(cast.ALDER_SALES, "/api/confirmations/without-employee") == 429
    machine.now += 60
    assert await status(cast.ALDER_SALES, "/v1/customers") == 200


@pytest.mark.fault("A6")
async def test_a_list_beyond_the_limit_is_answered_as_each_surface_answers(make_world: Callable[..., World]) -> None:
    world = make_world(caller_throttle=Throttle(0, Machine()))
    wire = await world.send(cast.ALDER_SALES, "GET", "/v1/customers", headers={"MS-RequestId": cast.NOBODY})
    wait = int(wire.headers["Retry-After"])
    assert 1 <= wait <= 60
    sentence = f"Rate limit is exceeded. Try again in {wait} seconds."
    assert wire.content == json.dumps({"statusCode": 429, "message": sentence}, separators=(",", ":")).encode()
    assert wire.headers["content-type"] == "application/json"
    assert wire.headers["MS-RequestId"] == cast.NOBODY

    rest = await world.send(cast.ALDER_SALES, "GET", "/api/confirmations/without-employee")
    assert (rest.status_code, rest.headers["content-type"]) == (429, "application/problem+json")
    assert rest.headers["Retry-After"] == str(wait)
    assert rest.json()["code"] == "request.throttled"
    assert rest.json()["detail"] == sentence
    french = await world.send(
        cast.ALDER_SALES, "GET", "/api/confirmations/without-employee", headers={"X-Locale": "fr"}
    )
    assert french.json()["detail"].startswith("La limite de fréquence")


@pytest.mark.fault("A6")
async def test_a_page_beyond_the_limit_says_so_in_the_readers_language(make_world: Callable[..., World]) -> None:
    world = make_world(caller_throttle=Throttle(1, Machine()))
    for user, language, sentence in (
        (cast.ALDER_SALES, "en", "You asked for too many lists, searches, files or texts within a minute."),
        (
            cast.ALDER_ADMIN,
            "fr",
            "Vous avez demandé trop de listes, de recherches, de fichiers ou de textes en une minute.",
        ),
    ):
        person = await visitor(world, user, language)  # lands on the overview, which counts
        refused = await person.get("/customers")
        assert refused.status == 429
        assert sentence in refused.text
        assert 1 <= int(refused.answer.headers["Retry-After"]) <= 60
        assert (await person.get("/customers.csv")).status == 429
        assert (await person.get(f"/customers/{cast.CEDAR}")).status == 200, "a page about one customer"
        assert (await world.send(user, "GET", "/v1/customers")).status_code == 429, "pages and API count together"
        searched = await person.get("/customers?q=ced", **{"hx-request": "true"})
        assert (searched.status, searched.answer.headers["hx-reselect"]) == (429, ".lead")
        await person.close()


@pytest.mark.fault("A6")
async def test_opening_a_text_counts_for_whom_its_link_was_made(make_world: Callable[..., World]) -> None:
    world = make_world(caller_throttle=Throttle(2, Machine()))
    await publish(world, {AMERICA: ("text.md", b"# Made up")}, template_id=cast.CUSTOMER_AGREEMENT)
    path = f"/v1/agreementtemplates/{cast.CUSTOMER_AGREEMENT}/document"

    async def opened(who: str) -> list[int]:
        document = (await world.send(who, "GET", path)).json()
        links = [document["displayUri"], document["downloadUri"]]
        return [(await world.client.get(link)).status_code for link in (*links, *links)]

    assert await opened(cast.ALDER_SALES) == [200, 200, 429, 429]
    assert await opened(cast.HAZEL_ADMIN) == [200, 200, 429, 429]
    assert (await world.client.get("/texts/preview/none-of-ours")).status_code == 404
    assert (await world.send(cast.ALDER_SALES, "GET", "/v1/customers")).status_code == 429
    assert (await world.send(cast.ALDER_SALES, "GET", path)).status_code == 200, "a link can always be had"


@pytest.mark.fault("A6")
async def test_strangers_are_not_counted_and_the_count_is_bounded(make_world: Callable[..., World]) -> None:
    throttle = Throttle(1, Machine())
    world = make_world(caller_throttle=throttle)
    for path in ("/v1/customers", "/api/confirmations/without-employee", "/customers"):
        for headers in ({}, {"Authorization": "Bearer none"}, {"Cookie": "agreegate=none"}):
            answers = [await world.client.get(path, headers=headers) for _ in range(2)]
            assert not any(answer.status_code == 429 for answer in answers)
    tracemalloc.start()
    for number in range(5 * MOST_COUNTED):
        throttle.count(f"{number:032}")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 4 * 1024 * 1024
    with rejected("request.throttled"):
        throttle.count(f"{5 * MOST_COUNTED - 1:032}")


async def test_there_is_no_limit_unless_it_is_set(world: World) -> None:
    for _ in range(600):
        assert (await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}")).status_code == 200
    assert (
        await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/agreements", agreement())
    ).is_success
