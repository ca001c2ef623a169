"""The form for a confirmation: what it asks, what it says all at once, what it warns of, and what is never lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agreegate.i18n import text
from agreegate.storage.engine.unit_of_work import to_micros
from tests import personas as cast
from tests.dashboard.acceptor import DOGWOOD, NORA, confirm
from tests.dashboard.visitor import Reply, visitor
from tests.world import AUGUST, World

CEDAR = f"/customers/{cast.CEDAR}/confirmation"


def change(world: World, sql: str, *parameters: object) -> None:
    """Let something be otherwise in the record."""
    connection = world.connection()
    connection.set_busy_timeout(5000)
    connection.execute(sql, parameters)  # type: ignore[arg-type]
    connection.close()


def recorded(world: World, customer: str = cast.DOGWOOD) -> list[tuple[Any, ...]]:
    """First name, e-mail address, date and channel of what was recorded, oldest first."""
    rows = world.rows(
        "select p.first_name, p.email, c.date_agreed_at, c.channel from confirmation c"
        " join confirmation_contact p on p.confirmation_number = c.number"
        " where customer_id = ? order by c.sequence",
        customer,
    )
    return [
        (first, email, datetime.fromtimestamp(at // 1_000_000, UTC).date().isoformat(), by)
        for first, email, at, by in rows
    ]


def values(reply: Reply) -> dict[str, str]:
    """What stands in the fields of the form."""
    return {name: found[0] for name, found in reply.page.form().fields.items()}


@pytest.mark.rule("R13", "R15", "R42")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "The acceptance of Dogwood Legal is recorded."),
        ("fr", "L’acceptation par Dogwood Legal est enregistrée."),
    ],
)
async def test_what_was_typed_is_recorded_through_the_dashboard(world: World, language: str, expected: str) -> None:
    someone = await visitor(world, language=language)
    saved = await confirm(someone)
    assert (saved.status, saved.path) == (200, f"/customers/{cast.DOGWOOD}")
    assert expected in saved.text
    assert recorded(world) == [("Nora", "nora@dogwood.example", "2018-08-10", "dashboard")]
    assert world.rows("select user_id, recorded_by from confirmation") == [(cast.ALDER_SALES, cast.ALDER_SALES)]


@pytest.mark.rule("R19")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            "We keep this only as proof of who accepted, and only as your customer instructs. Nothing is sent to this person.",
        ),
        (
            "fr",
            "Nous conservons ces données uniquement comme preuve de qui a accepté, selon les instructions de votre client. Rien n’est envoyé",
        ),
    ],
)
async def test_the_form_says_how_the_data_are_used(world: World, language: str, expected: str) -> None:
    assert expected in (await (await visitor(world, language=language)).get(DOGWOOD)).text


@pytest.mark.rule("R19")
async def test_the_form_begins_with_the_primary_contact_and_no_date(world: World) -> None:
    change(
        world,
        "insert into customer_contact values (?, ?, 'p', '1', 'ida@dogwood.example', 'Ida', 'Roy', '555', '', '', '', '', '')",
        cast.ALDER,
        cast.DOGWOOD,
    )
    shown = values(await (await visitor(world)).get(DOGWOOD))
    assert {name: shown[name] for name in NORA} == {
        "acceptor_first_name": "Ida",
        "acceptor_last_name": "Roy",
        "acceptor_email": "ida@dogwood.example",
        "acceptor_phone": "555",
        "accepted_on": "",
    }


@pytest.mark.rule("R17", "R41")
async def test_update_begins_with_what_counts_and_corrects_it(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world)
    opened = await someone.get(DOGWOOD)
    assert "Update the confirmation of Dogwood Legal" in opened.text
    assert (values(opened)["acceptor_first_name"], values(opened)["accepted_on"]) == ("Noa", "2018-08-10")
    await someone.send(DOGWOOD, opened.page.form(), acceptor_first_name="Noah")
    assert [(row[0], row[3]) for row in recorded(world)] == [("Noa", "api"), ("Noah", "dashboard")]


@pytest.mark.rule("R15", "R16")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "There are 4 problems:",
                "Type the first name",
                "Type the last name",
                "Type the e-mail address",
                "Choose the day",
            ],
        ),
        ("fr", ["Saisissez le prénom", "Saisissez le nom", "Saisissez l’adresse e-mail", "Choisissez le jour"]),
    ],
)
async def test_everything_that_is_missing_is_named_at_once_beside_its_field(
    world: World, language: str, expected: list[str]
) -> None:
    someone = await visitor(world, language=language)
    shown = await confirm(someone, **dict.fromkeys(NORA, " "))
    assert shown.status == 422
    assert all(sentence in shown.text for sentence in expected)
    assert {"acceptor_first_name-mistake", "accepted_on-mistake"} <= set(shown.page.ids)
    assert {"#acceptor_email", "#accepted_on"} <= set(shown.page.links)
    assert "acceptor_phone-mistake" not in shown.page.ids
    assert recorded(world) == []


@pytest.mark.rule("R15", "R16")
@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        ("acceptor_first_name", "x" * 51, "Type the first name"),
        ("acceptor_last_name", "a\x07b", "Type the last name"),
        ("acceptor_email", "nora@dogwood", "Write the e-mail address like this"),
        ("acceptor_email", "nora dogwood.example", "Write the e-mail address like this"),
        ("acceptor_phone", "5" * 51, "at most 50 characters"),
        ("accepted_on", "10/08/2018", "We cannot read this date"),
        ("accepted_on", "2018-02-30", "We cannot read this date"),
        ("accepted_on", "1899-12-31", "We cannot read this date"),
        ("accepted_on", "2018-08-16", "The date lies in the future. Choose 15 August 2018 or an earlier day."),
        ("accepted_on", "9999-12-31", "The date lies in the future."),
    ],
)
async def test_what_cannot_be_recorded_says_how_to_mend_it_and_keeps_what_was_typed(
    world: World, field: str, typed: str, expected: str
) -> None:
    shown = await confirm(await visitor(world), **{field: typed})
    assert shown.status == 422
    assert expected in shown.text
    assert f"{field}-mistake" in shown.page.ids
    assert values(shown) == values(shown) | NORA | {field: typed}
    assert recorded(world) == []


@pytest.mark.rule("R15")
async def test_today_is_a_day_where_the_customer_is(world: World) -> None:
    change(world, "update customer set country = 'NZ' where customer_id = ?", cast.DOGWOOD)
    world.clock.now = datetime(2018, 8, 15, 20, tzinfo=UTC)  # the morning of the 16th in Auckland
    assert (await confirm(await visitor(world), accepted_on="2018-08-17")).status == 422
    assert (await confirm(await visitor(world), accepted_on="2018-08-16")).status == 200


@pytest.mark.rule("R24")
@pytest.mark.parametrize(
    ("language", "typed", "expected", "kept"),
    [
        ("en", "sam@alder.example", "at your own organisation", ["partner_domain"]),
        ("fr", "sam@alder.example", "celle de votre organisation", ["partner_domain"]),
        ("en", "sam@MAIL.Birch.example", "at one of your resellers", ["reseller_domain"]),
        ("fr", "sam@birch.example", "celle d’un de vos revendeurs", ["reseller_domain"]),
        (
            "en",
            "Sales@alder.example",
            "This is the e-mail address of the employee who confirms",
            ["own_address", "partner_domain"],
        ),
        (
            "fr",
            "sales@alder.example",
            "l’adresse e-mail de la personne qui confirme",
            ["own_address", "partner_domain"],
        ),
    ],
)
async def test_an_acceptor_of_the_partners_side_is_asked_about_once_and_then_recorded_with_the_warning(
    world: World, language: str, typed: str, expected: str, kept: list[str]
) -> None:
    someone = await visitor(world, language=language)
    shown = await confirm(someone, acceptor_email=typed)
    assert shown.status == 422
    assert expected in shown.text
    assert "mistakes" not in shown.page.ids
    assert values(shown)["acceptor_email"] == typed
    assert recorded(world) == []
    saved = await someone.send(DOGWOOD, shown.page.form())
    assert saved.status == 200
    assert recorded(world)[0][1] == typed
    assert [row[0] for row in world.rows("select warning from confirmation_warning order by warning")] == kept


@pytest.mark.rule("R24")
async def test_another_warning_than_the_one_read_is_shown_before_anything_is_recorded(world: World) -> None:
    someone = await visitor(world)
    first = await confirm(someone, acceptor_email="sam@alder.example")
    second = await someone.send(DOGWOOD, first.page.form(), acceptor_email="sam@birch.example")
    assert second.status == 422
    assert "at one of your resellers" in second.text
    assert "at your own organisation" not in second.text
    third = await someone.send(DOGWOOD, second.page.form(), acceptor_email="sam@dogwood.example")
    assert third.status == 200
    assert world.rows("select warning from confirmation_warning") == []


@pytest.mark.parametrize(("language", "expected"), [("en", "more than ten years ago"), ("fr", "plus de dix ans")])
async def test_a_day_of_long_ago_is_asked_about_once_and_recorded_as_it_is(
    world: World, language: str, expected: str
) -> None:
    someone = await visitor(world, language=language)
    shown = await confirm(someone, accepted_on="1999-08-14")
    assert (shown.status, recorded(world)) == (422, [])
    assert expected in shown.text
    assert text("confirmation.warning.kept", language) not in shown.text
    other = await someone.send(DOGWOOD, shown.page.form(), acceptor_email="sam@alder.example")
    assert (other.status, text("confirmation.warning.kept", language) in other.text) == (422, True)
    saved = await someone.send(DOGWOOD, other.page.form())
    assert saved.status == 200
    assert world.rows("select date_agreed_at from confirmation") == [(to_micros(datetime(1999, 8, 14, tzinfo=UTC)),)]
    assert world.rows("select warning from confirmation_warning") == [("partner_domain",)]


async def test_a_warning_made_up_by_a_stranger_is_no_page_of_its_own(world: World) -> None:
    shown = await confirm(await visitor(world), warned=["<script>", "partner_domain"], accepted_on="")
    assert shown.status == 422
    assert "<script>" not in shown.page.html
    assert "at your own organisation" not in shown.text


@pytest.mark.rule("R22", "R23")
async def test_a_provider_says_through_whom_it_got_the_data(world: World) -> None:
    someone = await visitor(world)
    opened = await someone.get(CEDAR)
    assert "Collected through" in opened.text
    collected = {"collected_through": cast.HORNBEAM, "collected_from": "Kim Marsh", "collected_on": "2018-08-14"}
    assert (await confirm(someone, CEDAR, **collected)).status == 200
    day = to_micros(datetime(2018, 8, 14, tzinfo=UTC))
    assert world.rows("select reseller_id, person, collected_at from confirmation_collection") == [
        (cast.HORNBEAM, "Kim Marsh", day)
    ]


@pytest.mark.rule("R23")
@pytest.mark.parametrize(
    ("collected", "wrong"),
    [
        ({"collected_through": cast.BIRCH}, {"collected_from", "collected_on"}),
        ({"collected_from": "Kim"}, {"collected_through", "collected_on"}),
        ({"collected_on": "2018-08-16"}, {"collected_through", "collected_from", "collected_on"}),
        ({"collected_through": cast.HAZEL, "collected_from": "Kim", "collected_on": "2018-08-14"}, {"collected_through"}),
        ({"collected_through": "<b>", "collected_from": "x" * 101, "collected_on": "soon"}, {"collected_through", "collected_from", "collected_on"}),
    ],
)  # fmt: skip
async def test_what_was_collected_is_given_whole_or_not_at_all(
    world: World, collected: dict[str, str], wrong: set[str]
) -> None:
    shown = await confirm(await visitor(world), CEDAR, **collected)
    assert shown.status == 422
    assert {
        field
        for field in ("collected_through", "collected_from", "collected_on")
        if f"{field}-mistake" in shown.page.ids
    } == wrong
    assert recorded(world, cast.CEDAR) == []


@pytest.mark.rule("R22")
async def test_a_direct_bill_partner_is_not_asked_about_resellers(world: World) -> None:
    someone = await visitor(world, cast.HAZEL_ADMIN)
    assert "collected_through" not in (await someone.get(CEDAR)).page.form().names
    made_up = {"collected_through": cast.BIRCH, "collected_from": "Kim", "collected_on": "2018-08-14"}
    assert (await confirm(someone, CEDAR, **made_up)).status == 200
    assert world.rows("select * from confirmation_collection") == []


@pytest.mark.rule("R28")
async def test_a_designated_account_names_the_employee_who_confirms(world: World) -> None:
    someone = await visitor(world, cast.ALDER_MARKETPLACE)
    shown = await confirm(someone)
    assert shown.status == 422
    assert {"employee_name-mistake", "employee_email-mistake"} <= set(shown.page.ids)
    half = await someone.send(DOGWOOD, shown.page.form(), employee_name="Robin Vale", employee_email="robin")
    assert "employee_email-mistake" in half.page.ids
    assert values(half)["employee_name"] == "Robin Vale"
    saved = await someone.send(DOGWOOD, half.page.form(), employee_email="robin@alder.example")
    assert saved.status == 200
    assert world.rows("select name, email from confirmation_employee") == [("Robin Vale", "robin@alder.example")]


@pytest.mark.rule("R24", "R28")
async def test_the_employee_behind_a_designated_account_cannot_be_the_one_who_accepted(world: World) -> None:
    robin = {
        "employee_name": "Robin Vale",
        "employee_email": "Robin@home.example",
        "acceptor_email": "robin@home.example",
    }
    someone = await visitor(world, cast.ALDER_MARKETPLACE)
    shown = await confirm(someone, **robin)
    assert shown.status == 422
    assert "This is the e-mail address of the employee who confirms" in shown.text
    assert (await someone.send(DOGWOOD, shown.page.form())).status == 200
    assert world.rows("select warning from confirmation_warning") == [("own_address",)]


@pytest.mark.rule("R28")
async def test_an_account_of_ones_own_is_not_asked_who_confirms(world: World) -> None:
    assert "employee_name" not in (await (await visitor(world)).get(DOGWOOD)).page.form().names


async def test_the_back_button_and_another_value_ask_before_they_record_again(world: World) -> None:
    someone = await visitor(world)
    form = (await someone.get(DOGWOOD)).page.form()
    await someone.send(DOGWOOD, form, **NORA)
    again = await someone.send(DOGWOOD, form, **{**NORA, "acceptor_first_name": "Norah"})
    assert again.status == 409
    assert "You sent this form before" in again.text
    assert "Meanwhile, sales@alder.example recorded on 15 August 2018" in again.text
    assert len(recorded(world)) == 1
    meant = await someone.send(DOGWOOD, again.page.form())
    assert meant.status == 200
    assert [row[0] for row in recorded(world)] == ["Nora", "Norah"]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Meanwhile, admin@alder.example recorded on 15 August 2018, 00:00 UTC that Ida Whitfield accepted on 10 August 2018."),
        ("fr", "Entre-temps, admin@alder.example a enregistré le 15 août 2018, 00:00 UTC l’acceptation de Ida Whitfield du 10 août 2018."),
    ],
)  # fmt: skip
async def test_a_colleague_who_confirmed_meanwhile_is_noticed_and_nothing_typed_is_lost(
    world: World, language: str, expected: str
) -> None:
    someone, colleague = await visitor(world, language=language), await visitor(world, cast.ALDER_ADMIN)
    form = (await someone.get(DOGWOOD)).page.form()
    await confirm(colleague, acceptor_first_name="Ida")
    shown = await someone.send(DOGWOOD, form, **NORA)
    assert shown.status == 422
    assert expected in shown.text
    assert values(shown) == values(shown) | NORA
    assert len(recorded(world)) == 1
    assert (await someone.send(DOGWOOD, shown.page.form())).status == 200
    assert [row[0] for row in recorded(world)] == ["Ida", "Nora"]


@pytest.mark.rule("R47")
@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ({"reason": "no_longer_agrees"}, "recorded on 15 August 2018, 00:00 UTC that the customer no longer agrees"),
        (
            {"reason": "recorded_in_error", "templateId": cast.CLOUD_AGREEMENT},
            "voided a confirmation",
        ),
    ],
)
async def test_an_end_recorded_meanwhile_is_noticed_before_it_is_lifted(
    world: World, end: dict[str, str], expected: str
) -> None:
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    someone = await visitor(world)
    form = (await someone.get(DOGWOOD)).page.form()
    await world.send(cast.ALDER_ADMIN, "POST", f"/api/customers/{cast.DOGWOOD}/standing/end", end)
    shown = await someone.send(DOGWOOD, form, **NORA)
    assert shown.status == 422
    assert expected in shown.text
    assert (await someone.send(DOGWOOD, shown.page.form())).status == 200


async def test_another_agreement_confirmed_meanwhile_concerns_nobody(world: World) -> None:
    someone = await visitor(world)
    form = (await someone.get(DOGWOOD)).page.form()
    await world.confirm(cast.ALDER_ADMIN, cast.DOGWOOD, templateId=cast.CUSTOMER_AGREEMENT)
    assert (await someone.send(DOGWOOD, form, **NORA)).status == 200


@pytest.mark.rule("R1")
async def test_before_the_programme_there_is_no_form(world: World) -> None:
    world.clock.now = datetime(2018, 8, 6, 23, 59, tzinfo=UTC)
    shown = await (await visitor(world)).get(DOGWOOD)
    assert shown.status == 404
    assert "not yet at this date" in shown.text


@pytest.mark.rule("R22")
@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "An indirect reseller does not confirm."), ("fr", "Un revendeur indirect ne confirme pas.")],
)
async def test_an_indirect_reseller_is_sent_to_its_provider(world: World, language: str, expected: str) -> None:
    someone = await visitor(world, cast.BIRCH_SALES, language)
    shown = await someone.get(CEDAR)
    assert shown.status == 200
    assert expected in shown.text
    assert "/providers" in shown.page.links
    assert "accepted_on" not in {name for form in shown.page.forms for name in form.names}
    token = shown.page.form("/sign-out").fields["_csrf_token"]
    sent = await someone.client.post(CEDAR, data={**NORA, "_csrf_token": token})
    assert sent.status_code == 403
    assert recorded(world, cast.CEDAR) == []


async def test_the_agreement_can_be_chosen(world: World) -> None:
    someone = await visitor(world)
    other = next(link for link in (await someone.get(DOGWOOD)).page.links if link.startswith("?template="))
    path = DOGWOOD + other
    await someone.fill(path, **NORA)
    assert world.rows("select template_id from confirmation") == [(cast.CUSTOMER_AGREEMENT,)]


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        (f"/customers/{cast.DOGWOOD}/order", f"/customers/{cast.DOGWOOD}/order"),
        ("https://evil.example/", f"/customers/{cast.DOGWOOD}"),
        ("//evil.example", f"/customers/{cast.DOGWOOD}"),
    ],
)
async def test_after_saving_the_reader_goes_on_where_it_came_from_and_nowhere_else(
    world: World, target: str, leads: str
) -> None:
    saved = await (await visitor(world)).fill(f"{DOGWOOD}?next={target}", **NORA)
    assert saved.path == leads


async def test_the_same_customer_agreement_twice_is_refused_on_the_form(world: World) -> None:
    world.clock.now = datetime(2021, 1, 14, tzinfo=UTC)
    someone = await visitor(world)
    path = f"{DOGWOOD}?template={cast.CUSTOMER_AGREEMENT}"
    await someone.fill(path, **NORA)
    again = await someone.fill(path, **NORA)
    assert again.status == 422
    assert "already exists" in again.text
    assert len(recorded(world)) == 1


@pytest.mark.rule("R47")
async def test_a_new_acceptance_counts_after_the_customer_no_longer_agreed(world: World) -> None:
    someone = await visitor(world)
    await world.send(
        cast.ALDER_SALES, "POST", f"/api/customers/{cast.DOGWOOD}/standing/end", {"reason": "no_longer_agrees"}
    )
    world.clock.now = AUGUST + timedelta(days=1)
    shown = await someone.get(DOGWOOD)
    assert "The customer no longer agreed." in shown.text
    assert (await someone.send(DOGWOOD, shown.page.form(), **NORA)).status == 200
    assert (await world.ask(cast.ALDER_SALES, cast.DOGWOOD))["verdict"] == "allow"
