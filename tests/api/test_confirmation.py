"""Confirming through our own API: what the wire takes, and which text was accepted, through whom and by whom (R35, R38)."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import personas as cast
from tests.operations import OFFER, confirmation
from tests.texts import AMERICA, FRANCE, publish
from tests.world import API_ENFORCED, AUGUST, World

PATH = f"/api/customers/{cast.CEDAR}/confirmations"
STANDING = f"/api/customers/{cast.CEDAR}/standing"
WIRE = f"/v1/customers/{cast.CEDAR}/agreements"
TEXT = {AMERICA: ("text.md", b"# Made up")}
MARK = "zqxmark"


async def confirm(world: World, who: str = cast.ALDER_SALES, **changes: Any) -> httpx2.Response:
    """Confirm with made-up data; None leaves a member out, `contact__email` changes one inside."""
    body: dict[str, Any] = confirmation()
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        holder, member = (body[outer], inner) if inner else (body, outer)
        if value is None:
            del holder[member]
        else:
            holder[member] = value
    return await world.send(who, "POST", PATH, body)


async def standing(world: World, template: str = cast.CLOUD_AGREEMENT) -> dict[str, Any]:
    """The agreement as the standing shows it."""
    shown = (await world.send(cast.ALDER_SALES, "GET", STANDING)).json()
    found: dict[str, Any] = next(one for one in shown["agreements"] if one["templateId"] == template)
    return found


@pytest.mark.rule("R13", "R15", "R35", "R38", "R41")
@pytest.mark.parametrize("by", ["label", "version_id"])
async def test_a_version_that_is_named_is_recorded_as_stated_and_shown_as_the_standing_shows_it(
    world: World, by: str
) -> None:
    await publish(world, TEXT)
    await publish(world, TEXT, "2", effective_from=API_ENFORCED)
    [(named,)] = world.rows(f"select {by} from text_version where label = '2'")
    answer = await confirm(world, version=named)
    assert answer.status_code == 201
    shown = answer.json()
    assert (await standing(world))["confirmation"] == shown
    text = shown["text"]
    assert (text["basis"], text["label"], text["country"], text["language"]) == ("stated", "2", "US", "en-US")
    assert (
        text["digest"]
        == world.rows(
            "select digest from text_file where number = (select number from text_version where label = '2')"
        )[0][0]
    )
    assert shown["contact"] == confirmation()["contact"]
    assert (shown["userId"], shown["channel"], shown["dateAgreed"]) == (
        cast.ALDER_SALES,
        "api",
        "2018-08-10T00:00:00.000Z",
    )
    world.clock.now = API_ENFORCED + timedelta(days=1)
    assert (await standing(world))["state"] == "current"
    assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
    assert "stated" not in (await world.send(cast.ALDER_SALES, "GET", WIRE)).text


@pytest.mark.rule("R32", "R38")
async def test_without_a_name_the_text_is_inferred_and_without_texts_nothing_is_said(world: World) -> None:
    assert (await confirm(world)).json()["text"] is None
    await publish(world, TEXT)
    text = (await confirm(world)).json()["text"]
    assert (text["basis"], text["label"]) == ("inferred", "1")
    unknown = (await confirm(world, dateAgreed="2017-12-31")).json()["text"]
    assert (unknown["basis"], unknown["label"], unknown["digest"]) == ("undetermined", None, None)


@pytest.mark.fault("B1")
@pytest.mark.parametrize("by", ["label", "version_id"])
async def test_a_version_for_another_country_is_refused_and_opens_no_order(tmp_path: Path, by: str) -> None:
    rules = (files("agreegate") / "programmes" / "microsoft-cloud-agreement.toml").read_text(encoding="utf-8")
    strict = tmp_path / "strict.toml"
    strict.write_text(
        rules.replace('name = "microsoft-cloud-agreement"', 'name = "strict"\nstale_rule = "refuse"'), encoding="utf-8"
    )
    world = World(tmp_path, AUGUST, str(strict))
    await publish(world, TEXT)
    assert (await confirm(world)).status_code == 201
    await publish(world, TEXT, "2", effective_from=API_ENFORCED)
    await publish(world, {FRANCE: ("text.md", b"# Invente")}, "F", effective_from=datetime(2030, 1, 1, tzinfo=UTC))
    world.clock.now = API_ENFORCED + timedelta(days=1)
    [(named,)] = world.rows(f"select {by} from text_version where label = 'F'")
    answer = await confirm(world, version=named)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (
        400,
        "text.version-unknown",
        ["version"],
    )
    assert world.rows("select count(*) from confirmation") == [(1,)]
    assert (await standing(world))["state"] == "outdated"
    order = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 1}]}
    refused = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.CEDAR}/orders", order)
    assert refused.status_code == 403
    await world.close()


@pytest.mark.rule("R22", "R23", "R24", "R28")
async def test_who_really_confirmed_and_through_whom_the_data_came_are_kept(world: World) -> None:
    employee = {"name": "Robin Vale", "email": "robin@alder.example", "reference": "4711"}
    through = {"resellerId": cast.BIRCH.upper(), "person": " Kim Marsh ", "date": "2018-08-12"}
    answer = await confirm(
        world, cast.ALDER_MARKETPLACE, confirmedBy=employee, collectedThrough=through, contact__email="n@birch.example"
    )
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["confirmedBy"] == employee
    assert shown["collectedThrough"] == {"resellerId": cast.BIRCH, "person": "Kim Marsh", "date": "2018-08-12"}
    assert shown["warnings"] == ["reseller_domain"]
    assert (await standing(world))["confirmation"] == shown


@pytest.mark.rule("R15")
async def test_a_phone_number_and_what_is_ours_may_be_left_out(world: World) -> None:
    answer = await confirm(world, contact__phoneNumber=None)
    assert answer.status_code == 201
    assert answer.json()["contact"]["phoneNumber"] is None
    none = dict.fromkeys(("version", "confirmedBy", "collectedThrough"))
    assert (await world.send(cast.ALDER_SALES, "POST", PATH, confirmation(**none))).status_code == 201


@pytest.mark.fault("D1")
@pytest.mark.rule("X11")
@pytest.mark.parametrize(
    ("date", "status"),
    [
        ("2018-08-15T00:05:00Z", 201),
        ("2018-08-15T00:05:00.000000999Z", 201),
        ("2018-08-15 14:00:00", 201),
        ("Wed, 15 Aug 2018 00:05:00 GMT", 201),
        ("/Date(1534291500000)/", 201),
        ("/Date(1534291500001)/", 400),
        ("Thu, 15 Aug 2018 00:05:00 GMT", 400),
        ("2018-08-15T14:00:00", 201),
        ("2018-08-15", 201),
        ("2018-08-15T02:05:00+02:00", 201),
        ("1900-01-01", 201),
        ("2018-08-15T00:05:01Z", 400),
        ("2018-08-15T14:00:01", 400),
        ("2018-08-16", 400),
    ],
)
async def test_a_date_is_read_as_on_the_wire(world: World, date: str, status: int) -> None:
    wire = await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed=date)
    ours = await confirm(world, dateAgreed=date)
    assert (ours.status_code, wire.status_code) == (status, status)


@pytest.mark.rule("R15", "R16", "R23", "R38")
@pytest.mark.parametrize(
    ("changes", "code", "member"),
    [
        ({"contact__email": "nobody"}, "confirmation.invalid-email", "contact.email"),
        ({"contact__email": " "}, "request.invalid-property", "contact.email"),
        ({"contact__firstName": ""}, "request.invalid-property", "contact.firstName"),
        ({"contact__lastName": "x" * 51}, "request.invalid-property", "contact.lastName"),
        ({"contact__phoneNumber": "5" * 51}, "request.invalid-property", "contact.phoneNumber"),
        ({"contact__phoneNumber": 5}, "request.invalid-property", "contact.phoneNumber"),
        ({"contact__lastName": None}, "request.invalid-property", "lastName"),
        ({"contact__nickname": "N"}, "request.invalid-property", "nickname"),
        ({"contact": None}, "request.invalid-property", "contact"),
        ({"primaryContact": {}}, "request.invalid-property", "primaryContact"),
        ({"userId": cast.ALDER_SALES}, "request.invalid-property", "userId"),
        ({"type": "MicrosoftCloudAgreement"}, "request.invalid-property", "type"),
        ({"templateId": "cloud"}, "request.malformed-id", "templateId"),
        ({"templateId": cast.NOBODY}, "confirmation.template-unknown", "templateId"),
        ({"dateAgreed": "yesterday"}, "request.invalid-instant", "dateAgreed"),
        ({"dateAgreed": "0001-01-01T00:00:00"}, "request.invalid-instant", "dateAgreed"),
        ({"dateAgreed": "2018-08-16"}, "confirmation.agreed-in-future", "dateAgreed"),
        ({"dateAgreed": None}, "request.invalid-property", "dateAgreed"),
        ({"version": "2"}, "text.version-unknown", "version"),
        ({"version": ""}, "text.version-unknown", "version"),
        ({"version": 1}, "request.invalid-property", "version"),
        ({"confirmedBy": {"name": " "}}, "request.invalid-property", "confirmedBy.name"),
        ({"confirmedBy": {"name": "R", "email": "r"}}, "confirmation.invalid-email", "confirmedBy.email"),
        ({"confirmedBy": {"name": "R", "reference": "4" * 51}}, "request.invalid-property", "confirmedBy.reference"),
        ({"confirmedBy": {}}, "request.invalid-property", "name"),
        ({"collectedThrough": {"resellerId": "birch", "person": "Kim", "date": "2018-08-12"}},
         "request.malformed-id", "collectedThrough.resellerId"),
        ({"collectedThrough": {"resellerId": cast.HAZEL, "person": "Kim", "date": "2018-08-12"}},
         "customer.reseller-not-linked", "collectedThrough.resellerId"),
        ({"collectedThrough": {"resellerId": cast.BIRCH, "person": "", "date": "2018-08-12"}},
         "request.invalid-property", "collectedThrough.person"),
        ({"collectedThrough": {"resellerId": cast.BIRCH, "person": "Kim", "date": "2018-08-12T10:00:00Z"}},
         "request.invalid-instant", "collectedThrough.date"),
        ({"collectedThrough": {"resellerId": cast.BIRCH, "person": "Kim", "date": "soon"}},
         "request.invalid-instant", "collectedThrough.date"),
        ({"collectedThrough": {"resellerId": cast.BIRCH, "person": "Kim", "date": "2018-08-20"}},
         "confirmation.agreed-in-future", "collectedThrough.date"),
    ],
)  # fmt: skip
async def test_what_breaks_a_rule_names_the_member_and_changes_nothing(
    world: World, changes: dict[str, Any], code: str, member: str
) -> None:
    await publish(world, TEXT)
    answer = await confirm(world, **changes)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["data"]) == (code, [member])
    assert problem["detail"]
    assert world.rows("select (select count(*) from confirmation), (select count(*) from confirmation_text)") == [
        (0, 0)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"contact__email": MARK},
        {"contact__firstName": MARK * 9},
        {"contact__phoneNumber": MARK * 9},
        {"version": MARK},
        {"dateAgreed": MARK},
        {"templateId": MARK},
        {"confirmedBy": {"name": MARK, "email": MARK}},
        {"collectedThrough": {"resellerId": MARK, "person": MARK, "date": "2018-08-12"}},
        {"collectedThrough": {"resellerId": cast.BIRCH, "person": MARK * 20, "date": "2018-08-12"}},
    ],
)
async def test_an_error_never_repeats_what_was_handed_in(world: World, changes: dict[str, Any]) -> None:
    answer = await confirm(world, **changes)
    assert answer.status_code == 400
    assert MARK not in answer.text


@pytest.mark.rule("R1")
async def test_before_the_programme_there_is_nothing_to_confirm(world: World) -> None:
    world.clock.now = datetime(2018, 8, 6, tzinfo=UTC)
    answer = await confirm(world, dateAgreed="2018-08-05")
    assert (answer.status_code, answer.json()["code"]) == (404, "confirmation.feature-absent")


async def test_the_same_request_id_makes_one_record(world: World) -> None:
    headers = {"MS-RequestId": "ad6d3d7a-5e3a-4c9a-8d9c-4f3b2a1c0d9e"}
    first = await world.send(cast.ALDER_SALES, "POST", PATH, confirmation(), headers)
    world.clock.now += timedelta(days=1)
    await publish(world, TEXT)
    again = await world.send(cast.ALDER_SALES, "POST", PATH, confirmation(), headers)
    other = await world.send(cast.ALDER_SALES, "POST", PATH, confirmation(version="1"), headers)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (other.status_code, other.json()["code"]) == (409, "request.id-reused")
    assert world.rows("select count(*) from confirmation") == [(1,)]


@pytest.mark.rule("R17", "R33", "R37")
async def test_around_the_refresh_of_2023_reconfirming_is_no_duplicate(tmp_path: Path) -> None:
    """On the wire and through our own API alike: both read one record."""
    template = {"templateId": cast.CUSTOMER_AGREEMENT}
    world = World(tmp_path, datetime(2022, 5, 2, 12, tzinfo=UTC), "microsoft-customer-agreement")
    refresh = datetime(2023, 4, 1, tzinfo=UTC)
    for label, effective in (("2019-11", datetime(2019, 11, 18, tzinfo=UTC)), ("2023-04", refresh)):
        await publish(world, TEXT, label, template_id=cast.CUSTOMER_AGREEMENT, effective_from=effective)
    wired = {"type": "MicrosoftCustomerAgreement"} | template
    steps = [
        (await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed="2022-05-01", **wired)).status_code,
        (await confirm(world, dateAgreed="2022-05-02", **template)).json().get("code"),
    ]
    world.clock.now = refresh - timedelta(seconds=1)
    again = await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed="2023-03-31", **wired)
    steps += [again.status_code, again.json()["code"]]
    assert (await confirm(world, dateAgreed="2023-03-31", version="2023-04", **template)).status_code == 201, "R35"
    taken = {"reason": "recorded_in_error", "note": "Made up."} | template
    assert (await world.send(cast.ALDER_SALES, "POST", f"{STANDING}/end", taken)).status_code == 200
    world.clock.now = refresh + timedelta(days=9)
    assert (await standing(world, cast.CUSTOMER_AGREEMENT))["state"] == "outdated"
    steps += [
        (await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed="2023-04-09", **wired)).status_code,
        (await confirm(world, dateAgreed="2023-04-10", **template)).json().get("code"),
    ]
    again = await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed="2023-04-10", **wired)
    steps += [again.status_code, again.json()["code"]]
    assert (await standing(world, cast.CUSTOMER_AGREEMENT))["state"] == "current"
    assert steps == [
        201,
        "confirmation.already-exists",
        409,
        600061,
        201,
        "confirmation.already-exists",
        409,
        600061,
    ]
    assert len((await world.send(cast.ALDER_SALES, "GET", f"{WIRE}?agreementType=*")).json()["items"]) == 2
    await world.close()


@pytest.mark.rule("R35")
async def test_a_text_ahead_of_its_day_is_kept_as_such_in_the_past_of_the_customer(world: World) -> None:
    await publish(world, TEXT)
    await publish(world, TEXT, "2", effective_from=AUGUST + timedelta(days=30))
    await confirm(world)
    await confirm(world, version="2")
    labels = [one["text"]["label"] for one in (await standing(world))["history"]]
    assert labels == ["2", "1"]
