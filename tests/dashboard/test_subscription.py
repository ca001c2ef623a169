"""Changing a subscription: asked before it is done, done once, gated only where it is reactivated (R10, R11, R40, R47)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import personas as cast
from tests.dashboard.past import CEDAR, bought, end, kept, order
from tests.dashboard.typed import HOSTILE
from tests.dashboard.visitor import link_to, visitor
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED, EVE_OF_API, EVE_OF_DASHBOARD, World

DATES = (EVE_OF_DASHBOARD, DASHBOARD_ENFORCED, EVE_OF_API, API_ENFORCED)


CHANGES = [
    ("auto-renewal-off", ("active", 0), "Auto-renewal of Mail is off.", "Le renouvellement automatique de Mail est désactivé."),
    ("suspend", ("suspended", 1), "Mail was suspended.", "Mail a été suspendu."),
    ("cancel", ("deleted", 1), "Mail was cancelled.", "Mail a été résilié."),
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


@pytest.mark.parametrize(
    ("colleague", "expected"),
    [
        ({"quantity": 7}, ["Its seats are now: 7."]),
        ({"autoRenewEnabled": False}, ["Its auto-renewal is now: off."]),
        ({"status": "suspended"}, ["Its status is now: suspended."]),
        ({"friendlyName": "Post"}, []),
        ({"quantity": 4, "autoRenewEnabled": False}, ["Its seats are now: 4.", "Its auto-renewal is now: off."]),
    ],
)
async def test_what_a_colleague_changed_meanwhile_is_reported_and_nothing_is_done(
    world: World, colleague: dict[str, Any], expected: list[str]
) -> None:
    path = await bought(world)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=cancel")
    changed = await world.send(cast.ALDER_ADMIN, "PATCH", f"/v1{path.removesuffix('/change')}", colleague)
    assert changed.status_code == 200, changed.text
    reply = await someone.send(path, asked.page.form())
    assert reply.status == 409
    assert "The subscription was changed meanwhile, so nothing was done." in reply.text
    for sentence in expected:
        assert sentence in reply.text
    assert reply.text.count("is now:") + reply.text.count("are now:") == len(expected)
    assert kept(world, path)[0] != "deleted"
    assert "Cancel the subscription?" in reply.text  # what was chosen is kept, and is asked again
    done = await someone.send(path, reply.page.form())
    assert "was cancelled." in done.text
    assert kept(world, path)[0] == "deleted"


async def test_a_renewal_meanwhile_is_reported_too(world: World) -> None:
    path = await bought(world)
    someone = await visitor(world)
    asked = await someone.get(f"{path}?to=suspend")
    world.clock.now += timedelta(days=400)
    await world.send(cast.ALDER_ADMIN, "PATCH", f"/v1{path.removesuffix('/change')}", {"friendlyName": "Renewed"})
    reply = await someone.send(path, asked.page.form())
    assert reply.status == 409
    assert "Its term now ends on 15 August 2020." in reply.text


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


async def test_addons_follow_and_are_named_before_and_come_back_after_it(world: World) -> None:
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


@pytest.mark.rule("R31")
async def test_in_a_national_cloud_everything_can_be_changed(world: World) -> None:
    made = await order(world, cast.FIR_ADMIN, cast.GINKGO)
    path = f"/customers/{cast.GINKGO}/subscriptions/{made['lineItems'][0]['subscriptionId']}/change"
    world.clock.now = API_ENFORCED
    someone = await visitor(world, cast.FIR_ADMIN)
    for to in ("suspend", "reactivate", "auto-renewal-off", "cancel"):
        assert (await someone.fill(f"{path}?to={to}")).status == 200
    assert kept(world, path)[0] == "deleted"


@pytest.mark.rule("R11")
@pytest.mark.parametrize("page", ["", "/subscriptions/{id}/change", "/subscriptions/{id}/seats", "/no-longer-agrees"])
async def test_no_page_shows_a_subscription_whose_renewal_is_overdue(page: str, world: World) -> None:
    path = await bought(world)
    someone = await visitor(world)
    world.clock.now = AUGUST.replace(year=2020)
    reply = await someone.get(CEDAR + page.format(id=path.split("/")[-2]))
    assert reply.status == 200
    assert world.rows("select term, outcome from renewal order by term") == [(2, "renewed"), (3, "renewed")]
