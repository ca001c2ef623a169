"""A provider and its resellers: whose data are missing, the request to copy, and what came of it."""

import csv
import io
import re
from datetime import timedelta

import pytest

from agreegate.services.totals import TotalsLimits
from agreegate.storage.agreements.text import add_text_version
from tests import personas as cast
from tests.dashboard.visitor import Visitor, link_to, visitor
from tests.texts import draft as text_draft
from tests.world import AUGUST, World

HOSTILE = "<script>alert(1)</script>"
RIGHT_TO_LEFT = "مخبز الأرز"
BIRCH, HORNBEAM = f"/resellers/{cast.BIRCH}", f"/resellers/{cast.HORNBEAM}"


def rename(world: World, customer: str, name: str) -> None:
    """The customer's company is called otherwise."""
    world.change("update customer set company_name = ? where customer_id = ?", name, customer)


async def ask(guest: Visitor, reseller: str = BIRCH) -> str:
    """Ask a reseller; where its text is."""
    shown = await guest.fill(f"{reseller}/request")
    assert shown.status == 200, shown.text
    return str(shown.answer.url)


@pytest.mark.rule("R22", "R23", "R27")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["Resellers", "Birch IT", "Not confirmed", "Nothing is sent from here"]),
        ("fr", ["Revendeurs", "Birch IT", "Non confirmé", "Rien n’est envoyé d’ici"]),
    ],
)
async def test_a_provider_sees_its_resellers_and_how_their_customers_stand(
    world: World, language: str, expected: list[str]
) -> None:
    guest = await visitor(world, cast.ALDER_SALES, language)
    shown = await guest.get("/resellers")
    assert shown.status == 200
    assert [sentence for sentence in expected if sentence not in shown.text] == []
    assert BIRCH in shown.page.links
    assert "/resellers" in shown.page.links


@pytest.mark.rule("R22", "R23", "R27")
async def test_one_reseller_shows_who_is_missing_since_when_and_leads_to_the_form(world: World) -> None:
    guest = await visitor(world)
    shown = await guest.get(HORNBEAM)
    assert "Cedar Bakery not confirmed 1 July 2018 not asked" in shown.text
    assert f"/customers/{cast.CEDAR}/confirmation?collected={cast.HORNBEAM}" in shown.page.links
    world.clock.now += timedelta(days=1)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)  # one record, for every reseller
    ending = {"reason": "no_longer_agrees", "note": ""}
    await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{cast.FRENE}/standing/end", ending)
    shown = await guest.get(HORNBEAM)
    assert "Frêne Conseil no longer agrees 16 August 2018" in shown.text
    assert "Cedar" not in shown.text
    assert "Every customer of this reseller is confirmed" in (await guest.get(BIRCH)).text


@pytest.mark.rule("R22", "R34")
async def test_a_reseller_is_counted_by_the_states_of_its_own_customers(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)  # of both resellers
    for label, effective in (("1", AUGUST - timedelta(days=90)), ("2", AUGUST + timedelta(days=9))):
        draft = text_draft(label, effective_from=effective)
        await world.store.write(lambda uow, draft=draft: add_text_version(uow, draft, "tests"))
    guest = await visitor(world)
    assert f"/reconfirmations?reseller={cast.HORNBEAM}" not in (await guest.get(HORNBEAM)).page.links
    world.clock.now = AUGUST + timedelta(days=10)
    resellers = re.sub(r"\s+", " ", (await guest.get("/resellers")).text)
    assert "Birch IT 0 1 0 0 0 0 none" in resellers
    assert "Hornbeam Informatique 0 1 0 1 0 0 none" in resellers
    hornbeam = await guest.get(HORNBEAM)
    assert "Confirmed 0 Outdated 1 Overdue 0 Not confirmed 1 No longer agrees 0" in re.sub(r"\s+", " ", hornbeam.text)
    assert f"/customers?state=outdated&reseller={cast.HORNBEAM}" in hornbeam.page.links
    assert f"/reconfirmations?reseller={cast.HORNBEAM}" in hornbeam.page.links


async def test_totals_of_many_customers_are_counted_beside_the_pages(world: World) -> None:
    guest = await visitor(world)
    world.deployment.totals.limits = TotalsLimits(counted_at_once=0, used_for=timedelta())  # none is ever new enough
    for path in ("/resellers", BIRCH):
        counting = await guest.get(path)
        assert "Agreegate is counting the customers." in counting.text
        assert f'hx-get="{path}"' in counting.page.html
    assert "Cedar Bakery" in counting.text, "lists are of now"
    world.deployment.totals.limits = TotalsLimits(counted_at_once=0)
    await guest.get("/resellers")
    await world.deployment.totals.settle()
    assert "As of 00:00 UTC." in (await guest.get("/resellers")).text
    assert "Not confirmed 1" in re.sub(r"\s+", " ", (await guest.get(BIRCH)).text)


