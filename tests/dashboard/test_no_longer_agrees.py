"""A customer who no longer agrees: first that is recorded, then what the partner chooses to cancel, and nothing by itself."""

from datetime import UTC, datetime

import pytest

from tests import personas as cast
from tests.dashboard.reading import SeenForm
from tests.dashboard.visitor import Reply, Visitor, visitor
from tests.world import World

DOGWOOD = f"/customers/{cast.DOGWOOD}/no-longer-agrees"


async def buy(world: World, *names: str, who: str = cast.ALDER_SALES, customer: str = cast.DOGWOOD) -> list[str]:
    """Subscriptions of these names, by id."""
    found = []
    for name in names:
        line = {"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 3, "friendlyName": name}
        body = {"lineItems": [line], "billingCycle": "monthly"}
        placed = await world.send(who, "POST", f"/v1/customers/{customer}/orders", body)
        found.append(str(placed.json()["lineItems"][0]["subscriptionId"]))
    return found


def statuses(world: World) -> dict[str, str]:
    """Every subscription's status, by name."""
    return dict(world.rows("select friendly_name, status from subscription"))


async def refuse(someone: Visitor, note: str = "") -> Reply:
    """Record on the page that the customer no longer agrees."""
    return await someone.fill(DOGWOOD, note=note, sure="yes")


async def choose(someone: Visitor, *ids: str) -> SeenForm:
    """Tick these and go on: the form that asks once more."""
    return (await someone.fill(DOGWOOD, subscription=list(ids))).page.form()


async def gate(world: World, action: str = "new_purchase") -> str:
    return str((await world.ask(cast.ALDER_SALES, cast.DOGWOOD, action=action))["verdict"])


@pytest.mark.rule("R39", "R47")
@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "Recorded: Dogwood Legal no longer agrees. Nothing is cancelled yet."), ("fr", "Dogwood Legal n’accepte plus. Rien n’est encore résilié.")],
)  # fmt: skip
async def test_no_longer_agrees_is_recorded_also_for_one_who_never_accepted_and_cancels_nothing(
    world: World, language: str, expected: str, confirmed: bool
) -> None:
    await buy(world, "Mail")
    if confirmed:
        await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    assert await gate(world) == "allow"
    someone = await visitor(world, language=language)
    shown = await refuse(someone, "By phone.")
    assert (shown.status, shown.path) == (200, DOGWOOD)
    assert expected in shown.text
    assert "By phone." in shown.text
    assert world.rows("select reason, note, channel from ending") == [("no_longer_agrees", "By phone.", "dashboard")]
    assert statuses(world) == {"Mail": "active"}
    assert await gate(world) == "deny"
    assert await gate(world, "auto_renewal") == "allow"


@pytest.mark.rule("R47")
@pytest.mark.parametrize(("language", "expected"), [("en", "Tick the box to say"), ("fr", "Cochez la case pour dire")])
async def test_without_the_explicit_word_nothing_is_recorded_and_the_note_is_kept(
    world: World, language: str, expected: str
) -> None:
    shown = await (await visitor(world, language=language)).fill(DOGWOOD, note="By phone.")
    assert shown.status == 422
    assert expected in shown.text
    assert "sure-mistake" in shown.page.ids
    assert shown.page.form().fields["note"] == ["By phone."]
    assert world.rows("select * from ending") == []


@pytest.mark.rule("R40")
@pytest.mark.parametrize(
    ("language", "ask", "done"),
    [
        ("en", "Cancel these 2 subscriptions?", "2 subscriptions are cancelled."),
        ("fr", "Résilier ces 2 abonnements ?", "2 abonnements sont résiliés."),
    ],
)
async def test_what_is_ticked_is_cancelled_after_it_was_asked_about(
    world: World, language: str, ask: str, done: str
) -> None:
    mail, files, _ = await buy(world, "Mail", "Files", "Voice")
    someone = await visitor(world, language=language)
    listed = await refuse(someone)
    assert "subscription" not in listed.page.form().fields, "none is ticked"
    assert ("15 August 2019" if language == "en" else "15 août 2019") in listed.text
    asked = await someone.send(DOGWOOD, listed.page.form(), subscription=[mail, files])
    assert asked.status == 200
    assert ask in asked.text
    assert set(statuses(world).values()) == {"active"}
    shown = await someone.send(DOGWOOD, asked.page.form())
    assert (shown.status, shown.path) == (200, DOGWOOD)
    assert done in shown.text
    assert statuses(world) == {"Mail": "deleted", "Files": "deleted", "Voice": "active"}


