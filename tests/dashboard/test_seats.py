"""A change of seats on the dashboard: up or down it needs a confirmation, and it is made to what the user has seen."""

import pytest

from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR, confirmed, decided, subscribed
from tests.dashboard.past import HERE, eight
from tests.dashboard.visitor import Reply, Visitor, visitor
from tests.world import DASHBOARD_ENFORCED, World

API = f"/v1/customers/{cast.DOGWOOD}/subscriptions"


async def begun(world: World, seats: str = "12", language: str = "en") -> tuple[str, Visitor, Reply]:
    """Somebody who has pressed *Change the seats*."""
    path = await eight(world)
    world.clock.now = DASHBOARD_ENFORCED
    someone = await visitor(world, language=language)
    return path, someone, await someone.fill(path, quantity=seats)


def seats(world: World) -> object:
    """How many there are."""
    return subscribed(world)[0][2]


@pytest.mark.rule("R10")
@pytest.mark.parametrize("number", ["12", "3"])
@pytest.mark.parametrize(
    ("language", "expected", "done"),
    [
        ("en", "This cannot be completed yet", "The number of seats is {} from now on."),
        ("fr", "Impossible de terminer pour l’instant", "Le nombre de licences est désormais de {}."),
    ],
)
async def test_a_change_up_or_down_is_refused_and_completed_with_the_confirmation(
    world: World, number: str, language: str, expected: str, done: str
) -> None:
    path, someone, held = await begun(world, number, language)
    assert expected in held.text
    assert "(R10)" in held.text
    assert seats(world) == 8
    assert ("seat_change", "dashboard", "deny") in decided(world)
    form = held.page.form()
    assert form.fields["quantity"] == [number]
    reply = await someone.send(path, form, step="confirm", **ACCEPTOR)
    assert reply.path == HERE
    assert done.format(number) in reply.text
    assert seats(world) == int(number)
    assert confirmed(world) == [(cast.DOGWOOD, "Berg", "dashboard")]


@pytest.mark.rule("R7")
async def test_a_confirmation_that_cannot_be_recorded_keeps_everything_and_changes_nothing(world: World) -> None:
    path, someone, held = await begun(world)
    assert "from 8 to 12 seats" in held.text
    again = await someone.send(path, held.page.form(), step="confirm", **ACCEPTOR | {"acceptor_last_name": " "})
    assert again.status == 422
    assert "#acceptor_last_name" in again.page.links
    form = again.page.form()
    assert (form.fields["quantity"], form.fields["acceptor_email"]) == (["12"], ["noa@dogwood.example"])
    assert seats(world) == 8
    assert confirmed(world) == []


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "The change is abandoned."), ("fr", "La modification est abandonnée.")]
)
async def test_cancel_abandons_the_change_and_says_so(world: World, language: str, expected: str) -> None:
    path, someone, held = await begun(world, language=language)
    left = await someone.send(path, held.page.form(), step="cancel")
    assert left.path == HERE
    assert expected in left.text
    assert seats(world) == 8


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "Another user changed this subscription meanwhile: it has 9 seats now."), ("fr", "il compte 9 licences")],
)
async def test_a_colleagues_change_meanwhile_is_noticed_and_the_number_kept(
    world: World, language: str, expected: str
) -> None:
    path, someone, held = await begun(world, language=language)
    world.clock.now = DASHBOARD_ENFORCED.replace(month=10)
    changed = await world.send(cast.ALDER_ADMIN, "PATCH", f"{API}/{path.split('/')[-2]}", {"quantity": 9})
    assert changed.status_code == 200
    world.clock.now = DASHBOARD_ENFORCED
    reply = await someone.send(path, held.page.form(), step="confirm", **ACCEPTOR)
    assert reply.status == 409
    assert expected in reply.text
    assert seats(world) == 9
    assert confirmed(world) == []
    form = reply.page.form()
    assert (form.fields["quantity"], form.fields["acceptor_last_name"]) == (["12"], ["Berg"])
    await someone.send(path, form, step="confirm")
    assert seats(world) == 12
    assert len(confirmed(world)) == 1


async def test_the_number_that_it_has_asks_nothing(world: World) -> None:
    _, _, reply = await begun(world, "8")
    assert "Nothing was changed: the number of seats is 8 already." in reply.text
    assert ("seat_change", "dashboard", "deny") not in decided(world)


@pytest.mark.parametrize(
    ("typed", "english", "french"),
    [
        ("", "in digits", "en chiffres"),
        ("-1", "in digits", "en chiffres"),
        ("<script>", "in digits", "en chiffres"),
        ("0", "1 to 100000", "de 1 à 100000"),
        ("100001", "1 to 100000", "de 1 à 100000"),
    ],
)
async def test_a_number_that_cannot_be_is_said_and_kept(world: World, typed: str, english: str, french: str) -> None:
    path = await eight(world)
    for language, expected in (("en", english), ("fr", french)):
        wrong = await (await visitor(world, language=language)).fill(path, quantity=typed)
        assert wrong.status == 422
        assert expected in wrong.text
        assert "#quantity" in wrong.page.links
        assert wrong.page.form().fields["quantity"] == [typed]
    assert seats(world) == 8


async def test_a_form_without_its_revision_changes_nothing(world: World) -> None:
    path = await eight(world)
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world)
    reply = await someone.fill(path, quantity="12", revision="")
    assert reply.status == 409
    assert seats(world) == 8


@pytest.mark.parametrize(
    ("status", "expected"), [("suspended", "while the subscription is suspended"), ("deleted", "has ended")]
)
async def test_what_is_not_active_keeps_its_seats(world: World, status: str, expected: str) -> None:
    path = await eight(world)
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world)
    opened = await someone.get(path)
    await world.send(cast.ALDER_ADMIN, "PATCH", f"{API}/{path.split('/')[-2]}", {"status": status})
    reply = await someone.get(path)
    if status == "suspended":
        reply = await someone.fill(path, quantity="12")
    else:
        assert (await someone.send(path, opened.page.form(), quantity="12")).status in (409, 422)
    assert expected in reply.text
    assert seats(world) == 8


async def test_a_confirmation_typed_is_recorded_also_when_a_colleague_has_changed_the_seats_to_that_number(
    world: World,
) -> None:
    path, someone, held = await begun(world, "12")
    changed = await world.send(cast.ALDER_ADMIN, "PATCH", f"{API}/{path.split('/')[4]}", {"quantity": 12})
    assert changed.status_code == 200
    reply = await someone.send(path, held.page.form(), step="confirm", **ACCEPTOR)
    assert reply.status == 409
    assert confirmed(world) == []
    done = await someone.send(path, reply.page.form(), step="confirm")
    assert done.path == HERE
    assert "Nothing was changed" not in done.text
    assert "The acceptance of Dogwood Legal is recorded." in done.text
    assert confirmed(world) == [(cast.DOGWOOD, "Berg", "dashboard")]
    assert seats(world) == 12
