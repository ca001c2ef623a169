"""In a national cloud nothing is confirmed and nothing ended: pages, our own API, the wire and the questions agree (R31)."""

from typing import Any

import pytest

from agreegate.i18n import text
from tests import personas as cast
from tests.dashboard.visitor import visitor
from tests.operations import confirmation
from tests.world import API_ENFORCED, World, agreement

pytestmark = [pytest.mark.fault("B4"), pytest.mark.rule("R31")]
OWN = f"/api/customers/{cast.GINKGO}"
PAGE = f"/customers/{cast.GINKGO}"
CALLS: list[tuple[str, str, Any]] = [
    ("GET", f"{OWN}/standing", None),
    ("GET", f"{OWN}/standing?on=2019-03-01&knownAt=2019-03-01", None),
    ("POST", f"{OWN}/standing/end", {"reason": "no_longer_agrees"}),
    ("POST", f"{OWN}/standing/end", {"reason": "recorded_in_error", "templateId": cast.CLOUD_AGREEMENT}),
    ("POST", f"{OWN}/confirmations", confirmation()),
    ("GET", "/api/confirmations/without-employee", None),
    ("POST", f"/api/confirmations/{cast.NOBODY}/employee", {"name": "Robin Vale"}),
]
PAGES = [
    f"{PAGE}/confirmation",
    f"{PAGE}/record",
    f"{PAGE}/standing",
    f"{PAGE}/standing?on=2019-03-01&known-at=2019-03-01",
    f"{PAGE}/no-longer-agrees",
    f"{PAGE}/recorded-in-error",
    f"{PAGE}/confirmation/{cast.NOBODY}/employee",
    f"{PAGE}/explanation",
    "/employees-unknown",
    "/reconfirmations",
    "/reconfirmations.csv",
    "/agreements/simulation-customers.csv?effective_from=2019-05-01",
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_our_own_api_has_no_standing_there(world: World, method: str, path: str, body: Any) -> None:
    world.clock.now = API_ENFORCED
    answer = await world.send(cast.FIR_ADMIN, method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (404, "confirmation.feature-absent")
    assert world.rows("select count(*) from ending") == world.rows("select count(*) from audit_record") == [(0,)]
    assert (await world.ask(cast.FIR_ADMIN, cast.GINKGO))["verdict"] == "allow"


async def test_the_wire_has_no_agreement_there(world: World) -> None:
    for method, body in (("GET", None), ("POST", agreement())):
        answer = await world.send(cast.FIR_ADMIN, method, f"/v1/customers/{cast.GINKGO}/agreements", body)
        assert (answer.status_code, answer.json()["code"]) == (404, 1000)
    metadata = await world.send(cast.FIR_ADMIN, "GET", "/v1/agreements")
    assert (metadata.status_code, metadata.json()["code"]) == (404, 1000)


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_pages_and_questions_say_the_same(world: World, language: str) -> None:
    someone = await visitor(world, cast.FIR_ADMIN, language)
    answered = {path: (await someone.get(path)).status for path in PAGES}
    assert answered == dict.fromkeys(PAGES, 404)
    shown = await someone.get(PAGE)
    assert not [link for link in shown.page.links if link.partition("?")[0] in {one.partition("?")[0] for one in PAGES}]
    sentence = text("answer.absent", language, cloud=text("answer.cloud.us_government", language))
    assert " ".join(sentence.split()) in (await someone.get("/questions")).text
