"""*Recorded in error*: what is taken back, what counts then, and that nothing is taken back unseen."""

import pytest

from tests import personas as cast
from tests.dashboard.visitor import visitor
from tests.world import World

DOGWOOD = f"/customers/{cast.DOGWOOD}/recorded-in-error"


async def state(world: World) -> tuple[str, int]:
    """The state of the Cloud Agreement, and how many confirmations are on record."""
    standing = (await world.send(cast.ALDER_SALES, "GET", f"/api/customers/{cast.DOGWOOD}/standing")).json()
    [agreement] = [one for one in standing["agreements"] if one["templateId"] == cast.CLOUD_AGREEMENT]
    return agreement["state"], len(agreement["history"])


@pytest.mark.rule("R17")
@pytest.mark.parametrize(
    ("language", "asked", "done"),
    [
        ("en", "Afterwards no confirmation of this agreement counts.", "No confirmation of this agreement counts now."),
        ("fr", "Ensuite, aucune confirmation de ce contrat ne compte.", "Aucune de ce contrat ne compte maintenant."),
    ],
)
async def test_the_only_confirmation_is_voided_and_stays_on_record(
    world: World, language: str, asked: str, done: str
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world, language=language)
    shown = await someone.get(DOGWOOD)
    assert asked in shown.text
    assert "Noa Berg" in shown.text
    assert await state(world) == ("current", 1)
    taken = await someone.send(DOGWOOD, shown.page.form(), note="Another customer's data.")
    assert taken.path == f"/customers/{cast.DOGWOOD}"
    assert done in taken.text
    assert await state(world) == ("missing", 1)
    assert world.rows("select note, channel, recorded_by from ending") == [
        ("Another customer's data.", "dashboard", cast.ALDER_SALES)
    ]


@pytest.mark.rule("R17", "R27")
@pytest.mark.parametrize(
    ("language", "asked", "done"),
    [
        ("en", "counts again: accepted on 10 August 2018", "The earlier confirmation counts again."),
        ("fr", "compte de nouveau : acceptée le 10 août 2018", "La précédente compte de nouveau."),
    ],
)
async def test_the_one_before_counts_again_and_the_page_says_so_before(
    world: World, language: str, asked: str, done: str
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD, dateAgreed="2018-08-12")
    someone = await visitor(world, language=language)
    shown = await someone.get(DOGWOOD)
    assert asked in shown.text
    assert done in (await someone.send(DOGWOOD, shown.page.form())).text
    assert await state(world) == ("current", 2)


@pytest.mark.rule("R47")
async def test_nothing_before_the_customer_no_longer_agreed_would_count_again(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    await world.send(
        cast.ALDER_SALES, "POST", f"/api/customers/{cast.DOGWOOD}/standing/end", {"reason": "no_longer_agrees"}
    )
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    assert "Afterwards no confirmation" in (await (await visitor(world)).get(DOGWOOD)).text


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "No confirmation of the Microsoft Cloud Agreement counts"),
        ("fr", "Aucune confirmation du contrat Microsoft"),
    ],
)
async def test_where_none_counts_there_is_none_to_take_back(world: World, language: str, expected: str) -> None:
    shown = await (await visitor(world, language=language)).get(DOGWOOD)
    assert shown.status == 200
    assert expected in shown.text
    assert "note" not in {name for form in shown.page.forms for name in form.names}


@pytest.mark.rule("R17")
async def test_another_agreement_is_voided_by_itself(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD, templateId=cast.CUSTOMER_AGREEMENT)
    await (await visitor(world)).fill(f"{DOGWOOD}?template={cast.CUSTOMER_AGREEMENT}")
    assert await state(world) == ("current", 1)
    assert len(world.rows("select * from ending")) == 1


async def test_a_colleagues_newer_confirmation_is_not_voided_unseen(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world)
    form = (await someone.get(DOGWOOD)).page.form()
    await world.confirm(cast.ALDER_ADMIN, cast.DOGWOOD, primaryContact__firstName="Ida")
    shown = await someone.send(DOGWOOD, form, note="Wrong name.")
    assert shown.status == 422
    assert "What counts has changed meanwhile; nothing was done." in shown.text
    assert "Ida Berg" in shown.text
    assert shown.page.form().fields["note"] == ["Wrong name."]
    assert await state(world) == ("current", 2)
    assert (await someone.send(DOGWOOD, shown.page.form())).status == 200
    assert world.rows("select confirmation_sequence from ending") == [(2,)]


async def test_a_colleague_who_took_it_back_first_is_noticed(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone, colleague = await visitor(world), await visitor(world, cast.ALDER_ADMIN)
    form = (await someone.get(DOGWOOD)).page.form()
    await colleague.fill(DOGWOOD)
    shown = await someone.send(DOGWOOD, form)
    assert shown.status == 422
    assert "there is none to void" in shown.text
    assert len(world.rows("select * from ending")) == 1


async def test_a_note_that_is_too_long_is_kept_and_named(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    shown = await (await visitor(world)).fill(DOGWOOD, note="<i>" * 400)
    assert shown.status == 422
    assert "note-mistake" in shown.page.ids
    assert "<i>" not in shown.page.html
    assert shown.page.form().fields["note"] == ["<i>" * 400]
