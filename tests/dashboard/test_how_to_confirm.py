"""The page that every denial leads to: readable by anybody, true on every date, with the whole flow of both channels."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests import personas as cast
from tests.dashboard.reading import Page
from tests.dashboard.visitor import visitor
from tests.operations import Case, order
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED, World


@pytest.mark.rule("R15", "R18", "R20", "R21", "R22", "R24", "R25", "R41", "R42", "R46")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["First name", "Phone number (optional)", "Agreegate sends no mail", "No evidence is uploaded",
                "Admin agents and Sales agents", "An indirect reseller never confirms",
                "The customer decides who in its organisation is authorised", "confirm on the dashboard",
                "A confirmation made on one channel counts on both", "It is recorded that the customer no longer agrees"]),
        ("fr", ["Prénom", "Numéro de téléphone (facultatif)", "Agreegate n’envoie aucun e-mail", "Aucune preuve n’est à déposer",
                "Les agents d’administration et commerciaux", "Un revendeur indirect ne confirme jamais",
                "Une confirmation faite sur un canal vaut pour les deux", "Il est enregistré que le client n’accepte plus"]),
    ],
)  # fmt: skip
async def test_anybody_reads_what_is_needed_who_may_and_what_to_do(
    world: World, language: str, expected: list[str]
) -> None:
    guest = await visitor(world, None, language)
    shown = await guest.get("/how-to-confirm")
    assert shown.status == 200
    assert [sentence for sentence in expected if sentence not in shown.text] == []
    assert shown.page.tags.count("h1") == 1
    assert "/agreements" not in shown.page.links, "that page asks to sign in"


@pytest.mark.rule("R1", "R2", "R3", "R4", "R5")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2018, 8, 6, tzinfo=UTC), "Confirmations do not exist yet"),
        (AUGUST, "optional until 7 November 2018"),
        (DASHBOARD_ENFORCED, "since 7 November 2018"),
        (DASHBOARD_ENFORCED, "optional until 22 March 2019"),
        (API_ENFORCED, "since 22 March 2019"),
    ],
)
async def test_it_says_the_dates_in_force_now(world: World, now: datetime, expected: str) -> None:
    world.clock.now = now
    assert expected in Page((await world.send(None, "GET", "/how-to-confirm")).text).text


@pytest.mark.rule("R50")
async def test_the_flow_it_shows_is_the_one_that_works(world: World) -> None:
    """The template it names, an order refused with the code it names, the confirmation, and the same order again."""
    world.clock.now = API_ENFORCED
    text = Page((await world.send(None, "GET", "/how-to-confirm")).text).text
    assert f'"templateId":"{cast.CLOUD_AGREEMENT}"' in text
    assert '"dateAgreed":"2019-03-22T00:00:00Z"' in text
    placed = order(Case(cast.HAZEL, cast.ELM, "elm.example"))
    path = f"/v1/customers/{cast.ELM}/orders"
    refused = await world.send(cast.HAZEL_ADMIN, "POST", path, placed)
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    assert '403 {"code":13605' in text
    body: dict[str, Any] = {
        "primaryContact": {"firstName": "Noa", "lastName": "Berg", "email": "noa@elm.example"},
        "templateId": cast.CLOUD_AGREEMENT,
        "dateAgreed": "2019-03-22T00:00:00Z",
        "type": "MicrosoftCloudAgreement",
    }
    agreements = f"/v1/customers/{cast.ELM}/agreements"
    assert (await world.send(cast.HAZEL_ADMIN, "POST", agreements, body)).status_code == 201
    assert (await world.send(cast.HAZEL_ADMIN, "GET", agreements)).json()["totalCount"] == 1
    assert (await world.send(cast.HAZEL_ADMIN, "POST", path, placed)).status_code == 201


@pytest.mark.parametrize(
    ("user", "links", "absent"),
    [
        (cast.ALDER_SALES, {"/customers", "/agreements"}, {"/providers"}),
        (cast.BIRCH_SALES, {"/providers", "/agreements"}, set()),
        (cast.FIR_ADMIN, {"/agreements"}, {"/providers"}),
    ],
)
async def test_it_leads_each_reader_where_that_one_may_go(
    world: World, user: str, links: set[str], absent: set[str]
) -> None:
    guest = await visitor(world, user)
    shown = await guest.get("/how-to-confirm")
    assert links <= set(shown.page.links)
    assert not absent & set(shown.page.links)


async def test_a_page_refused_to_a_reseller_leads_here(world: World) -> None:
    guest = await visitor(world, cast.BIRCH_SALES)
    shown = await guest.get("/resellers")
    assert shown.status == 403
    assert "/how-to-confirm" in shown.page.links
