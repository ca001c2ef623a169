"""Generated garbage: whatever the path, the method, the headers and the body, there is an answer and it says something."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.core.result import Ok

from agreegate.app import WIRE_ROUTES
from tests import personas as cast
from tests.asgi import call
from tests.operations import OPERATIONS, Case
from tests.world import AUGUST, World, agreement, application_token, token

CASE = Case(cast.ALDER, cast.CEDAR, "cedar.example", *[cast.NOBODY] * 4)
REQUESTS = [(one.method, one.at(CASE)) for one in OPERATIONS]
BODIES = [body for one in OPERATIONS if isinstance(body := one.body(CASE), dict)]

ids = st.sampled_from([cast.CEDAR, cast.ELM, cast.NOBODY, cast.CEDAR.upper(), f"{{{cast.CEDAR}}}", "{}", "all", "%00"])
segments = st.one_of(
    ids,
    st.sampled_from(sorted({part for route in WIRE_ROUTES for part in route.path.split("/") if "{" not in part})),
    st.text(max_size=12).map(lambda text: "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))),
    st.sampled_from(["", ".", "..", "%2e%2e", "%2F", "%ff%fe", "%", "%zz", "*", ";x=1", "a" * 3_000]),
)
paths = st.one_of(
    st.sampled_from([path for _, path in REQUESTS]),
    st.lists(segments, min_size=0, max_size=7).map(lambda parts: "/v1/" + "/".join(parts)),
    st.lists(segments, min_size=0, max_size=4).map(lambda parts: "/" + "/".join(parts)),
)
texts = st.text(max_size=20).map(lambda text: "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace")))
names = st.sampled_from(
    ["size", "SEEKOPERATION", "filter", "agreementType", "country", "language", "at", "mpnId", "tenantId", "order_id", "billingType", "startDate",
     "endDate", "relationship_type", "on", "knownAt", "x"]
)  # fmt: skip
values = st.one_of(
    texts,
    st.sampled_from(
        ["", "0", "-1", "9" * 30, "*", "%2A", "null", "%7B%22Field%22%3A%22CompanyName%22%7D", "%7B%7D", "%5B%5D", "%00",
         "%ff", "9999-12-31", "01/01/0001 00:00:00", "Next", "9e999", cast.ALDER]
    ),
)  # fmt: skip
queries = st.one_of(
    st.just(""),
    st.lists(st.tuples(names, values), min_size=1, max_size=4).map(
        lambda pairs: "?" + "&".join(f"{name}={value}" for name, value in pairs)
    ),
    st.sampled_from(["?", "?&&&", "?=", "?a", "?%", "?size=1&size=2", "?" + "a=1&" * 60]),
)
bearers = st.sampled_from(
    [f"Bearer {token(cast.ALDER_SALES)}"] * 6
    + [f"Bearer {token(who)}" for who in (cast.BIRCH_SALES, cast.FIR_ADMIN, cast.MAPLE_ADMIN, cast.OPERATOR_USER)]
    + [f"Bearer {application_token(cast.ALDER)}", "Bearer", "Basic YTpi", "Bearer a.b.c", "Bearer " + "a" * 20_000, ""]
)
header_values = st.one_of(
    st.binary(max_size=30).map(lambda data: bytes(byte for byte in data if byte not in b"\0\r\n")),
    st.sampled_from([b"", b"*", b"0", b"-1", b'"', b"W/\"x\"", b"fr-FR", b"application/json", b"AQAAAA==", b"\xff" * 20,
                     cast.NOBODY.encode(), b"a" * 4_000]),
)  # fmt: skip
header_names = st.sampled_from(
    [b"accept", b"accept-language", b"content-type", b"content-length", b"ms-requestid", b"ms-correlationid", b"x-locale",
     b"if-match", b"ms-continuationtoken", b"agreegate-confirmed-by", b"host", b"expect", b"x-forwarded-for", b"cookie"]
)  # fmt: skip
headers: st.SearchStrategy[list[tuple[bytes, bytes]]] = st.one_of(
    st.just([]), st.lists(st.tuples(header_names, header_values), max_size=4)
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=8,
)
members = ["primaryContact", "firstName", "email", "templateId", "dateAgreed", "lineItems", "quantity", "offerId", "status",
           "companyProfile", "billingProfile", "defaultAddress", "attributes", "targetOffer", "customerId", "action",
           "reason", "relationshipToPartner", "provisioningContext", "RENEWSTO", "AddonItems", "catalogItemId", "id"]  # fmt: skip
bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(members), json_values, max_size=6).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(BODIES).flatmap(
        lambda body: st.tuples(st.sampled_from(sorted(body)), json_values).map(
            lambda change: json.dumps(body | {change[0]: change[1]}).encode()
        )
    ),
    st.just(json.dumps(agreement()).encode()),
)
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW", "TRACE", "CONNECT"])
requests = st.one_of(*[st.sampled_from(REQUESTS)] * 3, st.tuples(methods, paths))


@hypothesis.settings(
    max_examples=1_000,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(requests, queries, bearers, headers, bodies, st.booleans())
async def test_garbage_is_answered(
    world: World,
    request_line: tuple[str, str],
    query: str,
    bearer: str,
    more: list[tuple[bytes, bytes]],
    body: bytes,
    whole: bool,
) -> None:
    method, path = request_line
    before = stored(world)
    answer = await call(
        world.app,
        method,
        (path + query).encode("ascii"),
        [(b"host", b"127.0.0.1:8400"), (b"authorization", bearer.encode()), *more],
        body if whole else halves(body),
    )
    assert answer.status < 500, (answer.status, answer.body)
    if answer.status < 400:
        return
    assert stored(world) == before
    silent = answer.status == 403 and not answer.body
    if method == "HEAD" or silent:
        return
    if answer.headers.get(b"content-type", b"").startswith(b"text/html"):  # a page of people's
        assert not path.startswith(("/v1", "/api"))
        assert b"<h1" in answer.body
        return
    said = json.loads(answer.body)
    assert said.get("description") or said.get("detail")


async def halves(body: bytes) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    yield body[len(body) // 2 :]


def stored(world: World) -> int:
    """A number that differs once something else was committed."""
    return int(world.store.reader.pragma("data_version"))


@pytest.fixture(scope="module")
def own_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One server for every generated case, on a day when everything can be confirmed."""
    world = World(Path(tmp_path_factory.mktemp("own-api")), AUGUST)
    yield world
    world.store.close()


def test_our_own_api_keeps_its_description(own_api: World) -> None:
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", own_api.app)
    headers = {"Authorization": f"Bearer {token(cast.ALDER_SALES)}"}
    seen = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found.err()
        operation = found.ok()
        seen.add((operation.method.upper(), operation.path))
        for mode in GenerationMode:

            @hypothesis.settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(operation.as_strategy(generation_mode=mode))
            def kept(case: Any) -> None:
                case.call_and_validate(headers=headers, excluded_checks=[checks.positive_data_acceptance])

            kept()
    assert seen == {(one.method, one.path.partition("?")[0]) for one in OPERATIONS if one.path.startswith("/api")}
