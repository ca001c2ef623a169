"""An indirect reseller: to whom to give the data, exactly which, for whom; no form, and nothing of any confirmation."""

import pytest

from tests import personas as cast
from tests.dashboard.visitor import visitor
from tests.world import World

HOSTILE = "<script>alert(1)</script>"


@pytest.mark.rule("R15", "R22", "R23", "R24")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["Alder Distribution", "First name", "Last name", "E-mail address", "Phone number (optional)",
                "Date of acceptance", "Your own records open nothing", "Hello Alder Distribution"]),
        ("fr", ["Alder Distribution", "Prénom", "Nom", "Adresse e-mail", "Numéro de téléphone (facultatif)",
                "Date d’acceptation", "Vos propres dossiers ne suffisent pas", "Bonjour Alder Distribution"]),
    ],
)  # fmt: skip
async def test_a_reseller_sees_whom_to_give_exactly_which_data(
    world: World, language: str, expected: list[str]
) -> None:
    guest = await visitor(world, cast.HORNBEAM_SALES, language)
    shown = await guest.get("/providers")
    assert shown.status == 200
    assert [sentence for sentence in expected if sentence not in shown.text] == []
    for customer in (cast.CEDAR, cast.FRENE):
        assert shown.text.count(customer) == 2, "in each text to copy"
    assert "Dogwood" not in shown.text
    assert "/providers" in shown.page.links


@pytest.mark.rule("R22")
async def test_there_is_no_form_anywhere_for_a_reseller(world: World) -> None:
    guest = await visitor(world, cast.BIRCH_SALES)
    shown = await guest.get("/providers")
    assert [form.action for form in shown.page.forms if form.method == "post"] == ["/sign-out"]
    assert not [link for link in shown.page.links if "confirmation" in link or "/resellers" in link]
    assert (await guest.get("/resellers")).status == 403


@pytest.mark.rule("R22", "R23", "R26")
async def test_it_learns_that_a_confirmation_is_missing_and_when_it_was_asked_and_nothing_else(world: World) -> None:
    guest, provider = await visitor(world, cast.BIRCH_SALES), await visitor(world)
    never = (await guest.get("/providers")).text
    assert "Cedar Bakery not asked" in never
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    gone = (await guest.get("/providers")).text
    assert "Cedar" not in gone
    assert "Your providers lack no data of your customers" in gone
    ending = {"reason": "no_longer_agrees", "note": "a secret"}
    await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{cast.CEDAR}/standing/end", ending)
    assert (await guest.get("/providers")).text == never, "ended and never confirmed look alike"
    await provider.fill(f"/resellers/{cast.HORNBEAM}/request")
    assert (await guest.get("/providers")).text == never, "another reseller was asked"
    await provider.fill(f"/resellers/{cast.BIRCH}/request")
    assert "Cedar Bakery asked on 15 August 2018" in (await guest.get("/providers")).text
    [[request]] = world.rows("select request_id from reseller_request where reseller_id = ?", cast.BIRCH)
    noting = f"/resellers/{cast.BIRCH}/requests/{request}"
    await provider.fill(noting, outcome="returned", reason=HOSTILE)
    shown = await guest.get("/providers")
    assert f"returned on 15 August 2018: {HOSTILE}" in shown.text
    assert HOSTILE not in shown.page.html
    assert "sales@alder.example" not in shown.text


@pytest.mark.rule("R26")
async def test_each_provider_of_a_reseller_is_shown_apart(world: World) -> None:
    world.change("update partner set kind = 'indirect_provider' where partner_id = ?", cast.HAZEL)
    world.change("insert into reseller_link values (?, ?, 1, null)", cast.HAZEL, cast.BIRCH)
    for customer in (cast.CEDAR, cast.ELM):
        world.change("insert into customer_reseller values (?, ?, ?, 1)", cast.HAZEL, customer, cast.BIRCH)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    guest = await visitor(world, cast.BIRCH_SALES)
    shown = await guest.get("/providers")
    assert "Alder Distribution none Hazel Cloud 2" in shown.text
    assert "Customers whose data Hazel Cloud lacks" in shown.text
    assert "Elm Studio" in shown.text
    assert "Elm Studio" not in (await guest.get(f"/providers?provider={cast.ALDER}")).text
    for odd in (cast.NOBODY, cast.HORNBEAM, "x", "%00"):
        assert "Elm Studio" not in (await guest.get(f"/providers?provider={odd}")).text


async def test_a_reseller_without_a_provider_reads_that_it_has_none(world: World) -> None:
    world.change("update reseller_link set ended_at = 1")
    guest = await visitor(world, cast.BIRCH_SALES)
    assert "No provider is linked to your account" in (await guest.get("/providers")).text


@pytest.mark.rule("R31")
async def test_a_provider_in_a_national_cloud_lacks_nothing(world: World) -> None:
    world.change("update partner set cloud = 'china' where partner_id = ?", cast.ALDER)
    guest = await visitor(world, cast.BIRCH_SALES)
    shown = await guest.get("/providers")
    assert "Your providers lack no data" in shown.text
    assert "Cedar" not in shown.text
