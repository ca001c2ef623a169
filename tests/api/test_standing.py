"""What the standing shows beside a confirmation: through whom the data came, and what spoke against the acceptor."""

import pytest

from tests import personas as cast
from tests.dashboard.visitor import visitor
from tests.world import World

STANDING = f"/api/customers/{cast.CEDAR}/standing"


@pytest.mark.rule("R24", "R41")
async def test_a_warning_is_kept_for_the_api_too_and_nothing_is_asked_or_reported_on_the_wire(world: World) -> None:
    answer = await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__email="noa@eu.birch.example")
    assert answer.status_code == 201
    assert "warning" not in answer.text
    listed = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}/agreements")
    assert "warning" not in listed.text
    standing = (await world.send(cast.ALDER_SALES, "GET", STANDING)).json()
    [confirmed] = [one["confirmation"] for one in standing["agreements"] if one["confirmation"]]
    assert confirmed["warnings"] == ["reseller_domain"]
    assert confirmed["collectedThrough"] is None
    assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"


@pytest.mark.rule("R23")
async def test_through_whom_the_data_came_is_shown_to_the_provider_alone(world: World) -> None:
    await (await visitor(world)).fill(
        f"/customers/{cast.CEDAR}/confirmation",
        acceptor_first_name="Nora",
        acceptor_last_name="Whitfield",
        acceptor_email="nora@cedar.example",
        accepted_on="2018-08-10",
        collected_through=cast.BIRCH,
        collected_from="Kim Marsh",
        collected_on="2018-08-12",
    )
    standing = await world.send(cast.ALDER_SALES, "GET", STANDING)
    [confirmed] = [one["confirmation"] for one in standing.json()["agreements"] if one["confirmation"]]
    assert confirmed["collectedThrough"] == {"resellerId": cast.BIRCH, "person": "Kim Marsh", "date": "2018-08-12"}
    assert confirmed["warnings"] == []
    for other in (cast.HAZEL_ADMIN, cast.BIRCH_SALES):
        assert "Kim" not in (await world.send(other, "GET", STANDING)).text
    wire = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}/agreements")
    assert "Kim" not in wire.text