@pytest.mark.rule("R40")
async def test_the_page_is_opened_again_later_for_the_rest(world: World) -> None:
    mail, voice = await buy(world, "Mail", "Voice")
    someone = await visitor(world)
    await refuse(someone)
    await someone.send(DOGWOOD, await choose(someone, mail))
    later = await visitor(world, cast.ALDER_ADMIN)
    last = await later.send(DOGWOOD, await choose(later, voice))
    assert "One subscription is cancelled." in last.text
    assert "This customer has no active subscription with you." in last.text
    assert set(statuses(world).values()) == {"deleted"}


@pytest.mark.rule("R40")
async def test_a_suspended_one_is_listed_and_cancelled_and_an_ended_one_is_not(world: World) -> None:
    mail, _ = await buy(world, "Mail", "Voice")
    path = f"/v1/customers/{cast.DOGWOOD}/subscriptions"
    for name, status in (("Mail", "suspended"), ("Voice", "deleted")):
        [one] = [
            s for s in (await world.send(cast.ALDER_SALES, "GET", path)).json()["items"] if s["friendlyName"] == name
        ]
        await world.send(cast.ALDER_SALES, "PATCH", f"{path}/{one['id']}", one | {"status": status})
    someone = await visitor(world)
    listed = await refuse(someone)
    assert "Mail" in listed.text
    assert "Voice" not in listed.text
    await someone.send(DOGWOOD, await choose(someone, mail))
    assert statuses(world) == {"Mail": "deleted", "Voice": "deleted"}


async def test_only_this_partners_subscriptions_are_listed(world: World) -> None:
    await buy(world, "Theirs", who=cast.HAZEL_ADMIN, customer=cast.CEDAR)
    [ours] = await buy(world, "Ours", customer=cast.CEDAR)
    path = f"/customers/{cast.CEDAR}/no-longer-agrees"
    someone = await visitor(world)
    listed = await someone.fill(path, sure="yes")
    assert "Ours" in listed.text
    assert "Theirs" not in listed.text
    theirs = world.rows("select subscription_id from subscription where friendly_name = 'Theirs'")[0][0]
    form = listed.page.form()
    refused = await someone.send(path, form, step="cancel", subscription=[theirs])
    assert refused.status == 422
    assert statuses(world) == {"Theirs": "active", "Ours": "active"}
    assert f"revision-{ours}" in form.names


@pytest.mark.rule("R40")
async def test_nothing_is_cancelled_before_no_longer_agrees_is_recorded(world: World) -> None:
    [mail] = await buy(world, "Mail")
    someone = await visitor(world)
    form = (await someone.get(DOGWOOD)).page.form()
    for step in ("choose", "cancel", "", "<b>"):
        shown = await someone.send(DOGWOOD, form, step=step, subscription=[mail])
        assert shown.status == 409
        assert "Record first that the customer no longer agrees." in shown.text
    assert statuses(world) == {"Mail": "active"}


@pytest.mark.parametrize("ids", [[], [cast.NOBODY], ["<script>"]])
async def test_ticking_none_says_so(world: World, ids: list[str]) -> None:
    await buy(world, "Mail")
    someone = await visitor(world)
    form = (await refuse(someone)).page.form()
    for step in ("choose", "cancel"):
        shown = await someone.send(DOGWOOD, form, step=step, subscription=ids)
        assert shown.status == 422
        assert "Tick at least one subscription" in shown.text
        assert "<script>" not in shown.text


@pytest.mark.rule("R40")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Not cancelled: Voice. It has changed meanwhile."),
        ("fr", "Non résilié : Voice. Il a changé entre-temps."),
    ],
)
async def test_one_that_changed_meanwhile_is_left_and_the_others_are_cancelled(
    world: World, language: str, expected: str
) -> None:
    mail, voice = await buy(world, "Mail", "Voice")
    someone = await visitor(world, language=language)
    await refuse(someone)
    form = await choose(someone, mail, voice)
    path = f"/v1/customers/{cast.DOGWOOD}/subscriptions/{voice}"
    one = (await world.send(cast.ALDER_ADMIN, "GET", path)).json()
    await world.send(cast.ALDER_ADMIN, "PATCH", path, one | {"autoRenewEnabled": False})
    shown = await someone.send(DOGWOOD, form)
    assert shown.status == 409
    assert expected in shown.text
    assert ("One subscription is cancelled." if language == "en" else "Un abonnement est résilié.") in shown.text
    assert statuses(world) == {"Mail": "deleted", "Voice": "active"}
    assert shown.page.form().fields["subscription"] == [voice], "what is left stays ticked"
    asked = await someone.send(DOGWOOD, shown.page.form())
    assert (await someone.send(DOGWOOD, asked.page.form())).status == 200
    assert statuses(world)["Voice"] == "deleted"


