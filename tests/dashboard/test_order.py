"""Orders on the dashboard: placed once, kept as they were begun, and never without the confirmation that they need."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR, confirmed, decided, subscribed
from tests.dashboard.past import ORDER, age, strict_world
from tests.dashboard.typed import LINE, OFFER, SMALL_COMPANY
from tests.dashboard.visitor import Reply, Visitor, visitor
from tests.world import API_ENFORCED, DASHBOARD_ENFORCED, World

HERE = f"/customers/{cast.DOGWOOD}"
BOUGHT = [(cast.DOGWOOD, "Office", 12)]
RECORDED = [(cast.DOGWOOD, "Berg", "dashboard")]
HOSTILE = '<script>alert(1)</script>" \u202eمكتب ' + "x" * 180


async def begun(world: World, language: str = "en", **changes: Any) -> tuple[Visitor, Reply]:
    """Somebody who has pressed *Place the order* for Dogwood."""
    someone = await visitor(world, language=language)
    return someone, await someone.fill(ORDER, **(LINE | changes))


def asks(reply: Reply) -> bool:
    """Whether the page has the form for a confirmation open."""
    return "acceptor_email" in reply.page.form().names


@pytest.mark.rule("R2")
@pytest.mark.parametrize(
    ("language", "question", "placed"),
    [
        ("en", "Has the customer accepted?", "The order is placed."),
        ("fr", "Le client a-t-il accepté ?", "La commande est passée."),
    ],
)
async def test_while_it_is_optional_the_prompt_is_skipped(
    world: World, language: str, question: str, placed: str
) -> None:
    someone, asked = await begun(world, language)
    assert asked.status == 200
    assert question in asked.text
    assert asks(asked)
    assert subscribed(world) == []
    done = await someone.send(ORDER, asked.page.form(), step="skip")
    assert done.path == HERE
    assert placed in done.text
    assert subscribed(world) == BOUGHT
    assert confirmed(world) == []
    terms = "select term_duration, renewal_term_duration, billing_cycle, offer_id from subscription"
    assert world.rows(terms) == [("P3Y", "P3Y", "annual", OFFER)]


@pytest.mark.rule("R3")
@pytest.mark.rule("R6")
@pytest.mark.rule("R7")
@pytest.mark.rule("R9")
@pytest.mark.parametrize(
    ("language", "expected", "reason"),
    [
        ("en", "This cannot be completed yet", "We have no confirmation that this customer accepted"),
        ("fr", "Impossible de terminer pour l’instant", "Nous n’avons aucune confirmation"),
    ],
)
async def test_a_refused_order_is_kept_as_it_was_begun_and_completed_with_the_confirmation(
    world: World, language: str, expected: str, reason: str
) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, held = await begun(world, language)
    assert expected in held.text
    assert reason in held.text
    assert "/how-to-confirm" in held.page.links
    assert subscribed(world) == confirmed(world) == []
    assert decided(world) == [("new_purchase", "dashboard", "deny")]
    form = held.page.form()
    assert ("step", "skip") not in form.buttons
    assert {name: form.fields[name] for name in LINE} == {name: [value] for name, value in LINE.items()}
    done = await someone.send(ORDER, form, step="confirm", **ACCEPTOR)
    assert done.path == HERE
    assert subscribed(world) == BOUGHT
    assert confirmed(world) == RECORDED
    assert ("new_purchase", "dashboard", "allow") in decided(world)


@pytest.mark.parametrize("term", ["", "P2Y", "2018-13-01", HOSTILE])
async def test_a_term_that_is_none_stands_for_the_usual_one_while_the_order_is_held(world: World, term: str) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, held = await begun(world, **{"term-0": term})
    assert (held.status, "for one year" in held.text) == (200, True)
    assert HOSTILE not in held.page.html
    await someone.close()


@pytest.mark.rule("R19")
async def test_the_form_in_place_proposes_the_primary_contact(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone = await visitor(world)
    created = await someone.fill("/customers/new", **SMALL_COMPANY)
    held = await someone.fill(f"{created.path}/order", **LINE)
    fields = held.page.form().fields
    assert (fields["acceptor_first_name"], fields["acceptor_email"]) == (["Ida"], ["ida@oak.example"])
    assert fields["accepted_on"] == [""]
    done = await someone.send(f"{created.path}/order", held.page.form(), step="confirm", accepted_on="2018-11-06")
    assert "The order is placed." in done.text


@pytest.mark.rule("R7")
async def test_a_confirmation_that_cannot_be_recorded_keeps_everything_and_buys_nothing(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, held = await begun(world)
    wrong = ACCEPTOR | {"acceptor_email": "nobody", "accepted_on": "2018-12-24"}
    again = await someone.send(ORDER, held.page.form(), step="confirm", **wrong)
    assert again.status == 422
    assert "Write the e-mail address like this" in again.text
    assert "The date lies in the future" in again.text
    form = again.page.form()
    assert {name: form.fields[name][0] for name in (*LINE, *wrong)} == LINE | wrong
    assert subscribed(world) == confirmed(world) == []
    done = await someone.send(ORDER, form, step="confirm", **ACCEPTOR)
    assert "The order is placed." in done.text
    assert subscribed(world) == BOUGHT
    assert confirmed(world) == RECORDED


@pytest.mark.rule("R7")
async def test_an_order_that_another_rule_refuses_leaves_no_confirmation_either(world: World) -> None:
    someone = await visitor(world, cast.MAPLE_ADMIN)
    order = f"{(await someone.fill('/customers/new', **SMALL_COMPANY)).path}/order"
    for _ in range(5):
        asked = await someone.fill(order, **LINE)
        await someone.send(order, asked.page.form(), step="skip")
    asked = await someone.fill(order, **LINE)
    refused = await someone.send(order, asked.page.form(), step="confirm", **ACCEPTOR)
    assert refused.status == 422
    assert "The sandbox limit has been met." in refused.text
    assert refused.page.form().fields["acceptor_last_name"] == ["Berg"]
    assert len(subscribed(world)) == 5
    assert confirmed(world) == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "The order is abandoned. Nothing was bought."), ("fr", "La commande est abandonnée.")],
)
async def test_cancel_abandons_the_order_and_says_so(world: World, language: str, expected: str) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, held = await begun(world, language)
    left = await someone.send(ORDER, held.page.form(), step="cancel", **ACCEPTOR)
    assert left.path == HERE
    assert expected in left.text
    assert subscribed(world) == confirmed(world) == []
    assert decided(world) == [("new_purchase", "dashboard", "deny")]


async def test_skipping_is_over_when_the_date_has_come_meanwhile(world: World) -> None:
    someone, asked = await begun(world)
    world.clock.now = DASHBOARD_ENFORCED
    held = await someone.send(ORDER, asked.page.form(), step="skip")
    assert "This cannot be completed yet" in held.text
    assert asks(held)
    assert subscribed(world) == []


@pytest.mark.rule("R47")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (None, "From 7 November 2018 on, this channel (dashboard) requires a confirmation. (R2)"),
        (API_ENFORCED, "We have no confirmation that this customer accepted the Microsoft Cloud Agreement. (R9)"),
    ],
)
async def test_a_customer_who_no_longer_agrees_is_explained_and_a_new_confirmation_opens_again(
    world: World, now: Any, expected: str
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    end = {"reason": "no_longer_agrees", "note": ""}
    answer = await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{cast.DOGWOOD}/standing/end", end)
    assert answer.status_code == 200
    world.clock.now = now or world.clock.now
    someone, held = await begun(world)
    assert held.text.index("This customer no longer agrees. Continue only if") < held.text.index("(R47)"), (
        "plainly, first"
    )
    assert "cancel the customer's subscriptions. (R47)" in held.text
    assert expected in held.text, "every reason, and what comes later"
    assert subscribed(world) == []
    done = await someone.send(ORDER, held.page.form(), step="confirm", **ACCEPTOR)
    assert "The order is placed." in done.text
    assert subscribed(world) == BOUGHT


@pytest.mark.rule("R41")
async def test_a_confirmation_made_by_the_api_lets_an_order_pass_here(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world)
    opened = await someone.get(ORDER)
    assert "No valid confirmation" not in opened.text
    done = await someone.send(ORDER, opened.page.form(), **LINE)
    assert "The order is placed." in done.text
    assert confirmed(world) == [(cast.DOGWOOD, "Berg", "api")]


@pytest.mark.rule("R1", "R31")
@pytest.mark.parametrize(
    ("user", "customer", "now"),
    [(cast.FIR_ADMIN, cast.GINKGO, API_ENFORCED), (cast.ALDER_SALES, cast.DOGWOOD, datetime(2018, 8, 1, tzinfo=UTC))],
)
async def test_nothing_is_asked_in_a_national_cloud_and_before_the_programme(
    world: World, user: str, customer: str, now: datetime
) -> None:
    world.clock.now = now
    done = await (await visitor(world, user)).fill(f"/customers/{customer}/order", **LINE)
    assert "The order is placed." in done.text
    assert subscribed(world) == [(customer, "Office", 12)]


async def test_the_same_order_sent_again_is_done_once_and_a_changed_one_is_asked_about(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, held = await begun(world)
    form = held.page.form()
    for _ in range(2):
        done = await someone.send(ORDER, form, step="confirm", **ACCEPTOR)
        assert done.path == HERE
        assert "The order is placed." in done.text
    assert subscribed(world) == BOUGHT
    assert confirmed(world) == RECORDED
    changed = await someone.send(ORDER, form, step="confirm", **ACCEPTOR | {"quantity-0": "13"})
    assert changed.status == 409
    assert "You sent this form before, with other content." in changed.text
    assert changed.page.form().fields["quantity-0"] == ["13"]
    assert subscribed(world) == BOUGHT


async def test_a_colleague_who_confirmed_meanwhile_is_named_and_nothing_is_recorded_twice(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, held = await begun(world)
    await world.confirm(cast.ALDER_ADMIN, cast.DOGWOOD, primaryContact__lastName="Ek")
    reply = await someone.send(ORDER, held.page.form(), step="confirm", **ACCEPTOR)
    assert reply.status == 422
    assert "Another user confirmed this customer meanwhile" in reply.text
    assert "admin@alder.example" in reply.text
    assert subscribed(world) == []
    form = reply.page.form()
    assert form.fields["acceptor_last_name"] == ["Berg"]
    done = await someone.send(ORDER, form, step="")
    assert "The order is placed." in done.text
    assert confirmed(world) == [(cast.DOGWOOD, "Ek", "api")]


async def test_ones_own_can_be_recorded_as_a_correction_of_a_colleagues(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, held = await begun(world)
    await world.confirm(cast.ALDER_ADMIN, cast.DOGWOOD, primaryContact__lastName="Ek")
    reply = await someone.send(ORDER, held.page.form(), step="confirm", **ACCEPTOR)
    done = await someone.send(ORDER, reply.page.form(), step="confirm")
    assert "The order is placed." in done.text
    assert confirmed(world) == [(cast.DOGWOOD, "Ek", "api"), *RECORDED]
    assert subscribed(world) == BOUGHT


async def test_a_session_that_ends_in_the_middle_loses_neither_order_nor_confirmation(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, held = await begun(world)
    age(world, 1.1, "seen_at")
    data = held.page.form().fields | {name: [value] for name, value in (ACCEPTOR | {"step": "confirm"}).items()}
    away = await someone.client.post(ORDER, data=data)
    asked = await someone.client.get(away.headers["location"])
    back = await someone.choose(asked.headers["location"], cast.ALDER_SALES)
    assert back.path == ORDER
    assert "Your session had ended. Nothing is saved yet" in back.text
    assert subscribed(world) == confirmed(world) == []
    done = await someone.send(ORDER, back.page.form(), step="confirm")
    assert "The order is placed." in done.text
    assert subscribed(world) == BOUGHT
    assert confirmed(world) == RECORDED


async def test_another_programme_asks_for_its_own_agreement(make_world: Callable[..., World]) -> None:
    world = make_world(programme_name="microsoft-customer-agreement")
    world.clock.now = datetime(2020, 3, 2, tzinfo=UTC)
    someone, held = await begun(world)
    assert "Microsoft Customer Agreement" in held.text
    done = await someone.send(ORDER, held.page.form(), step="confirm", **ACCEPTOR)
    assert "The order is placed." in done.text
    assert world.rows("select agreement_type from confirmation") == [("MicrosoftCustomerAgreement",)]


async def test_a_programme_that_only_watches_asks_and_never_refuses(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    shipped = (files("agreegate") / "programmes" / "microsoft-cloud-agreement.toml").read_text(encoding="utf-8")
    watching = tmp_path / "watching.toml"
    dated = "dashboard = 2018-11-07T00:00:00Z\n"
    assert dated in shipped
    watching.write_text(shipped.replace(dated, "").replace('"microsoft-cloud-agreement"', '"watching"'))
    world = make_world(programme_name=str(watching))
    world.clock.now = API_ENFORCED
    someone, asked = await begun(world)
    assert "Has the customer accepted?" in asked.text
    assert "We have no confirmation" in asked.text
    assert "The order is placed." in (await someone.send(ORDER, asked.page.form(), step="skip")).text


async def test_an_agreement_that_closed_while_the_form_was_open_is_not_confirmed(
    make_world: Callable[..., World],
) -> None:
    world = make_world(programme_name="microsoft-customer-agreement")
    world.clock.now = datetime(2020, 1, 31, 23, 59, tzinfo=UTC)
    someone, held = await begun(world)
    world.clock.now = datetime(2020, 2, 1, tzinfo=UTC)
    reply = await someone.send(ORDER, held.page.form(), step="confirm", **ACCEPTOR, template=cast.CLOUD_AGREEMENT)
    assert reply.status == 422
    assert "The agreement asked for has changed" in reply.text
    assert subscribed(world) == confirmed(world) == []
    form = reply.page.form()
    assert (form.fields["template"], form.fields["acceptor_last_name"]) == ([cast.CUSTOMER_AGREEMENT], ["Berg"])
    done = await someone.send(ORDER, form, step="confirm")
    assert "The order is placed." in done.text


@pytest.mark.parametrize(
    ("changes", "field", "english", "french"),
    [
        ({"offer-0": ""}, "offer-0", "must be a GUID", "doit être un GUID"),
        ({"offer-0": "office"}, "offer-0", "must be a GUID", "doit être un GUID"),
        ({"offer-0": HOSTILE}, "offer-0", "must be a GUID", "doit être un GUID"),
        ({"quantity-0": ""}, "quantity-0", "in digits", "en chiffres"),
        ({"quantity-0": "many"}, "quantity-0", "in digits", "en chiffres"),
        ({"quantity-0": "1.5"}, "quantity-0", "in digits", "en chiffres"),
        ({"quantity-0": "٣"}, "quantity-0", "in digits", "en chiffres"),
        ({"quantity-0": "9" * 500}, "quantity-0", "in digits", "en chiffres"),
        ({"quantity-0": "0"}, "quantity-0", "1 to 100000", "de 1 à 100000"),
        ({"quantity-0": "100 001"}, "quantity-0", "1 to 100000", "de 1 à 100000"),
        ({"name-0": "x" * 257}, "name-0", "256 characters", "256 caractères"),
        ({"name-0": "two\nlines"}, "name-0", "on one line", "une seule ligne"),
        ({"reseller": "999"}, "reseller", "no longer serves", "ne sert plus"),
    ],
)
async def test_what_cannot_be_ordered_is_said_at_its_field_and_kept(
    world: World, changes: dict[str, str], field: str, english: str, french: str
) -> None:
    for language, expected in (("en", english), ("fr", french)):
        someone = await visitor(world, language=language)
        path = f"/customers/{cast.CEDAR}/order"
        wrong = await someone.fill(path, **LINE | changes)
        assert wrong.status == 422
        assert expected in wrong.text
        assert f"#{field}" in wrong.page.links
        if field != "reseller":
            assert wrong.page.form().fields[field][0].strip() == changes[field].strip()
    assert subscribed(world) == []


async def test_several_lines_are_one_order_and_a_blank_one_is_none(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world)
    first = await someone.fill(ORDER, **LINE, step="add")
    second = await someone.send(ORDER, first.page.form(), step="add")
    assert second.page.form().fields["quantity-0"] == ["12"]
    lines = {"offer-1": OFFER.upper(), "name-1": "Mail", "quantity-1": "1 000"}
    done = await someone.send(ORDER, second.page.form(), step=None, **lines)
    assert "The order is placed with all its lines." in done.text
    assert subscribed(world) == [(cast.DOGWOOD, "Mail", 1000), (cast.DOGWOOD, "Office", 12)]
    assert world.rows("select count(*) from order_") == [(1,)]


async def test_a_faulty_line_stops_the_whole_order(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world)
    added = await someone.fill(ORDER, **LINE, step="add")
    wrong = await someone.send(ORDER, added.page.form(), step=None, **{"name-1": "Mail", "quantity-1": "3"})
    assert wrong.status == 422
    assert "#offer-1" in wrong.page.links
    assert subscribed(world) == []


async def test_a_provider_says_through_which_reseller_it_sells(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.FRENE)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    someone = await visitor(world)
    assert (await someone.get(f"/customers/{cast.FRENE}/order")).page.form().fields["reseller"] == ["1000007"]
    assert (await someone.get(f"/customers/{cast.CEDAR}/order")).page.form().fields["reseller"] == [""]
    assert "reseller" not in (await someone.get(ORDER)).page.form().names
    await someone.fill(f"/customers/{cast.CEDAR}/order", **LINE, reseller="1000002")
    assert world.rows("select partner_id_on_record from subscription") == [("1000002",)]


@pytest.mark.rule("R33", "R37", "X5")
@pytest.mark.parametrize(
    ("language", "reason"),
    [("en", "The customer accepted an older text"), ("fr", "Le client a accepté un texte plus ancien")],
)
async def test_where_the_programme_refuses_older_texts_the_form_opens_and_the_current_one_is_confirmed(
    tmp_path: Path, language: str, reason: str
) -> None:
    world = await strict_world(tmp_path)
    world.clock.now = datetime(2019, 5, 31, tzinfo=UTC)
    _, placed = await begun(world, language)
    assert placed.path == HERE, "a grace period: reminded and not refused"
    world.clock.now = datetime(2019, 6, 1, tzinfo=UTC)
    someone, held = await begun(world, language)
    assert reason in held.text
    assert asks(held)
    day = {"accepted_on": "2019-06-01"}
    done = await someone.send(ORDER, held.page.form(), step="confirm", **(ACCEPTOR | day))
    assert done.path == HERE
    assert subscribed(world) == [*BOUGHT, *BOUGHT]
    await world.close()
