"""One customer's page: as much of it as its reader may see, in words, with what became of every confirmation."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from agreegate.storage.agreements.text import add_text_version
from tests import personas as cast
from tests.dashboard.past import CEDAR, end, order
from tests.dashboard.typed import HOSTILE
from tests.dashboard.visitor import Reply, link_to, visitor
from tests.operations import OFFER
from tests.texts import draft as text_draft
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED, EVE_OF_API, EVE_OF_DASHBOARD, World

NO_BUTTONS = r"/order$|/confirmation|/recorded-in-error|/no-longer-agrees|/seats|/change|/record$"


def section(reply: Reply, id_: str) -> str:
    """The text of one section of the page."""
    html = reply.page.html
    start = html.index(f'aria-labelledby="{id_}"')
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html[start : html.index("</section>", start)]))


@pytest.mark.rule("R41")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Account information", "Domain cedar.example", "Country United States", "Birch IT Hornbeam Informatique",
                "Relationship since 1 July 2018", "Microsoft Cloud Agreement: confirmed",
                "Accepted on 10 August 2018", "sales@alder.example, through the API", "Mail 3 active on 15 August 2019",
                "completed", "New purchase, through the API allowed",
            ],
        ),
        (
            "fr",
            [
                "Informations sur le compte", "Domaine cedar.example", "Pays États-Unis", "Relation depuis le 1er juillet 2018",
                "Contrat Microsoft Cloud : confirmé", "Accepté le 10 août 2018",
                "sales@alder.example, par l’API", "Mail 3 actif activé 15 août 2019", "exécutée",
                "Nouvel achat, par l’API autorisation",
            ],
        ),
    ],
)  # fmt: skip
async def test_an_agent_sees_everything_whichever_channel_it_came_by(
    world: World, language: str, expected: list[str]
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await order(world)
    shown = await (await visitor(world, language=language)).get(CEDAR)
    assert shown.status == 200
    for words in expected:
        assert words in shown.text, words
    for pattern in NO_BUTTONS.split("|"):
        assert link_to(shown.page, pattern)
    assert link_to(shown.page, rf"/confirmation\?template={cast.CLOUD_AGREEMENT}$")
    assert "/agreements?country=US&language=en-US" in shown.page.links
    assert set(shown.page.labels) <= set(shown.page.ids)
    assert shown.page.tags.count("h1") == 1


@pytest.mark.rule("R12")
@pytest.mark.parametrize("now", [EVE_OF_DASHBOARD, DASHBOARD_ENFORCED, EVE_OF_API, API_ENFORCED])
async def test_reading_is_never_gated(world: World, now: datetime) -> None:
    await order(world)
    world.clock.now = now
    shown = await (await visitor(world)).get(CEDAR)
    assert shown.status == 200
    assert "Microsoft Cloud Agreement: not confirmed" in shown.text
    assert "Mail 3 active" in shown.text


@pytest.mark.rule("R1", "R22", "R31")
@pytest.mark.parametrize(
    ("who", "path", "language", "expected"),
    [
        (cast.ALDER_HELPDESK, CEDAR, "en", "Confirmations are shown to Admin agents and Sales agents."),
        (cast.ALDER_HELPDESK, CEDAR, "fr", "Les confirmations sont visibles par les agents d’administration"),
        (cast.BIRCH_SALES, CEDAR, "en", "Your indirect provider confirms for your customers. Send the provider"),
        (cast.BIRCH_SALES, CEDAR, "fr", "Votre fournisseur indirect confirme pour vos clients."),
        (cast.FIR_ADMIN, f"/customers/{cast.GINKGO}", "en", "Confirmations do not exist there"),
        (cast.FIR_ADMIN, f"/customers/{cast.GINKGO}", "fr", "n’y existent pas"),
    ],
)
async def test_where_the_agreement_is_closed_one_sentence_says_why(
    world: World, who: str, path: str, language: str, expected: str
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await order(world)
    shown = await (await visitor(world, who, language)).get(path)
    assert shown.status == 200
    assert expected in section(shown, "agreement")
    assert "noa@contoso.example" not in shown.text
    assert "Microsoft" not in section(shown, "agreement")
    assert not [link for link in shown.page.links if re.search(r"/confirmation|/recorded-in|/no-longer|/record$", link)]
    assert 'id="history"' not in shown.page.html


async def test_before_the_programme_starts_there_is_nothing_to_confirm(world: World) -> None:
    world.clock.now = datetime(2018, 8, 6, 23, 59, tzinfo=UTC)
    someone = await visitor(world)
    shown = await someone.get(CEDAR)
    assert "They can be recorded from 7 August 2018 on." in section(shown, "agreement")
    assert not [link for link in shown.page.links if re.search(r"/confirmation|/explanation|/record$", link)]
    assert (await someone.get(f"{CEDAR}/record")).status == 404
    assert (await someone.get(f"{CEDAR}/explanation")).status == 404


async def test_helpdesk_reads_what_was_bought_and_decided_and_finds_nothing_to_press(world: World) -> None:
    await order(world)
    shown = await (await visitor(world, cast.ALDER_HELPDESK)).get(CEDAR)
    assert "Mail 3 active" in shown.text
    assert "New purchase, through the API allowed" in shown.text
    assert not [link for link in shown.page.links if re.search(NO_BUTTONS, link)]
    assert [form.action for form in shown.page.forms if form.method == "post"] == ["/sign-out"]


async def test_a_reseller_sees_the_account_and_its_subscriptions_and_where_to_hand_the_data_in(world: World) -> None:
    await order(world)
    await order(world, friendlyName="Through Hornbeam", partnerIdOnRecord="1000007")
    shown = await (await visitor(world, cast.BIRCH_SALES)).get(CEDAR)
    assert "cedar.example" in shown.text
    assert "Mail 3 active" in shown.text
    assert "Through Hornbeam" not in shown.text
    assert "Hornbeam" not in shown.text  # the provider's other resellers are not its business
    assert "/providers" in shown.page.links
    for absent in ("Orders", "Order checks", "History"):
        assert absent not in shown.text
    assert not [link for link in shown.page.links if re.search(NO_BUTTONS, link)]


@pytest.mark.rule("R26")
async def test_another_partners_confirmation_is_not_shown(world: World) -> None:
    await world.confirm(cast.HAZEL_ADMIN, cast.CEDAR, primaryContact__lastName="Quillfeather")
    await order(world, cast.HAZEL_ADMIN, friendlyName="Of Hazel")
    shown = await (await visitor(world)).get(CEDAR)
    assert "Agreement: not confirmed" in shown.text
    assert "Nothing was recorded yet." in shown.text
    assert "The customer has no subscription." in shown.text
    assert "Nothing was ordered yet." in shown.text
    assert "We have checked no order or change yet." in shown.text
    for hidden in ("Quillfeather", "Of Hazel", "hazel"):
        assert hidden not in shown.text


@pytest.mark.rule("R17", "R27")
async def test_a_correction_counts_and_what_it_replaced_stays(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__lastName="Wrong")
    world.clock.now += timedelta(days=1)
    await world.confirm(cast.ALDER_ADMIN, cast.CEDAR, primaryContact__lastName="Right")
    shown = await (await visitor(world)).get(CEDAR)
    assert "Noa Right" in section(shown, "agreement")
    assert "Noa Wrong" not in section(shown, "agreement")
    history = section(shown, "history")
    newer, older = history.index("Noa Right"), history.index("Noa Wrong")
    assert newer < older
    assert "corrected or renewed" in history[:newer]
    assert "admin@alder.example" in history[newer:older]
    assert "counts" in history[newer:older]
    assert "replaced by a later one" in history[older:]


@pytest.mark.rule("R17", "R47")
async def test_endings_stand_in_the_history_and_mark_what_they_ended(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__lastName="First")
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__lastName="Mistaken")
    await end(world, reason="recorded_in_error", templateId=cast.CLOUD_AGREEMENT, note=f"{HOSTILE} typed twice")
    someone = await visitor(world)
    shown = await someone.get(CEDAR)
    assert "Noa First" in section(shown, "agreement")
    history = section(shown, "history")
    assert "Marked as recorded in error" in history[: history.index("Noa Mistaken")]
    assert "ended: recorded in error" in history[history.index("Noa Mistaken") : history.index("Noa First")]
    assert "typed twice" in history

    world.clock.now += timedelta(days=1)
    await end(world, reason="no_longer_agrees", note="By phone.")
    shown = await someone.get(CEDAR)
    agreement = section(shown, "agreement")
    assert "Microsoft Cloud Agreement: no longer agrees" in agreement
    assert "Since 16 August 2018 the customer no longer agrees." in agreement
    assert "Update" not in agreement
    history = section(shown, "history")
    assert history.index("no longer agrees: every confirmation ended") < history.index("Marked as recorded in error")
    assert "ended: no longer agrees" in history[history.index("Noa First") :]
    french = await (await visitor(world, language="fr")).get(CEDAR)
    assert "Depuis le 16 août 2018, le client n’accepte plus." in french.text
    assert "terminée : enregistrée par erreur" in french.text


@pytest.mark.rule("R40")
async def test_once_the_customer_no_longer_agrees_what_it_still_has_is_to_be_cancelled(world: World) -> None:
    await end(world, reason="no_longer_agrees")
    someone = await visitor(world)
    assert f"{CEDAR}/no-longer-agrees" not in (await someone.get(CEDAR)).page.links  # recorded, and nothing to cancel
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await order(world)
    assert "The customer no longer agrees" in (await someone.get(CEDAR)).text
    await end(world, reason="no_longer_agrees")
    shown = await someone.get(CEDAR)
    assert "1 subscription has not ended. Cancel it now." in section(shown, "agreement")
    assert f"{CEDAR}/no-longer-agrees" in shown.page.links
    french = await (await visitor(world, language="fr")).get(CEDAR)
    assert "1 abonnement n’a pas pris fin." in french.text


async def test_a_confirmation_of_an_earlier_relationship_is_marked_so(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    ended = await world.send(
        cast.ALDER_SALES, "PATCH", f"/v1/customers/{cast.CEDAR}", {"relationshipToPartner": "none"}
    )
    assert ended.status_code == 200
    someone = await visitor(world)
    assert (await someone.get(CEDAR)).status == 404
    connection = world.connection()
    later = int((AUGUST + timedelta(days=9)).timestamp() * 1_000_000)
    connection.execute(
        "update relationship set ended_at = null, period = 2, started_at = ? where customer_id = ? and partner_id = ?",
        (later, cast.CEDAR, cast.ALDER),
    )
    connection.close()
    world.clock.now = AUGUST + timedelta(days=10)
    shown = await someone.get(CEDAR)
    assert "Agreement: not confirmed" in section(shown, "agreement")
    assert "of an earlier relationship" in section(shown, "history")


@pytest.mark.rule("R28")
async def test_the_employee_behind_a_designated_account_is_named_or_missed(world: World) -> None:
    headers = {"Agreegate-Confirmed-By": "Ada Quill <ada@alder.example>; ref=4711"}
    someone = await visitor(world)
    await world.confirm(cast.ALDER_MARKETPLACE, cast.CEDAR)
    assert "Employee: not stated yet" in section(await someone.get(CEDAR), "agreement")
    body = (await world.confirm(cast.ALDER_MARKETPLACE, cast.CEDAR)).request.content
    await world.send(cast.ALDER_MARKETPLACE, "POST", f"/v1{CEDAR}/agreements", body, headers)
    shown = section(await someone.get(CEDAR), "agreement")
    for words in ("marketplace@alder.example", "Ada Quill", "ada@alder.example", "4711"):
        assert words in shown


@pytest.mark.rule("R23", "R24")
@pytest.mark.parametrize(
    ("language", "collected", "warned"),
    [
        (
            "en",
            "Collected through Birch IT , Nils Aker , 12 August 2018",
            "an address at the partner’s own organisation",
        ),
        ("fr", "Obtenu par l’intermédiaire de Birch IT , Nils Aker , 12 août 2018", "adresse de l’organisation"),
    ],
)
async def test_through_whom_the_data_came_and_what_spoke_against_the_acceptor_stays_beside_it(
    world: World, language: str, collected: str, warned: str
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    connection = world.connection()
    day = int(datetime(2018, 8, 12, tzinfo=UTC).timestamp() * 1_000_000)
    (number,) = connection.execute("select max(number) from confirmation").fetchone()
    connection.execute(
        "insert into confirmation_collection values (?, ?, ?, ?)", (number, cast.BIRCH, "Nils Aker", day)
    )
    connection.execute("insert into confirmation_warning values (?, 'partner_domain')", (number,))
    connection.close()
    someone = await visitor(world, language=language)
    shown = await someone.get(CEDAR)
    for place in (section(shown, "agreement"), section(shown, "history"), (await someone.get(f"{CEDAR}/record")).text):
        assert collected in place
        assert warned in place


async def test_what_the_customer_accepted_with_the_vendor_itself_is_said_apart(world: World) -> None:
    connection = world.connection()
    connection.execute(
        "insert into direct_acceptance values (?, ?, 'MicrosoftCustomerAgreement', ?)",
        (cast.ALDER, cast.CEDAR, int(datetime(2018, 8, 9, tzinfo=UTC).timestamp() * 1_000_000)),
    )
    connection.close()
    shown = section(await (await visitor(world)).get(CEDAR), "agreement")
    assert "Microsoft Customer Agreement: not confirmed" in shown
    assert "Confirmed: the customer accepted through the vendor on 9 August 2018." in shown
    assert "Counts for orders from 1 October 2019." in shown


async def test_many_orders_and_decisions_are_turned_page_by_page_each_by_itself(world: World) -> None:
    placed = []
    for number in range(23):
        world.clock.now += timedelta(minutes=1)
        placed.append((await order(world, friendlyName=f"Number {number}."))["id"])
    someone, seen, path = await visitor(world), [], CEDAR
    for size in (10, 10, 3):
        shown = await someone.get(path)
        listed = section(shown, "orders")
        seen += re.findall(r"Number \d+\.", listed)
        assert len(re.findall(r"Number \d+\.", listed)) == size
        assert section(shown, "decisions").count("New purchase") == 10
        older = [link for link in shown.page.links if re.match(r"\?orders=after[^&]*#", link)]
        path = f"{CEDAR}{older[0]}" if older else path
    assert seen == [f"Number {number}." for number in reversed(range(23))]
    assert all(id_ for id_ in placed)
    back = await someone.get(CEDAR + link_to(shown.page, r"^\?orders=before"))
    assert "Number 12." in section(back, "orders")
    both = link_to(back.page, r"^\?orders=.*&decisions=after")
    turned = await someone.get(CEDAR + both)
    assert section(turned, "orders") == section(back, "orders")
    assert section(turned, "decisions") != section(back, "decisions")


@pytest.mark.parametrize("asked", ["orders=after-x-y", "orders=before-99999999999999999999-y", "orders=%00", "decisions=-",
                                   "subscriptions=0", "subscriptions=99", "subscriptions=%C2%B2", "orders=after-1-%00"])  # fmt: skip
async def test_a_page_that_cannot_be_is_the_first_or_the_last(world: World, asked: str) -> None:
    await order(world)
    shown = await (await visitor(world)).get(f"{CEDAR}?{asked}")
    assert shown.status == 200
    assert "Mail 3 active" in shown.text


async def test_many_subscriptions_and_lines_and_a_long_history_stay_readable(world: World) -> None:
    lines = [{"lineItemNumber": n, "offerId": OFFER, "quantity": 1, "friendlyName": f"Line {n}."} for n in range(30)]
    placed = await world.send(cast.ALDER_SALES, "POST", f"/v1{CEDAR}/orders", {"lineItems": lines})
    assert placed.status_code == 201
    for number in range(22):
        world.clock.now += timedelta(minutes=1)
        await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__lastName=f"Berg{number}.")
    someone = await visitor(world)
    shown = await someone.get(CEDAR)
    assert "and 25 more lines" in section(shown, "orders")
    assert len(re.findall(r"Line \d+\.", section(shown, "subscriptions"))) == 25
    rest = await someone.get(f"{CEDAR}?subscriptions=2")
    assert len(re.findall(r"Line \d+\.", section(rest, "subscriptions"))) == 5
    assert section(shown, "history").count("Noa Berg") == 20
    assert "The whole history is in the printable record" in shown.text
    assert (await someone.get(f"{CEDAR}/record")).text.count("Noa Berg") == 22


@pytest.mark.rule("R38")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "The text: version 2018-01, inferred from date, country and language."),
        ("fr", "Le texte : version 2018-01, déduite de la date, du pays et de la langue."),
    ],
)
async def test_the_text_that_was_accepted_is_named_with_the_grounds(world: World, language: str, expected: str) -> None:
    draft = text_draft("2018-01", effective_from=AUGUST - timedelta(days=90))
    await world.store.write(lambda uow: add_text_version(uow, draft, "tests"))
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    someone = await visitor(world, language=language)
    assert expected in (await someone.get(CEDAR)).text
    sheet = await someone.get(f"{CEDAR}/record")
    assert expected in sheet.text
    assert "0" * 64 in sheet.text
    answer = await world.send(cast.ALDER_SALES, "GET", f"/api/customers/{cast.CEDAR}/standing")
    text = next(one for one in answer.json()["agreements"] if one["confirmation"])["confirmation"]["text"]
    assert (text["basis"], text["label"], text["country"], text["digest"]) == ("inferred", "2018-01", "US", "0" * 64)