@pytest.mark.rule("R40")
async def test_an_add_on_goes_with_its_subscription_and_is_counted(world: World) -> None:
    [mail] = await buy(world, "Mail")
    line = {
        "lineItemNumber": 0,
        "offerId": cast.NOBODY,
        "quantity": 1,
        "friendlyName": "Archive",
        "parentSubscriptionId": mail,
    }
    body = {"lineItems": [line], "billingCycle": "monthly"}
    placed = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.DOGWOOD}/orders", body)
    archive = placed.json()["lineItems"][0]["subscriptionId"]
    someone = await visitor(world)
    await refuse(someone)
    shown = await someone.send(DOGWOOD, await choose(someone, mail, archive))
    assert "2 subscriptions are cancelled." in shown.text
    assert statuses(world) == {"Mail": "deleted", "Archive": "deleted"}


async def test_no_longer_agrees_recorded_by_a_colleague_first_is_reported(world: World) -> None:
    someone, colleague = await visitor(world), await visitor(world, cast.ALDER_ADMIN)
    form = (await someone.get(DOGWOOD)).page.form()
    await refuse(colleague)
    shown = await someone.send(DOGWOOD, form, sure="yes")
    assert shown.status == 409
    assert "it is recorded already that the customer no longer agrees" in shown.text
    assert len(world.rows("select * from ending")) == 1


@pytest.mark.rule("R47")
async def test_one_who_accepted_again_can_refuse_again(world: World) -> None:
    someone = await visitor(world)
    await refuse(someone)
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    shown = await someone.get(DOGWOOD)
    assert "Every confirmation ends" in shown.text
    await refuse(someone)
    assert len(world.rows("select * from ending")) == 2


async def test_a_session_that_ends_in_the_middle_keeps_the_note_and_the_ticks(world: World) -> None:
    mail, _ = await buy(world, "Mail", "Voice")
    someone = await visitor(world)

    async def interrupted(form: SeenForm, **typed: str) -> Reply:
        connection = world.connection()
        connection.set_busy_timeout(5000)
        connection.execute("update session set seen_at = seen_at - 7200000000")
        connection.close()
        await someone.client.post(DOGWOOD, data={**form.fields, **typed})
        return await someone.sign_in(cast.ALDER_SALES, DOGWOOD)

    back = await interrupted((await someone.get(DOGWOOD)).page.form(), note="By phone.", sure="yes")
    assert back.page.form().fields["note"] == ["By phone."]
    listed = await someone.send(DOGWOOD, back.page.form())
    asked = await someone.send(DOGWOOD, listed.page.form(), subscription=[mail])
    again = await interrupted(asked.page.form())
    assert again.page.form().fields["subscription"] == [mail]
    assert statuses(world) == {"Mail": "active", "Voice": "active"}


async def test_many_subscriptions_are_listed_a_hundred_at_a_time(world: World) -> None:
    lines = [
        {"lineItemNumber": number, "offerId": cast.NOBODY, "quantity": 1, "friendlyName": f"Sub {number}"}
        for number in range(101)
    ]
    await world.send(
        cast.ALDER_SALES, "POST", f"/v1/customers/{cast.DOGWOOD}/orders", {"lineItems": lines, "billingCycle": "monthly"}
    )  # fmt: skip
    someone = await visitor(world)
    listed = await refuse(someone)
    assert "Shown are the first 100 of 101." in listed.text
    ids = [name.removeprefix("revision-") for name in listed.page.form().names if name.startswith("revision-")]
    asked = await someone.send(DOGWOOD, listed.page.form(), subscription=ids)
    shown = await someone.send(DOGWOOD, asked.page.form())
    assert "100 subscriptions are cancelled." in shown.text
    assert sorted(statuses(world).values()) == ["active"] + ["deleted"] * 100


@pytest.mark.rule("R1")
async def test_before_the_programme_there_is_nothing_to_refuse(world: World) -> None:
    world.clock.now = datetime(2018, 8, 6, tzinfo=UTC)
    assert (await (await visitor(world)).get(DOGWOOD)).status == 404
