"""Which text was accepted, on every form for a confirmation: chosen, shown as a fact, and what comes between (R32, R34, R35)."""

from datetime import timedelta
from typing import Any

import pytest

from agreegate.i18n import text
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR
from tests.dashboard.reading import Page
from tests.dashboard.typed import ACCEPTED, COMPANY
from tests.dashboard.visitor import Reply, Visitor, visitor
from tests.operations import OFFER
from tests.texts import AMERICA, FRANCE, publish
from tests.world import AUGUST, DASHBOARD_ENFORCED, REPEATS_REFUSED, World

DOGWOOD = f"/customers/{cast.DOGWOOD}"
FORM = f"{DOGWOOD}/confirmation"
DAY = timedelta(days=1)
OLDER, UPCOMING = AUGUST - 40 * DAY, AUGUST + 20 * DAY
IN_FORCE = AUGUST - 10 * DAY
SAMPLE = ("sample.md", b"# Made up")
TYPED = ACCEPTOR | {"accepted_on": "2018-08-14"}


async def three(world: World) -> list[str]:
    """An older text, the one in force, and an upcoming one, all major; their ids."""
    for label, effective in (("1", OLDER), ("2", IN_FORCE), ("3", UPCOMING)):
        await publish(world, {AMERICA: SAMPLE}, label, effective_from=effective)
    return [id_ for (id_,) in world.rows("select version_id from text_version order by number")]


async def confirmed(world: World, on: str = "2018-08-10") -> None:
    answer = await world.confirm(cast.ALDER_SALES, cast.DOGWOOD, dateAgreed=on)
    assert answer.status_code == 201


def options(page: Page) -> list[tuple[str, str]]:
    """Values and words of the choice, in their order; nothing where there is no choice."""
    html = page.html.partition('<select id="version"')[2].partition("</select>")[0]
    return [(one.partition('value="')[2].partition('"')[0], Page("<p" + one).text) for one in html.split("<option")[1:]]


def chosen(reply: Reply) -> str:
    """What stands in the choice."""
    return reply.page.form().fields["version"][0]


def kept(world: World) -> list[tuple[Any, ...]]:
    """Basis and label of each confirmation's text, oldest first."""
    return world.rows(
        "select t.basis, v.label from confirmation_text t join confirmation c on t.confirmation_number = c.number"
        " left join text_version v using (version_id) order by c.recorded_at, sequence"
    )


async def send(someone: Visitor, shown: Reply, **fields: Any) -> Reply:
    return await someone.send(FORM, shown.page.form(), **fields)


@pytest.mark.rule("R33", "R35", "R38")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "The one in force on the date of acceptance",
                "3, upcoming, in force from 4 September 2018",
                "2, in force from 5 August 2018",
                "1, in force from 6 July 2018",
            ],
        ),
        (
            "fr",
            [
                "Celui en vigueur à la date d’acceptation",
                "3, à venir, en vigueur à partir du 4 septembre 2018",
                "2, en vigueur à partir du 5 août 2018",
                "1, en vigueur à partir du 6 juillet 2018",
            ],
        ),
    ],
)
async def test_an_existing_customers_text_is_chosen_the_one_of_the_day_first_then_the_newest(
    world: World, language: str, expected: list[str]
) -> None:
    first, second, third = await three(world)
    await confirmed(world)
    someone = await visitor(world, language=language)
    shown = await someone.get(FORM)
    assert options(shown.page) == list(zip(["", third, second, first], expected, strict=True))
    assert chosen(shown) == ""
    assert text("confirmation.version", language) in shown.text


@pytest.mark.rule("R35", "R38")
@pytest.mark.parametrize(("place", "stored"), [(0, ("stated", "1")), (1, ("stated", "2")), (2, ("stated", "3"))])
async def test_the_version_chosen_is_recorded_as_the_partners_word(
    world: World, place: int, stored: tuple[str, str]
) -> None:
    versions = await three(world)
    await confirmed(world)
    someone = await visitor(world)
    saved = await someone.fill(FORM, None, **TYPED | {"version": versions[place]})
    assert saved.path == DOGWOOD
    assert kept(world) == [("inferred", "2"), stored]
    assert f"version {stored[1]}, as the partner stated" in saved.text


@pytest.mark.rule("R38")
async def test_left_alone_it_is_the_text_of_the_day(world: World) -> None:
    await three(world)
    await confirmed(world)
    someone = await visitor(world)
    await someone.fill(FORM, None, **TYPED)
    await someone.fill(FORM, None, **TYPED | {"accepted_on": "2018-07-20"})
    assert kept(world) == [("inferred", "2"), ("inferred", "2"), ("inferred", "1")]


