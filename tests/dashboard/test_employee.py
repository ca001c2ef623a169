"""The employee behind a designated account: stated afterwards, and corrected, by an employee who confirms (R28)."""

from datetime import timedelta

import pytest

from agreegate.domain.partner import PartnerId
from agreegate.i18n import text
from agreegate.storage.customers.relationship import open_relationship
from tests import personas as cast
from tests.dashboard.visitor import link_to, visitor
from tests.world import World

LIST = "/employees-unknown"


@pytest.mark.rule("R28")
@pytest.mark.parametrize(
    ("language", "none", "expected"),
    [
        (
            "en",
            "Every confirmation by a designated account names its employee.",
            "The employee who confirmed is stated.",
        ),
        ("fr", "Chaque confirmation d’un compte désigné nomme son employé.", "L’employé qui a confirmé est indiqué."),
    ],
)
async def test_an_unknown_employee_is_listed_until_stated(
    world: World, language: str, none: str, expected: str
) -> None:
    someone = await visitor(world, language=language)
    assert none in (await someone.get(LIST)).text
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    listed = await someone.get(LIST)
    assert "Dogwood Legal" in listed.text
    assert "Cedar Bakery" not in listed.text
    path = link_to(listed.page, "/employee$")
    shown = await someone.fill(path, name="Robin Vale", email="robin@alder.example", reference="4711")
    assert (shown.path, expected in shown.text) == (f"/customers/{cast.DOGWOOD}", True)
    assert world.rows("select name, email, reference, stated_by from confirmation_employee") == [
        ("Robin Vale", "robin@alder.example", "4711", cast.ALDER_SALES)
    ]
    assert none in (await someone.get(LIST)).text
    again = await someone.get(path)
    assert "Robin Vale" in again.text
    assert "name" not in {name for form in again.page.forms for name in form.names}


@pytest.mark.rule("R28")
async def test_every_mistake_is_named_at_once_and_what_was_typed_is_kept(world: World) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    someone = await visitor(world)
    path = link_to((await someone.get(LIST)).page, "/employee$")
    shown = await someone.fill(path, name=" ", email="<b>robin", reference="x" * 51)
    assert shown.status == 422
    assert {"name-mistake", "email-mistake", "reference-mistake"} <= set(shown.page.ids)
    assert shown.page.form().fields["email"] == ["<b>robin"]
    assert "<b>robin" not in shown.page.html
    assert world.rows("select * from confirmation_employee") == []


@pytest.mark.fault("B5")
@pytest.mark.rule("R28")
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_statement_is_corrected_and_both_are_kept(world: World, language: str) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    someone = await visitor(world, language=language)
    path = link_to((await someone.get(LIST)).page, "/employee$")
    await someone.fill(path, name="Robin Vale", email="robin@alder.example")
    shown = await someone.get(
        link_to((await someone.get(f"/customers/{cast.DOGWOOD}")).page, r"/employee\?correct=yes$")
    )
    assert text("employee.correct", language) in (await someone.get(path)).text
    form = shown.page.form()
    assert (form.fields["name"], form.fields["email"]) == (["Robin Vale"], ["robin@alder.example"])
    done = await someone.send(path, form, name="Sam Reed", email="")
    assert done.path == f"/customers/{cast.DOGWOOD}"
    assert "Sam Reed" in done.text
    assert "Robin" not in done.text
    kept = world.rows("select number, name, email, stated_by from confirmation_employee order by number")
    assert kept == [
        (1, "Robin Vale", "robin@alder.example", cast.ALDER_SALES),
        (2, "Sam Reed", None, cast.ALDER_SALES),
    ]
    expected = text("activity.did.state_employee", language, who="", customer="").strip(" .")
    assert (await someone.get("/activity")).text.count(expected) == 2


@pytest.mark.fault("B5")
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_an_ordinary_accounts_confirmation_has_no_form_and_takes_no_statement(
    world: World, language: str
) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    [(id_,)] = world.rows("select confirmation_id from confirmation where customer_id = ?", cast.CEDAR)
    someone = await visitor(world, language=language)
    path = f"/customers/{cast.CEDAR}/confirmation/{id_}/employee"
    form = (await someone.get(link_to((await someone.get(LIST)).page, "/employee$"))).page.form()
    for shown in (await someone.get(path), await someone.send(path, form, name="Robin Vale")):
        assert text("employee.not-designated", language) in shown.text
        assert "name" not in {name for form in shown.page.forms for name in form.names}
    assert shown.status == 409
    assert world.rows("select * from confirmation_employee") == []


@pytest.mark.fault("B5")
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("back", [False, True])
async def test_of_an_ended_relationship_nothing_is_stated(world: World, language: str, back: bool) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    someone = await visitor(world, language=language)
    path = link_to((await someone.get(LIST)).page, "/employee$")
    form = (await someone.get(path)).page.form()
    await world.send(cast.ALDER_SALES, "PATCH", f"/v1/customers/{cast.DOGWOOD}", {"relationshipToPartner": "none"})
    if back:
        world.clock.now += timedelta(days=1)
        await world.store.write(lambda uow: open_relationship(uow, PartnerId(cast.ALDER), cast.DOGWOOD))
        assert not [one for one in (await someone.get(f"/customers/{cast.DOGWOOD}")).page.links if "/employee" in one]
        assert text("confirmation.relationship-over", language) in (await someone.get(path)).text
    refused = await someone.send(path, form, name="Robin Vale")
    assert refused.status == 409
    assert text("confirmation.relationship-over", language) in refused.text
    assert world.rows("select * from confirmation_employee") == []


@pytest.mark.rule("R28")
async def test_what_a_colleague_stated_meanwhile_stays(world: World) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    someone, colleague = await visitor(world), await visitor(world, cast.ALDER_ADMIN)
    path = link_to((await someone.get(LIST)).page, "/employee$")
    form = (await someone.get(path)).page.form()
    await colleague.fill(path, name="Robin Vale")
    shown = await someone.send(path, form, name="Sam Reed")
    assert shown.status == 409
    assert "is stated already" in shown.text
    assert "Robin Vale" in shown.text
    assert world.rows("select name from confirmation_employee") == [("Robin Vale",)]
    assert (await someone.send(path, shown.page.form())).path == f"/customers/{cast.DOGWOOD}", (
        "the next press corrects it"
    )
    assert world.rows("select name from confirmation_employee order by number") == [("Robin Vale",), ("Sam Reed",)]


@pytest.mark.rule("R28")
async def test_the_customers_page_leads_to_what_is_to_be_stated(world: World) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    someone = await visitor(world)
    path = link_to((await someone.get(f"/customers/{cast.DOGWOOD}")).page, "/employee$")
    assert (await someone.fill(path, name="Robin Vale")).path == f"/customers/{cast.DOGWOOD}"
    assert not [
        link for link in (await someone.get(f"/customers/{cast.DOGWOOD}")).page.links if link.endswith("/employee")
    ]


async def test_a_customer_that_has_left_is_not_listed(world: World) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    await world.send(cast.ALDER_SALES, "PATCH", f"/v1/customers/{cast.DOGWOOD}", {"relationshipToPartner": "none"})
    listed = await (await visitor(world)).get(LIST)
    assert listed.status == 200
    assert "Dogwood" not in listed.text
