"""Changing a subscription: asked before it is done, done once, gated only where it is reactivated (R10, R11, R40, R47)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import personas as cast
from tests.dashboard.past import CEDAR, age, bought, end, kept, order
from tests.dashboard.typed import HOSTILE, LONG, RIGHT_TO_LEFT
from tests.dashboard.visitor import link_to, visitor
from tests.world import API_ENFORCED, DASHBOARD_ENFORCED, EVE_OF_API, EVE_OF_DASHBOARD, World

DATES = (EVE_OF_DASHBOARD, DASHBOARD_ENFORCED, EVE_OF_API, API_ENFORCED)


CHANGES = [
    ("auto-renewal-off", ("active", 0), "Auto-renewal of Mail is off.", "Le renouvellement automatique de Mail est désactivé."),
    ("suspend", ("suspended", 1), "Mail was suspended.", "Mail a été suspendu."),
    ("cancel", ("deleted", 1), "Mail was cancelled.", "Mail a été annulé."),
]  # fmt: skip


@pytest.mark.parametrize(("to", "after", "english", "french"), CHANGES)
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_change_is_asked_about_then_done(
    world: World, to: str, after: tuple[str, int], english: str, french: str, language: str
) -> None:
    path = await bought(world)
    someone = await visitor(world, language=language)
    listed = await someone.get(path)
    asked = await someone.get(link_to(listed.page, rf"\?to={to}$"))
    assert asked.status == 200
    assert kept(world, path) == ("active", 1, 1)  # looking changes nothing
    done = await someone.send(path, asked.page.form())
    assert done.path == CEDAR
    assert (english if language == "en" else french) in done.text
    assert kept(world, path) == (*after, 2)


async def test_there_and_back_again(world: World) -> None:
    path = await bought(world)
    someone = await visitor(world)
    for to, after in [
        ("suspend", ("suspended", 1, 2)),
        ("reactivate", ("active", 1, 3)),
        ("auto-renewal-off", ("active", 0, 4)),
        ("auto-renewal-on", ("active", 1, 5)),
    ]:
        assert (await someone.fill(f"{path}?to={to}")).status == 200
        assert kept(world, path) == after


@pytest.mark.rule("R11", "R40")
@pytest.mark.parametrize("now", DATES)
@pytest.mark.parametrize("refused", [False, True])
async def test_stopping_and_auto_renewal_are_never_gated(world: World, now: datetime, refused: bool) -> None:
    path, other = await bought(world), await bought(world, friendlyName="Other")
    if refused:
        await end(world, reason="no_longer_agrees")
    world.clock.now = now
    someone = await visitor(world)
    for to in ("auto-renewal-off", "auto-renewal-on", "suspend", "cancel"):
        asked = await someone.get(f"{path}?to={to}")
        done = await someone.send(path, asked.page.form())
        assert (done.status, done.path) == (200, CEDAR), done.text
    assert kept(world, path)[0] == "deleted"
    assert kept(world, other) == ("active", 1, 1)


@pytest.mark.parametrize("now", DATES)
async def test_a_reactivation_needs_no_confirmation_while_nobody_refused(world: World, now: datetime) -> None:
    path = await bought(world)
    someone = await visitor(world)
    await someone.fill(f"{path}?to=suspend")
    world.clock.now = now
    assert "Mail was reactivated." in (await someone.fill(f"{path}?to=reactivate")).text


@pytest.mark.rule("R7", "R47")
@pytest.mark.parametrize("now", DATES)
async def test_a_reactivation_is_refused_once_the_customer_no_longer_agrees_until_it_does(
    world: World, now: datetime
) -> None:
    path = await bought(world)
    someone = await visitor(world)
    await someone.fill(f"{path}?to=suspend")
    await end(world, reason="no_longer_agrees")
    world.clock.now = now
    before = kept(world, path)
    asked = await someone.get(f"{path}?to=reactivate")
    refused = await someone.send(path, asked.page.form())
    assert refused.status == 403
    assert "It is recorded since 15 August 2018 that this customer no longer agrees" in refused.text
    assert "(rule R47)" in refused.text
    assert "If the customer accepts again, confirm it." in refused.text
    assert f"{CEDAR}/confirmation" in refused.page.links
    assert "/how-to-confirm" in refused.page.links
    assert kept(world, path) == before
    decision = await someone.get(link_to(refused.page, "/decisions/"))
    assert "Reactivation: refused" in decision.text
    french = await (await visitor(world, language="fr")).fill(f"{path}?to=reactivate")
    assert (french.status, "L’abonnement n’a pas été réactivé" in french.text) == (403, True)

    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    done = await someone.send(path, refused.page.form())  # the very form that was refused
    assert "Mail was reactivated." in done.text
    assert kept(world, path)[0] == "active"


async def test_pressed_twice_or_after_going_back_it_is_done_once(world: World) -> None:
    path = await bought(world)
    someone = await visitor(world)
    form = (await someone.get(f"{path}?to=auto-renewal-off")).page.form()
    first, second = await someone.send(path, form), await someone.send(path, form)
    assert first.path == second.path == CEDAR
    assert "Auto-renewal of Mail is off." in second.text
    assert kept(world, path) == ("active", 0, 2)
    [[audited]] = world.rows("select count(*) from audit_record where operation_type = 'update_subscription'")
    assert audited == 1


@pytest.mark.parametrize(
    ("colleague", "said"),
    [
        ({"quantity": 7}, ["Its seats are now: 7."]),
        ({"autoRenewEnabled": False}, ["Its auto-renewal is now: off."]),
        ({"status": "suspended"}, ["Its status is now: suspended."]),
        ({"friendlyName": "Post"}, []),
        ({"quantity": 4, "autoRenewEnabled": False}, ["Its seats are now: 4.", "Its auto-renewal is now: off."]),
    ],
)
async def test_what_a_colleague_changed_meanwhile_is_told_and_nothing_is_done(
    world: World, colleague: dict[str, Any], said: list[str]
) -> None:
    path = await bought(world)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=cancel")
    changed = await world.send(cast.ALDER_ADMIN, "PATCH", f"/v1{path.removesuffix('/change')}", colleague)
    assert changed.status_code == 200, changed.text
    told = await someone.send(path, asked.page.form())
    assert told.status == 409
    assert "The subscription was changed meanwhile, so nothing was done." in told.text
    for sentence in said:
        assert sentence in told.text
    assert told.text.count("is now:") + told.text.count("are now:") == len(said)
    assert kept(world, path)[0] != "deleted"
    assert "Cancel the subscription?" in told.text  # what was chosen is kept, and is asked again
    done = await someone.send(path, told.page.form())
    assert "was cancelled." in done.text
    assert kept(world, path)[0] == "deleted"


async def test_a_renewal_meanwhile_is_told_too(world: World) -> None:
    path = await bought(world)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=suspend")
    world.clock.now += timedelta(days=400)
    await world.send(cast.ALDER_ADMIN, "PATCH", f"/v1{path.removesuffix('/change')}", {"friendlyName": "Renewed"})
    told = await someone.send(path, asked.page.form())
    assert told.status == 409
    assert "Its term now ends on 15 August 2020." in told.text


@pytest.mark.parametrize("revision", ["", "x", "-1", "99", "²", "9" * 5000])
async def test_a_form_without_a_usable_revision_does_nothing(world: World, revision: str) -> None:
    path = await bought(world)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=cancel")
    assert (await someone.send(path, asked.page.form(), revision=revision)).status == 409
    assert kept(world, path) == ("active", 1, 1)


@pytest.mark.parametrize("to", ["", "expire", "seats", HOSTILE])
async def test_who_chose_nothing_is_asked_to_choose(world: World, to: str) -> None:
    path = await bought(world)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=suspend")
    again = await someone.send(path, asked.page.form(), to=to)
    assert again.status == 422
    assert "Choose what is to be done with the subscription." in again.text
    assert link_to(again.page, r"\?to=suspend$")
    assert kept(world, path) == ("active", 1, 1)


async def test_what_has_ended_offers_nothing_any_more(world: World) -> None:
    path = await bought(world)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=suspend")
    await someone.fill(f"{path}?to=cancel")
    gone = await someone.get(path)
    assert "It is cancelled. Nothing can be changed any more." in gone.text
    assert not [link for link in gone.page.links if "?to=" in link]
    late = await someone.send(path, asked.page.form())
    assert late.status == 409
    assert "Its status is now: cancelled." in late.text
    shown = await someone.get(CEDAR)
    assert path not in shown.page.links


async def test_a_trial_is_not_offered_auto_renewal(world: World) -> None:
    path = await bought(world, provisioningContext={"isTrial": "true"})
    someone = await visitor(world)
    assert not [link for link in (await someone.get(path)).page.links if "auto-renewal" in link]
    asked = await someone.get(f"{path}?to=suspend")
    forged = await someone.send(path, asked.page.form(), to="auto-renewal-on")
    assert forged.status == 422
    assert "A trial subscription is not eligible to auto-renew." in forged.text


async def test_addons_follow_and_are_named_beforehand_and_come_back_after_it(world: World) -> None:
    path = await bought(world)
    addon = await bought(world, friendlyName="Archive", parentSubscriptionId=path.split("/")[-2])
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=suspend")
    assert "These add-ons follow it: Archive" in asked.text
    await someone.send(path, asked.page.form())
    assert kept(world, addon)[0] == "suspended"
    early = await someone.fill(f"{addon}?to=reactivate")
    assert early.status == 422
    assert "is not active" in early.text
    await someone.fill(f"{path}?to=reactivate")
    assert "Archive was reactivated." in (await someone.fill(f"{addon}?to=reactivate")).text


@pytest.mark.parametrize("who", [cast.ALDER_HELPDESK, cast.BIRCH_SALES])
async def test_who_may_not_change_it_is_told_so(world: World, who: str) -> None:
    path = await bought(world)
    refused = await (await visitor(world, who)).get(f"{path}?to=cancel")
    assert refused.status == 403
    assert kept(world, path) == ("active", 1, 1)


@pytest.mark.rule("R31")
async def test_in_a_national_cloud_everything_can_be_changed(world: World) -> None:
    made = await order(world, cast.FIR_ADMIN, cast.GINKGO)
    path = f"/customers/{cast.GINKGO}/subscriptions/{made['lineItems'][0]['subscriptionId']}/change"
    world.clock.now = API_ENFORCED
    someone = await visitor(world, cast.FIR_ADMIN)
    for to in ("suspend", "reactivate", "auto-renewal-off", "cancel"):
        assert (await someone.fill(f"{path}?to={to}")).status == 200
    assert kept(world, path)[0] == "deleted"


async def test_what_is_not_there_and_what_is_another_partners(world: World) -> None:
    theirs = (await order(world, cast.HAZEL_ADMIN))["lineItems"][0]["subscriptionId"]
    someone = await visitor(world)
    for id_ in (theirs, cast.NOBODY):
        assert (await someone.get(f"{CEDAR}/subscriptions/{id_}/change")).status == 404
    assert (await someone.get(f"{CEDAR}/subscriptions/x/change")).status == 404


@pytest.mark.parametrize("name", [HOSTILE, RIGHT_TO_LEFT, LONG, '" autofocus onfocus="x'])
async def test_names_are_shown_as_text_in_pages_and_notices(world: World, name: str) -> None:
    path = await bought(world, friendlyName=name)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=suspend")
    done = await someone.send(path, asked.page.form())
    for shown in (asked, done):
        assert name in shown.text
        assert shown.page.tags.count("script") == len(shown.page.scripts)
        assert not {one for one in shown.page.attributes if one.startswith("on") or one in ("style", "autofocus")}
    assert f"{name} was suspended." in done.text


async def test_when_the_session_ends_in_between_what_was_chosen_is_asked_again(world: World) -> None:
    path = await bought(world)
    someone = await visitor(world)
    form = (await someone.get(f"{path}?to=cancel")).page.form()
    age(world, 2, "seen_at")
    data = {name: values[0] for name, values in form.fields.items()}
    assert (await someone.client.post(path, data=data)).status_code == 303
    back = await someone.sign_in(cast.ALDER_SALES, path)
    assert "Your session had ended." in back.text
    assert "Cancel the subscription?" in back.text
    assert kept(world, path) == ("active", 1, 1)
    assert "Mail was cancelled." in (await someone.send(path, back.page.form())).text


async def test_a_forged_form_does_nothing(world: World) -> None:
    path = await bought(world)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=cancel")
    assert (await someone.send(path, asked.page.form(), _csrf_token="x")).status == 403
    assert kept(world, path) == ("active", 1, 1)
