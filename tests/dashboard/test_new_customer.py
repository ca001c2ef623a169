"""New customers on the dashboard: created with the confirmation or without it, never half, and once."""

from typing import Any

import pytest

from tests import personas as cast
from tests.dashboard.acceptor import confirmed
from tests.dashboard.typed import ACCEPTED, COMPANY
from tests.dashboard.visitor import Reply, Visitor, visitor
from tests.world import DASHBOARD_ENFORCED, World

NEW = "/customers/new"
SOMEBODY_ELSE = {
    "other": "yes",
    "acceptor_first_name": "Noa",
    "acceptor_last_name": "Berg",
    "acceptor_email": "noa@oak.example",
}


async def create(world: World, user: str = cast.ALDER_SALES, language: str = "en", **changes: Any) -> Reply:
    """Somebody fills the form and creates the customer."""
    return await (await visitor(world, user, language)).fill(NEW, **(COMPANY | changes))


def created(world: World) -> list[tuple[object, ...]]:
    """Name and domain of each customer that was not there from the beginning."""
    return world.rows("select company_name, domain from customer where customer_id not like '%-4000-8000-%'")


@pytest.mark.rule("R2")
@pytest.mark.rule("R12")
@pytest.mark.parametrize(
    ("language", "optional", "expected"),
    [
        ("en", "Optional until 7 November 2018", "The customer is created. No confirmation is recorded yet."),
        ("fr", "Facultatif jusqu’au 7 novembre 2018", "Le client est créé. Aucune confirmation"),
    ],
)
async def test_while_it_is_optional_leaving_it_unticked_goes_on(
    world: World, language: str, optional: str, expected: str
) -> None:
    assert optional in (await (await visitor(world, language=language)).get(NEW)).text
    done = await create(world, language=language)
    assert expected in done.text
    assert "Oak Furniture" in done.text
    assert created(world) == [("Oak Furniture", "oak.example")]
    assert confirmed(world) == []


@pytest.mark.rule("R8")
@pytest.mark.rule("R12")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Nothing can be bought for it until its acceptance is confirmed."),
        ("fr", "Rien ne peut être acheté avant la confirmation de son acceptation."),
    ],
)
async def test_once_it_is_required_the_customer_is_created_all_the_same(
    world: World, language: str, expected: str
) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone = await visitor(world, language=language)
    done = await someone.fill(NEW, **COMPANY)
    assert expected in done.text
    assert created(world) == [("Oak Furniture", "oak.example")]
    offer = {"offer-0": "bd938f12-058f-4927-bba3-ae36b1d2501c"}
    assert "(R9)" in (await someone.fill(f"{done.path}/order", **offer)).text


@pytest.mark.rule("R19")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "The customer is created, and its acceptance is confirmed."),
        ("fr", "Le client est créé et son acceptation est confirmée."),
    ],
)
async def test_who_accepted_is_the_primary_contact_unless_somebody_else_is_named(
    world: World, language: str, expected: str
) -> None:
    done = await create(world, language=language, **ACCEPTED)
    assert expected in done.text
    contact = "select first_name, last_name, email, phone from confirmation_contact"
    assert world.rows(contact) == [("Ida", "Falk", "ida@oak.example", "5550123")]
    assert [row[1:] for row in confirmed(world)] == [("Falk", "dashboard")]
    await create(world, **ACCEPTED | SOMEBODY_ELSE | {"domain": "ash.example"})
    assert ("Noa", "Berg", "noa@oak.example", None) in world.rows(contact)


async def test_a_name_typed_for_somebody_else_does_not_count_once_that_is_unticked(world: World) -> None:
    await create(world, **ACCEPTED | SOMEBODY_ELSE | {"other": None})
    assert [row[1] for row in confirmed(world)] == ["Falk"]


async def test_what_is_not_stated_is_not_recorded(world: World) -> None:
    await create(world, **ACCEPTED | SOMEBODY_ELSE | {"accepted": None})
    assert confirmed(world) == []
    assert len(created(world)) == 1