@pytest.mark.rule("R17", "R35")
async def test_a_correction_keeps_the_text_that_was_named(world: World) -> None:
    third = (await three(world))[2]
    await confirmed(world)
    someone = await visitor(world)
    await someone.fill(FORM, None, **TYPED | {"version": third})
    shown = await someone.get(FORM)
    assert chosen(shown) == third
    assert shown.page.form().fields["accepted_on"] == ["2018-08-14"]
    await send(someone, shown, acceptor_first_name="Nora")
    assert kept(world)[-1] == ("stated", "3")


@pytest.mark.rule("R32")
@pytest.mark.parametrize(
    ("language", "fact"),
    [
        ("en", "Text to be accepted: version 2, in force since 5 August 2018."),
        ("fr", "Texte à accepter : version 2, en vigueur depuis le 5 août 2018."),
    ],
)
async def test_a_customer_that_was_never_confirmed_is_offered_the_current_text_alone(
    world: World, language: str, fact: str
) -> None:
    await three(world)
    shown = await (await visitor(world, language=language)).get(FORM)
    assert fact in shown.text
    assert "version" not in shown.page.form().names
    for other in ("version 1", "version 3", "upcoming", "à venir"):
        assert other not in shown.text


@pytest.mark.rule("R32")
async def test_what_was_recorded_in_error_or_for_another_agreement_makes_no_customer_an_old_one(world: World) -> None:
    await three(world)
    await confirmed(world)
    wrong = {"reason": "recorded_in_error", "templateId": cast.CLOUD_AGREEMENT, "note": "Made up."}
    await world.send(cast.ALDER_SALES, "POST", f"/api{DOGWOOD}/standing/end", wrong)
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD, templateId=cast.CUSTOMER_AGREEMENT)
    someone = await visitor(world)
    assert "version" not in (await someone.get(FORM)).page.form().names
    # One that no longer agreed did accept before, and may come back to any text.
    await confirmed(world)
    await world.send(cast.ALDER_SALES, "POST", f"/api{DOGWOOD}/standing/end", {"reason": "no_longer_agrees"})
    assert "version" in (await someone.get(FORM)).page.form().names


@pytest.mark.rule("R32")
@pytest.mark.parametrize(
    ("language", "fact", "french"),
    [
        (
            "en",
            "Text to be accepted, United States: version 2, in force since 5 August 2018.",
            "Text to be accepted, France: version F, in force since 10 August 2018.",
        ),
        (
            "fr",
            "Texte à accepter, États-Unis : version 2, en vigueur depuis le 5 août 2018.",
            "Texte à accepter, France : version F, en vigueur depuis le 10 août 2018.",
        ),
    ],
)
async def test_a_customer_about_to_be_created_is_shown_the_text_of_its_country_and_no_other(
    world: World, language: str, fact: str, french: str
) -> None:
    await three(world)
    await publish(world, {FRANCE: SAMPLE}, "F", effective_from=AUGUST - 5 * DAY)
    someone = await visitor(world, language=language)
    shown = await someone.get("/customers/new")
    assert fact in shown.text
    assert "version" not in shown.page.form().names
    # With scripts, choosing a country asks for this; without, the form says it when it is sent.
    assert french in (await someone.get("/customers/new?country=FR")).text
    noticed = await someone.send("/customers/new", shown.page.form(), **COMPANY | ACCEPTED | {"country": "FR"})
    assert noticed.status == 422
    assert french in noticed.text
    day = "10 August 2018" if language == "en" else "10 août 2018"
    assert text("confirmation.meanwhile.text", language, label="F", date=day) in noticed.text
    assert world.rows("select * from confirmation") == []
    done = await someone.send("/customers/new", noticed.page.form())
    assert text("new-customer.created-confirmed", language) in done.text
    assert kept(world) == [("inferred", "F")]


@pytest.mark.rule("R32")
async def test_a_new_customers_version_cannot_be_named_by_hand(world: World) -> None:
    first = (await three(world))[0]
    someone = await visitor(world)
    for count, (path, typed) in enumerate(((FORM, TYPED), ("/customers/new", COMPANY | ACCEPTED))):
        wrong = await someone.fill(path, None, **typed | {"version": first})
        assert wrong.status == 422
        assert text("confirmation.form.version-fixed", "en") in wrong.text
        assert len(kept(world)) == count
        assert (await someone.send(path, wrong.page.form())).status == 200
    assert kept(world) == [("inferred", "2")] * 2