@pytest.mark.rule("R15", "R18", "R22", "R23", "R24")
@pytest.mark.parametrize(
    ("expected", "data"),
    [
        (
            ["Hello Hornbeam Informatique", "Neither a reseller nor a provider can accept for a customer",
             "The person who accepted works in the customer’s organisation", "Microsoft Cloud Agreement"],
            ["First name:", "Last name:", "E-mail address:", "Phone number (optional):", "Date of acceptance"],
        ),
        (
            ["Bonjour Hornbeam Informatique", "Ni un revendeur ni un fournisseur ne peut accepter",
             "travaille dans l’organisation du client"],
            ["Prénom :", "Nom :", "Adresse e-mail :", "Numéro de téléphone (facultatif) :", "Date d’acceptation"],
        ),
    ],
)  # fmt: skip
async def test_the_request_is_ready_to_copy_in_both_languages(
    world: World, expected: list[str], data: list[str]
) -> None:
    guest = await visitor(world)
    shown = await guest.get((await ask(guest, HORNBEAM))[len("http://127.0.0.1:8400") :])
    assert [sentence for sentence in expected if sentence not in shown.text] == []
    for member in data:
        assert shown.text.count(f" {member}") == 2, "once for each customer"
    assert "Cedar Bakery" in shown.text
    assert cast.FRENE in shown.text
    assert "Nothing is sent from here" in shown.text


@pytest.mark.rule("R15", "R23")
async def test_the_request_is_a_file_to_fill_in_too(world: World) -> None:
    rename(world, cast.CEDAR, '=cmd|"/c calc"!A1')
    guest = await visitor(world)
    text = await guest.get((await ask(guest))[len("http://127.0.0.1:8400") :])
    for language, column, separator in [("en", "First name", ","), ("fr", "Prénom", ";")]:
        file = await guest.client.get(link_to(text.page, f"request.csv.*lang={language}"))
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff")), delimiter=separator))
        assert len(rows) == 2
        assert column in rows[0]
        assert rows[1] == [cast.CEDAR, '\'=cmd|"/c calc"!A1', "", "", "", "", ""]


@pytest.mark.rule("R18", "R23")
async def test_a_request_is_followed_from_asked_to_confirmed(world: World) -> None:
    guest = await visitor(world)
    assert "Nothing was sent" in (await guest.fill(f"{BIRCH}/request")).text
    assert "asked on 15 August 2018" in (await guest.get(BIRCH)).text
    world.clock.now += timedelta(days=3)
    reseller = await guest.get(BIRCH)
    noting = link_to(reseller.page, "/requests/.")
    done = await guest.fill(noting, outcome="received")
    assert done.path == f"/customers/{cast.CEDAR}/confirmation"
    assert str(done.answer.url).endswith(f"?collected={cast.BIRCH}")
    assert done.page.form().fields["collected_through"] == [cast.BIRCH]
    other = await guest.get(f"{done.path}?collected={cast.HAZEL}")
    assert other.page.form().fields["collected_through"] == [""]
    shown = await guest.get(noting)
    assert "Received on 18 August 2018" in shown.text
    assert "only a confirmation allows orders" in shown.text
    world.clock.now += timedelta(days=2)
    await world.confirm(cast.ALDER_ADMIN, cast.CEDAR)
    world.clock.now += timedelta(days=30)
    shown = await guest.get(f"{BIRCH}/requests")
    assert (
        "15 August 2018 sales@alder.example 18 August 2018 no 20 August 2018 admin@alder.example 5 closed" in shown.text
    )
    assert "This request is closed" in (await guest.get(noting)).text
    assert [row[0] for row in world.rows("select operation_type from audit_record order by operation_at")] == [
        "create_collection_request",
        "receive_collection_request",
        "record_confirmation",
    ]


async def test_a_request_returned_needs_a_reason_and_can_be_made_again(world: World) -> None:
    guest = await visitor(world)
    await ask(guest)
    noting = link_to((await guest.get(BIRCH)).page, "/requests/.")
    empty = await guest.fill(noting, outcome="returned", reason="  ")
    assert (empty.status, "Give the reason" in empty.text) == (422, True)
    assert world.rows("select returned_at from reseller_request") == [(None,)]
    done = await guest.fill(noting, outcome="returned", reason=f"{HOSTILE} {RIGHT_TO_LEFT}")
    assert done.path == f"{BIRCH}/requests"
    assert f"{HOSTILE} {RIGHT_TO_LEFT}" in done.text
    assert HOSTILE not in done.page.html
    assert cast.CEDAR in (await guest.get(f"{BIRCH}/request")).page.form().fields["customer"]
    await ask(guest)
    assert len(world.rows("select 1 from reseller_request")) == 2