@pytest.mark.rule("R7")
@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"accepted_on": ""}, "accepted_on", "Choose the day"),
        ({"accepted_on": "2018-09-30"}, "accepted_on", "lies in the future"),
        (SOMEBODY_ELSE | {"acceptor_email": "nobody"}, "acceptor_email", "e-mail address like this"),
        (SOMEBODY_ELSE | {"acceptor_last_name": ""}, "acceptor_last_name", "last name"),
    ],
)
async def test_without_a_confirmation_that_can_be_recorded_there_is_no_customer(
    world: World, changes: dict[str, str], field: str, expected: str
) -> None:
    someone = await visitor(world)
    wrong = await someone.fill(NEW, **COMPANY | ACCEPTED | changes)
    assert wrong.status == 422
    assert expected in wrong.text
    assert f"#{field}" in wrong.page.links
    assert created(world) == confirmed(world) == []
    form = wrong.page.form()
    assert (form.fields["accepted"], form.fields["company"]) == (["yes"], ["Oak Furniture"])
    mended = {"accepted_on": "2018-08-14", "acceptor_email": "noa@oak.example", "acceptor_last_name": "Berg"}
    await someone.send(NEW, form, **mended)
    assert (len(created(world)), len(confirmed(world))) == (1, 1)


async def test_without_a_customer_that_can_be_created_there_is_no_confirmation(world: World) -> None:
    wrong = await create(world, **ACCEPTED | {"domain": "cedar.example"})
    assert wrong.status == 422
    assert "belongs to another customer or a partner" in wrong.text
    assert created(world) == confirmed(world) == []


