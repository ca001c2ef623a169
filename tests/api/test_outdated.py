"""A newer text through time, on both channels: reminded, overdue, confirmed again; and the wire says nothing of it (R33–R38)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agreegate.services.orders.renewal import run_renewals
from tests import personas as cast
from tests.dashboard.visitor import visitor
from tests.operations import OFFER
from tests.texts import AMERICA, publish
from tests.world import API_ENFORCED, AUGUST, World

STANDING = f"/api/customers/{cast.CEDAR}/standing"
CONFIRMATIONS = f"/v1/customers/{cast.CEDAR}/agreements"
NEWER = datetime(2019, 5, 1, tzinfo=UTC)
TEXT = {AMERICA: ("text.md", b"# Sample\n\nMade up.\n")}


async def order(world: World) -> int:
    """Order through the API; the status."""
    lines = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 3}]}
    return (await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/orders", lines)).status_code


async def agreement(world: World) -> dict[str, Any]:
    answer = await world.send(cast.ALDER_SALES, "GET", STANDING)
    assert answer.status_code == 200
    return next(one for one in answer.json()["agreements"] if one["templateId"] == cast.CLOUD_AGREEMENT)


async def codes(world: World, channel: str, action: str = "new_purchase") -> list[str]:
    decision = await world.ask(cast.ALDER_SALES, cast.CEDAR, channel=channel, action=action)
    assert decision["verdict"] == "allow"
    return [advisory["code"] for advisory in decision["advisories"]]


@pytest.mark.rule("R33", "R34", "R35", "R36", "R37", "X4", "X5", "X15")
async def test_through_time_on_both_channels(world: World) -> None:
    assert world.clock.now == AUGUST
    await publish(world, TEXT)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    assert await order(world) == 201
    [(ends,)] = world.rows("select commitment_end_at from subscription")
    written = datetime.fromtimestamp(ends / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.clock.now = API_ENFORCED
    await publish(world, TEXT, "1.1", major=False, effective_from=API_ENFORCED)
    await publish(world, TEXT, "2", effective_from=NEWER)
    before = await world.send(cast.ALDER_SALES, "GET", CONFIRMATIONS)

    steps: list[tuple[datetime, str, list[str]]] = [
        (API_ENFORCED, "current", []),
        (NEWER, "outdated", ["confirmation.outdated"]),
        (datetime.fromtimestamp(ends / 1e6, UTC), "overdue", ["confirmation.outdated", "renewal.overdue"]),
    ]
    for now, state, advisories in steps:
        world.clock.now = now
        await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}/subscriptions")
        await run_due(world)
        found = await agreement(world)
        assert found["state"] == state
        assert found["outdatedSince"] == (None if state == "current" else "2019-05-01T00:00:00Z")
        if state == "outdated":
            assert found["renewBy"] == written
        for channel in ("api", "dashboard"):
            assert await codes(world, channel) == advisories
            assert await codes(world, channel, "auto_renewal") == []
        assert await order(world) == 201, "presence suffices"
        wire = await world.send(cast.ALDER_SALES, "GET", CONFIRMATIONS)
        assert wire.json() == before.json(), "the wire has no word for it"
    again = await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed=world.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert again.status_code == 201
    assert (await agreement(world))["state"] == "current"
    assert [await codes(world, channel) for channel in ("api", "dashboard")] == [[], []]


async def run_due(world: World) -> None:
    """What the server does by itself as time passes."""
    await run_renewals(world.store, world.clock.now)


@pytest.mark.rule("R34", "R37")
@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en",
            [
                ["Agreement: outdated", "A newer text has been in force since 1 May 2019.",
                 "The confirmation must be renewed before"],
                ["Agreement: overdue", "and a renewal ran without it.",
                 "The confirmation must be renewed before"],
            ],
        ),
        (
            "fr",
            [
                ["version antérieure", "Un texte plus récent est en vigueur depuis le 1er mai 2019.",
                 "La confirmation doit être renouvelée avant le"],
                ["en retard", "et un renouvellement a eu lieu sans lui.",
                 "La confirmation doit être renouvelée avant le"],
            ],
        ),
    ],
)  # fmt: skip
async def test_the_customers_page_and_the_record_say_it(world: World, language: str, texts: list[list[str]]) -> None:
    await publish(world, TEXT)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    assert await order(world) == 201
    [(ends,)] = world.rows("select commitment_end_at from subscription")
    await publish(world, TEXT, "2", effective_from=NEWER)
    someone = await visitor(world, cast.ALDER_ADMIN, language)
    for now, words in zip((NEWER, datetime.fromtimestamp(ends / 1e6, UTC)), texts, strict=True):
        world.clock.now = now
        await run_due(world)
        for path in (f"/customers/{cast.CEDAR}", f"/customers/{cast.CEDAR}/record"):
            shown = await someone.get(path)
            for one in words:
                assert one in shown.text, (path, one)


@pytest.mark.rule("R37")
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The confirmation must be renewed before the next new order."),
        ("fr", "La confirmation doit être renouvelée avant la prochaine commande."),
    ],
)
async def test_without_subscriptions_the_page_says_before_the_next_order(
    world: World, language: str, sentence: str
) -> None:
    await publish(world, TEXT)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await publish(world, TEXT, "2", effective_from=NEWER)
    world.clock.now = NEWER
    someone = await visitor(world, language=language)
    assert sentence in (await someone.get(f"/customers/{cast.CEDAR}")).text
    overview = await someone.get("/customers?state=outdated")
    assert overview.status == 200, "lists know three states; what they do not know they leave out"