async def test_what_is_wrong_with_a_form_is_said_and_nothing_done(world: World) -> None:
    guest = await visitor(world)
    nobody = await guest.fill(f"{HORNBEAM}/request", customer=None)
    assert (nobody.status, "Choose at least one customer" in nobody.text) == (422, True)
    assert "customers" in nobody.page.ids
    crowd = await guest.fill(f"{HORNBEAM}/request", customer=[cast.CEDAR] * 101)
    assert (crowd.status, "100 customers at most" in crowd.text) == (422, True)
    foreign = await guest.fill(f"{HORNBEAM}/request", customer=[cast.DOGWOOD, cast.ELM, "x", HOSTILE])
    assert (foreign.status, "Nothing was noted" in foreign.text) == (409, True)
    assert world.rows("select 1 from reseller_request") == []
    await ask(guest)
    noting = link_to((await guest.get(BIRCH)).page, "/requests/.")
    odd = await guest.fill(noting, outcome="perhaps")
    assert (odd.status, "Choose what came back" in odd.text) == (422, True)


async def test_a_second_click_and_a_colleague_change_nothing_twice(world: World) -> None:
    guest, colleague = await visitor(world), await visitor(world, cast.ALDER_ADMIN)
    form = (await guest.get(f"{BIRCH}/request")).page.form()
    late = (await colleague.get(f"{BIRCH}/request")).page.form()
    first = await guest.send(f"{BIRCH}/request", form)
    again = await guest.send(f"{BIRCH}/request", form)
    assert first.answer.url == again.answer.url
    after = await colleague.send(f"{BIRCH}/request", late)
    assert (after.status, "asked for meanwhile" in after.text) == (409, True)
    assert len(world.rows("select 1 from reseller_request")) == 1
    noting = link_to((await guest.get(BIRCH)).page, "/requests/.")
    late = (await colleague.get(noting)).page.form()
    await guest.fill(noting, outcome="returned", reason="Nobody answers")
    after = await colleague.send(noting, late, outcome="received")
    assert (after.status, "Another user noted an answer meanwhile" in after.text) == (409, True)


async def test_one_customer_can_be_asked_for_alone(world: World) -> None:
    guest = await visitor(world)
    shown = await guest.get(f"{HORNBEAM}/request?customer={cast.FRENE}")
    assert shown.page.form().fields["customer"] == [cast.FRENE]
    await guest.send(f"{HORNBEAM}/request", shown.page.form())
    assert world.rows("select customer_id from reseller_request") == [(cast.FRENE,)]
    assert f"{HORNBEAM}/request" in (await guest.get(HORNBEAM)).page.links
    await ask(guest, HORNBEAM)
    assert f"{HORNBEAM}/request" not in (await guest.get(HORNBEAM)).page.links, "nobody is left"
    assert "No customer is left to ask for" in (await guest.get(f"{HORNBEAM}/request")).text


async def test_a_helpdesk_agent_reads_and_asks_nobody(world: World) -> None:
    guest = await visitor(world)
    await ask(guest)
    helpdesk = await visitor(world, cast.ALDER_HELPDESK)
    shown = await helpdesk.get(BIRCH)
    assert "asked on 15 August 2018" in shown.text
    assert "Your role reads this page" in shown.text
    assert not [link for link in shown.page.links if "confirmation" in link or link.endswith("/request")]
    assert (await helpdesk.get(f"{BIRCH}/requests")).status == 200
    assert (await helpdesk.get(f"{BIRCH}/request")).status == 403


async def test_long_lists_have_pages(world: World) -> None:
    start = int(AUGUST.timestamp() * 1_000_000)
    for number in range(60):
        id_ = f"{number:08x}-0000-4000-8000-00000000c0de"
        world.change(
            "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country,"
            " language, culture, created_at) values (?, ?, ?, ?, ?, ?, 'US', 'en', 'en-US', ?)",
            cast.ALDER, id_, id_, f"Made up {number:02}", f"made up {number:02}", f"c{number}.example", start,
        )  # fmt: skip
        world.change("insert into relationship (partner_id, customer_id, period, started_at) values (?, ?, 1, ?)",
                  cast.ALDER, id_, start)  # fmt: skip
        world.change("insert into customer_reseller values (?, ?, ?, ?)", cast.ALDER, id_, cast.BIRCH, start)
    guest = await visitor(world)
    first = await guest.get(BIRCH)
    assert ("Cedar Bakery" in first.text, "Made up 59" in first.text) == (True, False)
    second = await guest.get(BIRCH + link_to(first.page, r"^\?after="))
    assert ("Cedar Bakery" in second.text, "Made up 59" in second.text) == (False, True)
    back = await guest.get(BIRCH + link_to(second.page, r"^\?before="))
    assert back.text == first.text
    await ask(guest)
    requests = await guest.get(f"{BIRCH}/requests")
    following = await guest.get(f"{BIRCH}/requests" + link_to(requests.page, r"^\?requests=after"))
    assert following.text.count("Note the answer") == 61 - 50