@pytest.mark.rule("R38")
@pytest.mark.parametrize("published", [{}, {FRANCE: SAMPLE}])
async def test_where_no_text_is_published_nothing_is_asked(world: World, published: dict[Any, Any]) -> None:
    if published:
        await publish(world, published)
    await confirmed(world)
    someone = await visitor(world)
    for path in (FORM, "/customers/new"):
        shown = await someone.get(path)
        assert "version" not in shown.page.form().names
        assert "Text to be accepted" not in shown.text
    assert (await someone.fill(FORM, None, **TYPED)).path == DOGWOOD


@pytest.mark.rule("R38")
@pytest.mark.parametrize(
    "named", ["other template", "another country's", "9" * 5_000, "<script>alert(1)</script>", "2", cast.NOBODY]
)
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_version_that_is_none_of_those_offered_gets_a_sentence(world: World, named: str, language: str) -> None:
    await three(world)
    await publish(world, {AMERICA: SAMPLE}, "other", template_id=cast.CUSTOMER_AGREEMENT)
    await publish(world, {FRANCE: SAMPLE}, "french")
    ids = dict(world.rows("select label, version_id from text_version"))
    named = {"other template": ids["other"], "another country's": ids["french"]}.get(named, named)
    await confirmed(world)
    someone = await visitor(world, language=language)
    wrong = await someone.fill(FORM, None, **TYPED | {"version": named})
    assert wrong.status == 422
    assert text("confirmation.form.version", language) in wrong.text
    assert "version-mistake" in wrong.page.ids
    assert "<script>alert" not in wrong.page.html
    assert len(kept(world)) == 1
    assert wrong.page.form().fields["acceptor_email"] == ["noa@dogwood.example"]
    assert (await send(someone, wrong)).path == DOGWOOD


async def test_what_was_chosen_stands_when_something_else_was_wrong(world: World) -> None:
    versions = await three(world)
    await confirmed(world)
    someone = await visitor(world)
    wrong = await someone.fill(FORM, None, **TYPED | {"version": versions[0], "accepted_on": ""})
    assert (wrong.status, chosen(wrong)) == (422, versions[0])
    warned = await send(someone, wrong, accepted_on="2018-08-14", acceptor_email="noa@birch.example")
    assert (warned.status, chosen(warned)) == (422, versions[0])
    assert (await send(someone, warned)).path == DOGWOOD
    assert kept(world)[-1] == ("stated", "1")


async def test_the_same_form_twice_is_one_record_and_another_version_asks_first(world: World) -> None:
    versions = await three(world)
    await confirmed(world)
    someone = await visitor(world)
    form = (await someone.get(FORM)).page.form()
    sent = [await someone.send(FORM, form, **TYPED | {"version": versions[2]}) for _ in range(2)]
    assert [one.path for one in sent] == [DOGWOOD] * 2
    other = await someone.send(FORM, form, **TYPED | {"version": versions[0]})
    assert other.status == 409
    assert chosen(other) == versions[0]
    assert len(kept(world)) == 2


@pytest.mark.rule("R34", "R38")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "The text to be accepted is now version 4, in force since 15 August 2018."),
        ("fr", "Le texte à accepter est désormais la version 4, en vigueur depuis le 15 août 2018."),
    ],
)
async def test_a_text_that_takes_effect_while_the_form_is_open_is_reported_before_anything_is_recorded(
    world: World, language: str, expected: str
) -> None:
    await three(world)
    someone = await visitor(world, language=language)
    shown = await someone.get(FORM)
    await publish(world, {AMERICA: SAMPLE}, "4", effective_from=AUGUST)
    noticed = await send(someone, shown, **TYPED)
    assert noticed.status == 422
    assert expected in noticed.text
    assert kept(world) == []
    assert (await send(someone, noticed)).path == DOGWOOD
    assert kept(world) == [("inferred", "2")], "the day that was typed was before"


async def test_an_upcoming_text_published_while_the_form_is_open_is_no_news(world: World) -> None:
    await three(world)
    someone = await visitor(world)
    shown = await someone.get(FORM)
    await publish(world, {AMERICA: SAMPLE}, "4", effective_from=UPCOMING + DAY)
    assert (await send(someone, shown, **TYPED)).path == DOGWOOD


