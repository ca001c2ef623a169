"""The hot path's answer is the framework route's, whatever is asked: status, body and kind of body."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from agreegate.api.paths import NormalisedPaths, PathNormaliser
from agreegate.app import WIRE_ROUTES
from agreegate.domain.actor import Channel
from agreegate.domain.orders.transaction import Action
from agreegate.hotpath import HotPath
from agreegate.services.orders.renewal import run_renewals
from tests import personas as cast
from tests.asgi import Answer, call
from tests.operations import OFFER
from tests.texts import AMERICA, FRANCE, publish
from tests.world import (
    API_ENFORCED,
    AUGUST,
    DASHBOARD_ENFORCED,
    EVE_OF_API,
    EVE_OF_DASHBOARD,
    World,
    agreement,
    application_token,
    token,
)

T = TypeVar("T")
Headers = list[tuple[bytes, bytes]]

GATE = b"/api/gate/decisions"
JSON = (b"content-type", b"application/json")
TEXT = {AMERICA: ("text.md", b"# Sample\n\nMade up.\n"), FRANCE: ("texte.md", b"# Exemple\n\nInvent\xc3\xa9.\n")}
CONFIRMED = (cast.CEDAR, cast.FRENE)
REFUSED = cast.FRENE
"""Confirmed, and then the customer no longer agreed."""
DECISION_ID = re.compile(rb'(?<="decisionId":")[0-9a-f-]{36}')
REQUEST_ID = "5b7f0f0e-2a1c-4d9b-9a3e-0c1d2e3f4a5b"


class Pair:
    """Two servers with the same history: one as it is served, and one without its hot path.

    Alder's confirmation of Cedar is outdated, Hazel's is current.
    """

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.worlds: list[World] = []
        for name in ("hot", "plain"):
            (folder / name).mkdir()
            self.worlds.append(self.run(self._world(folder / name)))
        hot, plain = self.worlds
        normaliser = PathNormaliser(route.path for route in WIRE_ROUTES)
        self.apps = (hot.app, NormalisedPaths(plain.framework, normaliser))

    async def _world(self, folder: Path) -> World:
        world = World(folder, API_ENFORCED)
        await publish(world, TEXT)
        for customer in CONFIRMED:
            await world.confirm(cast.ALDER_SALES, customer)
        await publish(world, TEXT, "2", effective_from=EVE_OF_API)
        await world.confirm(cast.HAZEL_ADMIN, cast.CEDAR, dateAgreed="2019-03-21T23:59:59Z")
        ending = {"reason": "no_longer_agrees", "note": "By phone."}
        await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{REFUSED}/standing/end", ending)
        return world

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.runner.run(done())

    def answers(self, path: bytes, headers: Headers, pieces: list[bytes]) -> tuple[Answer, Answer]:
        """What both answer to the same request. It is asked twice, for the token is known by then."""
        hot, plain = self.apps
        for app in self.apps:
            self.run(call(app, "POST", path, headers, sent(pieces)))
        known = self.run(call(plain, "POST", path, headers, sent(pieces)))
        return self.at_once(path, headers, pieces) or self.run(call(hot, "POST", path, headers, sent(pieces))), known

    def at_once(self, path: bytes, headers: Headers, pieces: list[bytes]) -> Answer | None:
        """What a server answers without an ASGI call, on its event loop."""

        async def on_the_loop() -> bytes | None:
            return self.worlds[0].app.at_once(headers, b"".join(pieces))

        body = self.run(on_the_loop()) if path == GATE else None
        return (
            None
            if body is None
            else Answer(200, {b"content-type": JSON[1], b"content-length": b"%d" % len(body)}, body)
        )

    def close(self) -> None:
        for world in self.worlds:
            self.run(world.close())
        self.runner.close()


async def sent(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pair"))
    yield made
    made.close()


def bearer(credentials: str) -> tuple[bytes, bytes]:
    return (b"authorization", credentials.encode())


KNOWN = [f"Bearer {token(user)}" for user in cast.USERS] + [f"Bearer {application_token(cast.ALDER)}"]
USUAL = f"Bearer {token(cast.ALDER_SALES)}"

credentials = st.one_of(
    st.just(USUAL),
    st.sampled_from(KNOWN),
    st.sampled_from(
        [USUAL.replace("Bearer", "bearer"), USUAL + "x", USUAL.replace(" ", "  "), "Bearer ", "", "Basic YTpi"]
    ),
)
languages = st.sampled_from(["fr-FR", "en-US", "fr", "de, fr;q=0.8, en;q=0.5", "de-DE", "fr;q=x", "", "\xe9", "*"])
others = st.sampled_from(
    [(b"content-type", b"application/json"), (b"content-type", b"text/plain"), (b"content-type", b"application/json;charset=x"),
     (b"accept", b"text/html"), (b"accept", b"application/xml"),
     (b"host", b"elsewhere.example"), (b"ms-requestid", REQUEST_ID.encode()), (b"ms-correlationid", b"x")]
)  # fmt: skip


@st.composite
def header_lists(draw: st.DrawFn) -> Headers:
    """A caller's headers in any order, some of them twice."""
    found = [bearer(text) for text in draw(st.lists(credentials, min_size=1, max_size=2))]
    for name in (b"x-locale", b"accept-language"):
        found += [(name, text.encode("latin-1")) for text in draw(st.lists(languages, max_size=2))]
    return list(draw(st.permutations(found + draw(st.lists(others, max_size=3)))))


