"""The printable record: everything about one customer's acceptance, and nothing of anybody else's (R48)."""

import re
from datetime import timedelta

import pytest

from tests import personas as cast
from tests.dashboard.past import CEDAR, end, order
from tests.dashboard.visitor import link_to, visitor
from tests.operations import OFFER
from tests.world import API_ENFORCED, World

RECORD = f"{CEDAR}/record"


@pytest.mark.rule("R17", "R20", "R26", "R27", "R41", "R48")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Record of acceptance: Cedar Bakery", "Made 22 March 2019, 00:00 UTC 2019-03-22T00:00:00.000000Z",
                "Made by admin@alder.example, Alder Distribution", "Microsoft Cloud Agreement, microsoft-cloud-agreement@2",
                "Microsoft Cloud Agreement: no longer agrees", "noa@contoso.example", "Marked as recorded in error",
                "ended: recorded in error", "ended: no longer agrees", "corrected or renewed", "By phone.",
                "New purchase, through the API", "refused", "allowed", "(rule R47)", "Mail × 3",
                "sales@alder.example, through the API", "Entries of the history are never changed or deleted",
            ],
        ),
        (
            "fr",
            [
                "État des acceptations : Cedar Bakery", "Établi par admin@alder.example, Alder Distribution",
                "Contrat Microsoft Cloud : n’accepte plus", "noa@contoso.example", "Marquée comme enregistrée par erreur",
                "terminée : n’accepte plus", "corrigée ou renouvelée", "Nouvel achat, par l’API", "refus", "autorisation",
                "ne sont jamais modifiées ni supprimées",
            ],
        ),
    ],
)  # fmt: skip
async def test_it_answers_a_regulators_question(world: World, language: str, expected: list[str]) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__lastName="Mistaken")
    await end(world, reason="recorded_in_error", templateId=cast.CLOUD_AGREEMENT, note="Typed twice.")
    made = await order(world)
    world.clock.now += timedelta(days=1, microseconds=7)
    await end(world, reason="no_longer_agrees", note="By phone.")
    await world.confirm(cast.HAZEL_ADMIN, cast.CEDAR, primaryContact__lastName="Quillfeather")
    world.clock.now = API_ENFORCED
    lines = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 3}]}
    assert (await world.send(cast.ALDER_SALES, "POST", f"/v1{CEDAR}/orders", lines)).status_code == 403
    shown = await (await visitor(world, cast.ALDER_ADMIN, language)).get(RECORD)
    assert shown.status == 200
    for words in expected:
        assert words in shown.text, words
    ids = world.rows(
        "select confirmation_id, template_id, request_id from confirmation where partner_id = ?", cast.ALDER
    )
    ids += world.rows("select ending_id from ending")
    ids += world.rows("select decision_id from decision where partner_id = ?", cast.ALDER)
    for row in [*ids, (made["id"], cast.CEDAR, cast.ALDER, "2018-08-16T00:00:00.000007Z")]:
        for id_ in row:
            assert id_ in shown.text
    assert "Quillfeather" not in shown.text


async def test_of_a_customer_of_whom_nothing_was_recorded_it_says_so(world: World) -> None:
    shown = await (await visitor(world)).get(f"/customers/{cast.DOGWOOD}/record")
    for words in ("Agreement: not confirmed", "Nothing was recorded yet.", "We have checked no order or change yet.",
                  "Nothing was ordered yet."):  # fmt: skip
        assert words in shown.text


@pytest.mark.rule("R12")
async def test_reading_it_changes_nothing_and_leaves_no_trace(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    someone = await visitor(world)
    counted = "select (select count(*) from audit_record), (select count(*) from decision)"
    before = world.rows(counted)
    await someone.get(RECORD)
    await someone.get(CEDAR)
    assert world.rows(counted) == before


async def test_when_there_is_more_than_fits_it_says_so_and_where_the_rest_is(world: World) -> None:
    for _ in range(251):
        await order(world)
    someone = await visitor(world)
    shown = await someone.get(RECORD)
    assert shown.text.count("Mail × 3") == 250
    assert "This sheet does not show all of them." in shown.text
    rest = await someone.get(RECORD + link_to(shown.page, r"^\?orders=after"))
    assert rest.text.count("Mail × 3") == 1
    assert len(re.findall("This sheet does not show all", rest.text)) == 2  # of the orders, and of the decisions


async def test_its_print_leaves_out_what_is_only_for_finding_the_way(world: World) -> None:
    style = (await world.send(None, "GET", "/static/agreegate.css")).text
    printed = style[style.index("@media print") :]
    assert re.search(r"header, footer, \.actions, \.skip \{ display: none; \}", printed)