@pytest.mark.rule("R33", "R34", "R37")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "A newer text has been in force since 4 September 2018.",
                "The text: version 2, inferred from date, country and language.",
                "To be accepted now: version 3, in force since 4 September 2018.",
            ],
        ),
        (
            "fr",
            [
                "Un texte plus récent est en vigueur depuis le 4 septembre 2018.",
                "Le texte : version 2, déduite de la date, du pays et de la langue.",
                "À accepter maintenant : la version 3, en vigueur depuis le 4 septembre 2018.",
            ],
        ),
    ],
)
async def test_renewing_begins_with_the_same_acceptor_and_no_date_and_says_which_text_is_meant(
    world: World, language: str, expected: list[str]
) -> None:
    await three(world)
    await confirmed(world)
    world.clock.now = UPCOMING + DAY
    someone = await visitor(world, language=language)
    path = f"{FORM}?template={cast.CLOUD_AGREEMENT}&next=/customers"
    shown = await someone.get(path)
    for sentence in expected:
        assert sentence in shown.text
    fields = shown.page.form().fields
    assert (fields["acceptor_first_name"], fields["acceptor_email"]) == (["Noa"], ["noa@contoso.example"])
    assert (fields["accepted_on"], fields["version"]) == ([""], [""])
    saved = await someone.send(path, shown.page.form(), accepted_on="2018-09-05")
    assert (saved.status, saved.path) == (200, "/customers"), "a date and one click"
    assert kept(world) == [("inferred", "2"), ("inferred", "3")]
    renewed = await someone.get(path)
    assert renewed.page.form().fields["accepted_on"] == ["2018-09-05"]
    assert expected[2] not in renewed.text


@pytest.mark.rule("R34")
async def test_of_a_confirmation_from_before_there_were_texts_it_says_that_nobody_knows(world: World) -> None:
    await confirmed(world)
    await publish(world, {AMERICA: SAMPLE}, "1", effective_from=AUGUST + DAY)
    world.clock.now = AUGUST + 2 * DAY
    shown = await (await visitor(world)).get(FORM)
    assert "The accepted version is not known" in shown.text
    assert "To be accepted now: version 1" in shown.text


@pytest.mark.rule("R17", "R33")
async def test_reconfirming_is_no_duplicate_on_the_form_and_the_same_again_is(world: World) -> None:
    path = f"{FORM}?template={cast.CUSTOMER_AGREEMENT}"
    upcoming = REPEATS_REFUSED + 20 * DAY
    await publish(world, {AMERICA: SAMPLE}, "1", template_id=cast.CUSTOMER_AGREEMENT)
    await publish(world, {AMERICA: SAMPLE}, "2", template_id=cast.CUSTOMER_AGREEMENT, effective_from=upcoming)
    world.clock.now = REPEATS_REFUSED
    someone = await visitor(world)
    await someone.fill(path, None, **TYPED)
    again = await someone.fill(path, None, **TYPED)
    assert again.status == 422
    assert "already exists" in again.text
    world.clock.now = upcoming + DAY
    assert (await someone.fill(path, None, accepted_on="2021-02-04")).path == DOGWOOD
    assert (await someone.fill(path, None, accepted_on="2021-02-04")).status == 422
    assert kept(world) == [("inferred", "1"), ("inferred", "2")]


@pytest.mark.rule("R32", "R35")
async def test_an_orders_form_names_the_text_as_well(world: World) -> None:
    await three(world)
    world.clock.now = DASHBOARD_ENFORCED
    someone = await visitor(world)
    held = await someone.fill(f"{DOGWOOD}/order", None, **{"offer-0": OFFER})
    assert "Text to be accepted: version 3, in force since 4 September 2018." in held.text
    assert "version" not in held.page.form().names
    await confirmed(world)
    await world.send(cast.ALDER_SALES, "POST", f"/api{DOGWOOD}/standing/end", {"reason": "no_longer_agrees"})
    held = await someone.fill(f"{DOGWOOD}/order", None, **{"offer-0": OFFER})
    form = held.page.form()
    [(second,)] = world.rows("select version_id from text_version where label = '2'")
    step, pressed = form.buttons[0]
    placed = await someone.send(
        f"{DOGWOOD}/order", form, **{step: pressed}, **ACCEPTOR | {"accepted_on": "2018-11-06", "version": second}
    )
    assert text("order.placed", "en") in placed.text
    assert kept(world)[-1] == ("stated", "2")


CHANGED_ON = "2018-08-05"
"""The day on which the second of the `three` texts took effect."""