usual_headers = languages.map(lambda text: [bearer(USUAL), (b"accept-language", text.encode("latin-1"))])
all_headers = st.one_of(usual_headers, header_lists())

customers = st.sampled_from([cast.CEDAR, cast.DOGWOOD, cast.FRENE, cast.ELM, cast.GINKGO, cast.NOBODY])


def spellings(guid: str) -> list[str]:
    return [guid, guid, guid, guid.upper(), f"{{{guid}}}", guid.replace("-", ""), guid[:-1], guid + "\n", f" {guid}",
            "-" * 36, guid.replace("d", "\u0501"), guid.replace("-", "", 1) + "-"]  # fmt: skip


ids = customers.flatmap(lambda guid: st.sampled_from(spellings(guid)))
junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.lists(st.none(), max_size=2), st.just({})
)
members: dict[str, st.SearchStrategy[Any]] = {
    "customerId": ids,
    "action": st.sampled_from([*Action, "dance", "NEW_PURCHASE"]),
    "channel": st.sampled_from([*Channel, "fax", "API"]),
    "partnerId": st.sampled_from([*spellings(cast.ALDER), cast.HAZEL, None, ""]),
    "agreementType": st.sampled_from(["MicrosoftCloudAgreement", "microsoftcustomeragreement", "Lease", None]),
    "at": st.sampled_from(["2019-03-21", "2019-10-01T00:00:00Z", "soon", None, "0001-01-01T00:00:00"]),
    "record": st.sampled_from([False, None, "true"]),
    "extra": junk,
}
usual: dict[str, st.SearchStrategy[Any]] = {
    "customerId": customers,
    "action": st.sampled_from(list(Action)),
    "channel": st.sampled_from(list(Channel)),
    "partnerId": st.just(cast.ALDER),
}
plain = st.sampled_from([3, 4]).flatmap(
    lambda many: st.tuples(*(st.tuples(st.just(name), usual[name]) for name in list(usual)[:many])).map(list)
)


@st.composite
def questions(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """A plain question's members as pairs, one of them changed, missing, given twice or added; in any order."""
    found = draw(plain)
    place = draw(st.integers(0, len(found) - 1))
    name = found[place][0]
    match draw(st.sampled_from(["changed", "missing", "twice", "added", "moved"])):
        case "changed":
            found[place] = (name, draw(st.one_of(members[name], members[name], junk)))
        case "missing":
            del found[place]
        case "twice":
            found.append((name, draw(st.one_of(usual[name], members[name]))))
        case "added":
            more = draw(st.sampled_from(sorted(members.keys() - usual)))
            found.append((more, draw(members[more])))
        case _:
            pass
    return list(draw(st.permutations(found)))


@st.composite
def bodies(draw: st.DrawFn) -> list[bytes]:
    """A question as JSON in some spelling, or no JSON at all, in one piece or several."""
    pairs = draw(st.one_of(plain, questions()))
    dumped = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs]
    body = ("{" + draw(st.sampled_from([", ", ",", ",\r\n\t"])).join(dumped) + "}").encode()
    match draw(st.integers(0, 9)):
        case 0:
            body = body.replace(b"a", b"\\u0061", 1)
        case 1:
            body = draw(st.sampled_from([b"\xef\xbb\xbf" + body, body + b" ", body + b"}", b"[" + body + b"]", b"", b"null",
                                         body[:-1], body.replace(b"e", b"\xff", 1), body.swapcase(), b" " * 2_000_000 + body,
                                         body.replace(b'"action"', b'"\\"ction"'), b"[" * 20_000]))  # fmt: skip
        case 2:
            at = draw(st.integers(0, len(body)))
            return draw(st.sampled_from([[body[:at], body[at:]], [body, b"}"], [body, b" "]]))
        case _:
            pass
    return [body]