async def test_everything_that_is_wrong_is_said_at_once_each_at_its_field(world: World) -> None:
    blank = dict.fromkeys(COMPANY, "") | {"registration": "", "state": "Washington", "accepted": "yes"}
    for language, expected in (("en", "Give the company’s name"), ("fr", "Donnez le nom de l’entreprise")):
        wrong = await create(world, language=language, **blank)
        assert wrong.status == 422
        assert expected in wrong.text
        named = [link[1:] for link in wrong.page.links if link.startswith("#") and link != "#main"]
        assert named == [
            "company", "domain", "country", "culture", "contact_first_name", "contact_last_name", "contact_email",
            "line1", "city", "state", "accepted_on",
        ]  # fmt: skip
    assert created(world) == []


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"country": "AM"}, "registration", "asks for the organisation’s registration number"),
        ({"country": "AM", "registration": "12"}, "registration", "has 8 digits"),
        ({"country": "HU", "registration": "12"}, "registration", "has 8 / 11 digits"),
        ({"country": "AM", "registration": "12345678", "contact_phone": ""}, "contact_phone", "asks for a phone"),
        ({"registration": "12345678"}, "registration", "this country does not ask for it"),
        ({"domain": "oak"}, "domain", "Give a domain name"),
        ({"domain": "alder.example"}, "domain", "belongs to another"),
        ({"domain": "alder.example", "city": ""}, "domain", "belongs to another"),
        ({"contact_email": "ida"}, "contact_email", "Give an e-mail address"),
        ({"company": "x" * 201}, "company", "200 characters"),
        ({"company": "\u200b"}, "company", "company’s name"),
        ({"country": "XYZ"}, "country", "Choose the customer’s country"),
        ({"culture": "klingon"}, "culture", "Choose the customer’s language"),
        ({"reseller": cast.HAZEL}, "reseller", "works with you"),
        ({"reseller": "nobody"}, "reseller", "works with you"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_kept(
    world: World, changes: dict[str, str], field: str, expected: str
) -> None:
    wrong = await create(world, **changes)
    assert wrong.status == 422
    assert expected in wrong.text
    assert f"#{field}" in wrong.page.links
    if field not in ("country", "culture", "reseller"):
        assert wrong.page.form().fields[field] == [(COMPANY | {"registration": ""} | changes)[field].strip()]
    assert created(world) == []


@pytest.mark.parametrize(
    ("domain", "english", "french"),
    [
        ("oak.example", "This domain is free.", "Ce domaine est libre."),
        ("CEDAR.example", "belongs to another customer", "appartient à un autre client"),
        ("oak", "Give a domain name", "Donnez un nom de domaine"),
        ("", "", ""),
    ],
)
async def test_a_domain_can_be_checked_first(world: World, domain: str, english: str, french: str) -> None:
    for language, expected in (("en", english), ("fr", french)):
        someone = await visitor(world, language=language)
        reply = await someone.fill(NEW, **COMPANY | {"domain": domain}, step="check")
        assert reply.status == 200
        assert expected in reply.text
        assert reply.page.form().fields["company"] == ["Oak Furniture"]
        assert expected in (await someone.get(f"{NEW}?domain={domain}")).text
    assert created(world) == []


async def test_the_same_form_sent_again_creates_one_customer_and_a_changed_one_is_asked_about(world: World) -> None:
    someone = await visitor(world)
    form = (await someone.get(NEW)).page.form()
    filled = COMPANY | ACCEPTED
    first = await someone.send(NEW, form, **filled)
    again = await someone.send(NEW, form, **filled)
    assert first.path == again.path
    assert (len(created(world)), len(confirmed(world))) == (1, 1)
    changed = await someone.send(NEW, form, **filled | {"domain": "ash.example"})
    assert changed.status == 409
    assert "You sent this form before, with other content." in changed.text
    assert len(created(world)) == 1


async def test_the_partners_own_address_is_warned_about_once_and_never_blocks(world: World) -> None:
    someone = await visitor(world)
    own = COMPANY | ACCEPTED | {"contact_email": "sales@alder.example"}
    warned = await someone.fill(NEW, **own)
    assert warned.status == 200
    assert "Check this first" in warned.text
    assert created(world) == []
    done = await someone.send(NEW, warned.page.form())
    assert "its acceptance is confirmed" in done.text
    assert len(world.rows("select * from confirmation_warning")) > 0


@pytest.mark.rule("R31")
async def test_in_a_national_cloud_there_is_nothing_to_confirm(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone = await visitor(world, cast.FIR_ADMIN)
    form = (await someone.get(NEW)).page.form()
    assert not {"accepted", "accepted_on", "reseller"} & form.names
    done = await someone.send(NEW, form, **COMPANY, **ACCEPTED)
    assert "The customer is created." in done.text
    assert "confirm" not in done.text.split("The customer is created.")[1][:40]
    assert len(created(world)) == 1


@pytest.mark.rule("R1")
async def test_before_the_programme_there_is_nothing_to_confirm(world: World) -> None:
    world.clock.now = world.clock.now.replace(day=6)
    someone = await visitor(world)
    form = (await someone.get(NEW)).page.form()
    assert "accepted" not in form.names
    await someone.send(NEW, form, **COMPANY, **ACCEPTED)
    assert confirmed(world) == []
    assert len(created(world)) == 1


async def test_a_provider_names_the_reseller_and_a_direct_partner_has_none(world: World) -> None:
    done = await create(world, reseller=cast.BIRCH)
    customer = done.path.rpartition("/")[2]
    assert world.rows("select reseller_id from customer_reseller where customer_id = ?", customer) == [(cast.BIRCH,)]
    assert "reseller" not in (await (await visitor(world, cast.HAZEL_ADMIN)).get(NEW)).page.form().names


async def test_with_very_many_resellers_one_is_named_by_its_id(world: World) -> None:
    connection = world.connection()
    connection.set_busy_timeout(5000)
    for number in range(150):
        id_ = f"b12c0000-0000-4000-8000-{number:012x}"
        connection.execute(
            "insert or ignore into partner (partner_id, name, kind, cloud, account, mpn_id, domain, country, culture,"
            " profile_etag, created_at) values (?, ?, 'indirect_reseller', 'public', 'production', ?, ?, 'US', 'en-US',"
            " '1', 0)",
            (id_, f"Reseller {number}", str(2_000_000 + number), f"r{number}.example"),
        )
        connection.execute("insert or ignore into reseller_link values (?, ?, 0, null)", (cast.ALDER, id_))
    connection.close()
    shown = await (await visitor(world)).get(NEW)
    assert "Reseller 149" not in shown.page.html.split('id="reseller"')[1].split('class="card')[0]
    done = await create(world, reseller=cast.BIRCH.upper())
    customer = done.path.rpartition("/")[2]
    assert world.rows("select reseller_id from customer_reseller where customer_id = ?", customer) == [(cast.BIRCH,)]


@pytest.mark.rule("R28")
async def test_a_designated_account_names_the_employee(world: World) -> None:
    someone: Visitor = await visitor(world, cast.ALDER_MARKETPLACE)
    missing = await someone.fill(NEW, **COMPANY | ACCEPTED)
    assert "#employee_name" in missing.page.links
    who = {"employee_name": "Kai Moe", "employee_email": "kai@alder.example"}
    await someone.send(NEW, missing.page.form(), **who)
    assert world.rows("select name, email from confirmation_employee") == [("Kai Moe", "kai@alder.example")]
