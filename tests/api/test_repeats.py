"""The same request again: what is recorded of it, and when its kept answer is no longer true (contract 3.10, B3)."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from agreegate.i18n import text
from agreegate.storage.engine.unit_of_work import to_micros
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR
from tests.dashboard.visitor import visitor
from tests.operations import OFFER, confirmation
from tests.world import API_ENFORCED, World, agreement

pytestmark = pytest.mark.fault("B3")
DOGWOOD = f"/v1/customers/{cast.DOGWOOD}"
OWN = f"/api/customers/{cast.DOGWOOD}"
REQUEST = {"MS-RequestId": "0f6b2c1e-7a57-4d7e-9d9c-0f5f3f0a2b41"}
ORDER = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 3}]}
DOORS: list[tuple[str, dict[str, Any]]] = [
    (f"{DOGWOOD}/agreements", agreement()),
    (f"{OWN}/confirmations", confirmation()),
]
"""Where a program confirms, and with what."""


async def post(world: World, path: str, body: object) -> httpx2.Response:
    """The same request each time."""
    return await world.send(cast.ALDER_SALES, "POST", path, body, REQUEST)


def forget(world: World) -> None:
    """A day of the machine's clock has gone by for what was answered."""
    world.change("update idempotency set kept_at = kept_at - ?", timedelta(hours=24) // timedelta(microseconds=1))


def verdicts(world: World) -> list[str]:
    return [verdict for (verdict,) in world.rows("select verdict from decision order by decided_at")]


async def end(world: World, how: str) -> None:
    """What was confirmed ends."""
    if how == "parted":
        answer = await world.send(cast.ALDER_SALES, "PATCH", DOGWOOD, {"relationshipToPartner": "none"})
    else:
        body = {"reason": how, "note": "Made up.", "templateId": cast.CLOUD_AGREEMENT}
        answer = await world.send(cast.ALDER_SALES, "POST", f"{OWN}/standing/end", body)
    assert answer.status_code == 200, answer.text


async def test_an_order_that_is_placed_again_after_its_answer_went_has_a_decision_of_its_own(world: World) -> None:
    assert (await post(world, f"{DOGWOOD}/orders", ORDER)).status_code == 201
    assert (await post(world, f"{DOGWOOD}/orders", ORDER)).status_code == 201
    assert (len(world.rows("select * from order_")), verdicts(world)) == (1, ["allow"])
    forget(world)
    assert (await post(world, f"{DOGWOOD}/orders", ORDER)).status_code == 201
    assert (len(world.rows("select * from order_")), verdicts(world)) == (2, ["allow", "allow"])


async def test_the_demos_clock_makes_no_repeat_a_new_order(world: World) -> None:
    first = await post(world, f"{DOGWOOD}/orders", ORDER)
    world.clock.now += timedelta(days=400)
    assert (await post(world, f"{DOGWOOD}/orders", ORDER)).content == first.content
    world.clock.now = API_ENFORCED + timedelta(days=400)
    assert verdicts(world) == ["allow"]


async def test_a_refused_order_that_is_repeated_adds_no_decision_until_the_answer_changes(world: World) -> None:
    world.clock.now = API_ENFORCED
    refused = [await post(world, f"{DOGWOOD}/orders", ORDER) for _ in range(3)]
    assert {(answer.status_code, answer.content) for answer in refused} == {(403, refused[0].content)}
    assert verdicts(world) == ["deny"]
    assert world.rows("select * from idempotency") == []
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    world.clock.now += timedelta(minutes=1)
    assert (await post(world, f"{DOGWOOD}/orders", ORDER)).status_code == 201
    assert verdicts(world) == ["deny", "allow"]


@pytest.mark.parametrize(("path", "body"), DOORS, ids=["wire", "api"])
@pytest.mark.parametrize("how", ["no_longer_agrees", "recorded_in_error", "parted"])
async def test_the_kept_answer_of_a_confirmation_that_ended_is_not_given_again(
    world: World, path: str, body: dict[str, Any], how: str
) -> None:
    first = await post(world, path, body)
    again = await post(world, path, body)
    assert (again.status_code, again.content) == (201, first.content)
    await end(world, how)
    before = world.rows("select * from confirmation")
    refused = await post(world, path, body)
    error = refused.json()
    assert (refused.status_code, error["code"]) == (409, 3000 if path == DOORS[0][0] else "confirmation.ended-since")
    assert text("confirmation.ended-since", "en") in (error.get("description"), error.get("detail"))
    assert world.rows("select * from confirmation") == before
    if how != "parted":
        assert (await world.send(cast.ALDER_SALES, "POST", path, body)).status_code == 201, "a new request confirms"
        assert (await post(world, path, body)).status_code == 409, "and the old one stays what it was"


@pytest.mark.parametrize(("path", "body"), DOORS, ids=["wire", "api"])
async def test_the_kept_answer_of_a_confirmation_that_was_corrected_is_given_again(
    world: World, path: str, body: dict[str, Any]
) -> None:
    first = await post(world, path, body)
    assert (await world.confirm(cast.ALDER_SALES, cast.DOGWOOD, primaryContact__firstName="Nia")).status_code == 201
    assert (await post(world, path, body)).content == first.content


async def test_a_relationship_that_came_back_does_not_bring_the_kept_answer_back(world: World) -> None:
    path, body = DOORS[0]
    assert (await post(world, path, body)).status_code == 201
    await end(world, "parted")
    now = to_micros(world.clock.now)
    world.change(
        "update relationship set period = 2, ended_at = null, started_at = ? where customer_id = ?", now, cast.DOGWOOD
    )
    assert (await post(world, path, body)).status_code == 409


async def test_orders_and_customers_are_answered_as_kept_whatever_ended(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    world.clock.now = API_ENFORCED
    placed = await post(world, f"{DOGWOOD}/orders", ORDER)
    assert placed.status_code == 201
    await end(world, "no_longer_agrees")
    again = await post(world, f"{DOGWOOD}/orders", ORDER)
    assert (again.status_code, again.content) == (201, placed.content)
    assert verdicts(world) == ["allow"]


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_form_whose_confirmation_ended_is_not_reported_as_saved(world: World, language: str) -> None:
    someone = await visitor(world, cast.ALDER_SALES, language)
    path = f"/customers/{cast.DOGWOOD}/confirmation"
    form = (await someone.get(path)).page.form()
    typed = ACCEPTOR | {"accepted_on": "2018-08-14"}
    assert (await someone.send(path, form, **typed)).path == f"/customers/{cast.DOGWOOD}"
    assert (await someone.send(path, form, **typed)).path == f"/customers/{cast.DOGWOOD}", "a reload"
    await end(world, "recorded_in_error")
    refused = await someone.send(path, form, **typed)
    assert refused.status == 409
    assert text("form.confirmation-ended", language) in refused.text
    assert len(world.rows("select * from confirmation")) == 1
    assert (await someone.send(path, refused.page.form())).path == f"/customers/{cast.DOGWOOD}"
    assert len(world.rows("select * from confirmation")) == 2