@settings(deadline=None, max_examples=400, database=None)
@given(headers=all_headers, pieces=bodies())
def test_a_question_is_answered_alike(pair: Pair, headers: Headers, pieces: list[bytes]) -> None:
    hot, framework = pair.answers(GATE, headers, pieces)
    assert (hot.status, DECISION_ID.sub(b"", hot.body)) == (framework.status, DECISION_ID.sub(b"", framework.body))
    assert hot.headers[b"content-type"] == framework.headers[b"content-type"]
    assert hot.headers[b"content-length"] == framework.headers[b"content-length"]


@pytest.mark.parametrize("partner", [{}, {"partnerId": cast.ALDER}])
@pytest.mark.parametrize("customer", [cast.CEDAR, cast.DOGWOOD, cast.FRENE, cast.NOBODY])
def test_a_plain_question_is_answered_at_once(pair: Pair, customer: str, partner: dict[str, str]) -> None:
    question = {"customerId": customer, "action": "new_purchase", "channel": "api"} | partner
    request = (GATE, [bearer(USUAL)], [json.dumps(question).encode()])
    _, expected = pair.answers(*request)
    found = pair.at_once(*request)
    assert found is not None
    assert found.body == expected.body


def test_a_decision_that_is_to_be_kept_is_kept(pair: Pair) -> None:
    question = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api", "record": True}
    hot, framework = pair.answers(GATE, [bearer(USUAL)], [json.dumps(question).encode()])
    kept = [json.loads(answer.body) for answer in (hot, framework)]
    assert all(re.fullmatch("[0-9a-f-]{36}", decision.pop("decisionId")) for decision in kept)
    assert kept[0] == kept[1]


REFUSE, GRACE = 'stale_rule = "refuse"\n', 'stale_rule = "refuse"\nstale_from = 2019-06-01T00:00:00Z\n'
NEWER = datetime(2019, 5, 1, tzinfo=UTC)
RELATED = [(cast.ALDER_SALES, customer) for customer in (cast.CEDAR, cast.DOGWOOD, cast.FRENE, cast.NOBODY)]
RELATED += [(cast.HAZEL_ADMIN, cast.CEDAR), (cast.HAZEL_ADMIN, cast.ELM), (cast.FIR_ADMIN, cast.GINKGO)]
LANGUAGES_ASKED = ["en-US", "fr-FR", "de, fr;q=0.8", ""]


async def history(world: World) -> AsyncIterator[datetime]:
    """What happens to the customers, step by step: the instants at which the gate is asked."""
    order = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 3}]}
    await publish(world, TEXT)
    yield AUGUST
    for who, customer in (
        (cast.ALDER_SALES, cast.CEDAR),
        (cast.ALDER_SALES, cast.FRENE),
        (cast.HAZEL_ADMIN, cast.CEDAR),
    ):
        assert (await world.confirm(who, customer)).status_code == 201
    bought = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/orders", order)
    assert bought.status_code == 201
    customer_agreement = {"templateId": cast.CUSTOMER_AGREEMENT, "type": "MicrosoftCustomerAgreement"}
    assert (await world.confirm(cast.ALDER_SALES, cast.DOGWOOD, **customer_agreement)).status_code == 201
    yield EVE_OF_DASHBOARD
    yield DASHBOARD_ENFORCED
    end = {"reason": "no_longer_agrees", "note": "By phone."}
    ended = await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{cast.FRENE}/standing/end", end)
    assert ended.status_code == 200
    yield EVE_OF_API
    yield API_ENFORCED
    await publish(world, TEXT, "2", effective_from=NEWER)
    yield NEWER - timedelta(seconds=1)
    yield NEWER
    yield NEWER + timedelta(days=60)
    world.clock.now = datetime(2019, 9, 1, tzinfo=UTC)
    await run_renewals(world.store, world.clock.now)
    yield world.clock.now
    yield datetime(2019, 10, 1, tzinfo=UTC)
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed="2019-09-30T00:00:00Z")).status_code == 201
    yield datetime(2019, 10, 2, tzinfo=UTC)