@pytest.mark.fault("B11")
@pytest.mark.rule("R35", "R38")
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("answer", "stored"), [(0, ("stated", "1")), (1, ("stated", "2")), (None, ("undetermined", None))]
)
async def test_on_the_day_of_a_new_text_the_form_asks_which_one_was_accepted(
    world: World, language: str, answer: int | None, stored: tuple[str, str | None]
) -> None:
    versions = await three(world)
    await confirmed(world)
    someone = await visitor(world, language=language)
    asked = await someone.fill(FORM, None, **TYPED | {"accepted_on": CHANGED_ON})
    assert asked.status == 422
    assert text("confirmation.form.version-asked", language) in asked.text
    assert [value for value, _ in options(asked.page)] == ["", *versions[::-1], "unknown"]
    assert text("confirmation.version.by-date", language) not in asked.text
    again = await send(someone, asked)
    assert again.status == 422, "it asks until it is answered"
    assert len(kept(world)) == 1
    saved = await send(someone, again, version="unknown" if answer is None else versions[answer])
    assert saved.path == DOGWOOD
    assert kept(world)[-1] == stored
    shown = await someone.get(FORM)
    if stored != ("stated", "1"):  # what is outdated is not corrected but reconfirmed
        assert chosen(shown) == ("unknown" if answer is None else versions[answer]), "a correction keeps what was said"


@pytest.mark.fault("B11")
@pytest.mark.rule("R32")
async def test_on_the_day_of_a_new_text_a_first_confirmation_is_asked_too_and_may_name_only_the_two(
    world: World,
) -> None:
    first, second, third = await three(world)
    someone = await visitor(world)
    asked = await someone.fill(FORM, None, **TYPED | {"accepted_on": CHANGED_ON})
    assert [value for value, _ in options(asked.page)] == ["", second, first, "unknown"]
    fixed = await send(someone, asked, version=third)
    assert (fixed.status, kept(world)) == (422, [])
    assert (await send(someone, fixed, version=first)).path == DOGWOOD
    assert kept(world) == [("stated", "1")]


@pytest.mark.fault("B11")
async def test_an_answer_is_no_longer_needed_when_the_date_is_put_right(world: World) -> None:
    await three(world)
    someone = await visitor(world)
    asked = await someone.fill(FORM, None, **TYPED | {"accepted_on": CHANGED_ON})
    assert (await send(someone, asked, accepted_on="2018-08-06", version="unknown")).path == DOGWOOD
    assert kept(world) == [("inferred", "2")]


@pytest.mark.fault("B11")
@pytest.mark.rule("R32")
async def test_a_new_customer_and_an_order_are_asked_as_well(world: World) -> None:
    first, second, _ = await three(world)
    someone = await visitor(world)
    path = "/customers/new"
    typed = COMPANY | ACCEPTED | {"accepted_on": CHANGED_ON}
    asked = await someone.fill(path, None, **typed)
    assert asked.status == 422
    assert [value for value, _ in options(asked.page)] == ["", second, first, "unknown"]
    made = await someone.send(path, asked.page.form(), version=first)
    assert (made.status, kept(world)) == (200, [("stated", "1")])
    world.clock.now = DASHBOARD_ENFORCED
    order = f"{DOGWOOD}/order"
    held = await someone.fill(order, **{"offer-0": OFFER})
    typed = ACCEPTOR | {"accepted_on": "2018-09-04"}  # the third text took effect
    asked = await someone.send(order, held.page.form(), step="confirm", **typed)
    assert text("confirmation.form.version-asked", "en") in asked.text
    done = await someone.send(order, asked.page.form(), step="confirm", version="unknown")
    assert kept(world)[-1] == ("undetermined", None)
    assert world.rows("select count(*) from order_") == [(1,)], done.text


@pytest.mark.fault("B11")
@pytest.mark.rule("R38")
async def test_the_wire_names_no_text_and_a_date_of_that_day_is_undetermined(world: World) -> None:
    await three(world)
    for date in ("2018-08-05", "2018-08-05T00:00:00Z", "2018-08-05T02:00:00+02:00", "2018-08-05T00:00:00.0000001Z"):
        answer = await world.confirm(cast.ALDER_SALES, cast.DOGWOOD, dateAgreed=date)
        assert answer.status_code == 201
        assert kept(world)[-1] == ("undetermined", None)
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD, dateAgreed="2018-08-05T00:00:01Z")
    assert kept(world)[-1] == ("inferred", "2")