@pytest.mark.fault("F7")
@pytest.mark.parametrize("rules", ["", REFUSE, GRACE], ids=["advise", "refuse", "grace"])
async def test_an_answer_is_the_same_through_time_to_the_byte(tmp_path: Path, rules: str) -> None:
    packaged = (files("agreegate.programmes") / "microsoft-cloud-agreement.toml").read_text(encoding="utf-8")
    programme = tmp_path / "programme.toml"
    programme.write_text(
        packaged.replace("microsoft-cloud-agreement", "made-up").replace("\n[enforce", f"{rules}\n[enforce"),
        encoding="utf-8",
    )
    world = World(tmp_path, AUGUST, str(programme))
    hot = HotPath(world.framework, world.deployment)
    verdicts: set[tuple[str, ...]] = set()
    number = 0
    async for now in history(world):
        world.clock.now = now
        for who, customer in RELATED:
            await world.ask(who, customer)
            for action, channel in product(Action, Channel):
                number += 1
                question = json.dumps({"customerId": customer, "action": action, "channel": channel}).encode()
                headers = [
                    bearer(f"Bearer {token(who)}"),
                    (b"accept-language", LANGUAGES_ASKED[number % len(LANGUAGES_ASKED)].encode()),
                ]
                answer = await call(world.framework, "POST", GATE, [*headers, JSON], question)
                assert answer.status == 200
                assert hot.at_once(headers, question) == answer.body, (now, who, customer, question)
                decision = json.loads(answer.body)
                said = [reason["code"] for reason in decision["reasons"] + decision["advisories"]]
                verdicts.add((decision["verdict"], *said))
    await world.close()
    assert verdicts >= {
        ("allow",),
        ("allow", "enforcement.upcoming"),
        ("deny", "confirmation.missing"),
        ("deny", "confirmation.ended"),
        ("deny", "confirmation.ended", "enforcement.upcoming"),
        ("deny", "confirmation.ended", "confirmation.missing"),
        ("deny", "relationship.missing"),
    }
    assert (("allow", "confirmation.outdated") in verdicts) is (rules != REFUSE)
    assert (("allow", "confirmation.outdated", "renewal.overdue") in verdicts) is (rules == "")
    assert (("deny", "confirmation.outdated") in verdicts) is (rules != "")


MADE_UP = {b"ms-correlationid", b"ms-requestid"}
"""Headers whose values a server makes up when a client sends none that can be used."""

changes = st.fixed_dictionaries(
    {},
    optional={
        "primaryContact__email": st.sampled_from(["noa@contoso.example", "noa", "", None]),
        "primaryContact__firstName": st.sampled_from(["Noa", " ", None, "x" * 51, "علي", 5]),
        "templateId": st.sampled_from([cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT, cast.NOBODY, "x", None]),
        "dateAgreed": st.sampled_from(
            ["2018-08-10", "2019-03-22T00:04:00Z", "2019-05-01", "0001-01-01T00:00:00", "x", 5]
        ),
        "userId": st.sampled_from([cast.ALDER_ADMIN, cast.HAZEL_ADMIN, "x", None]),
        "DATEAGREED": st.just("2018-08-10"),
        "unknown": junk,
    },
)


@settings(deadline=None, max_examples=150, database=None)
@given(
    headers=all_headers,
    customer=ids,
    changed=changes,
    repeatable=st.booleans(),
    version=st.sampled_from(["v1", "v1", "v1.0", "V1.0", "v1.1", "v1x0"]),
    slash=st.sampled_from(["/", "//"]),
    end=st.sampled_from(["", "", "/", "x"]),
)
def test_a_confirmation_is_answered_alike(
    pair: Pair,
    headers: Headers,
    customer: str,
    changed: dict[str, Any],
    repeatable: bool,
    version: str,
    slash: str,
    end: str,
) -> None:
    body = agreement(**changed)
    path = f"/{version}/customers/{quote(customer)}{slash}agreements{end}"
    again = [(b"ms-requestid", REQUEST_ID.encode())] if repeatable else []
    hot, framework = pair.answers(path.encode(), [*again, *headers], [json.dumps(body).encode()])
    assert (hot.status, hot.body) == (framework.status, framework.body)
    assert hot.headers.keys() == framework.headers.keys()
    for name in hot.headers.keys() - MADE_UP:
        assert hot.headers[name] == framework.headers[name], name
