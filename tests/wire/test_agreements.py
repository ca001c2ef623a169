"""Metadata, confirm and read back, as the contract's pages show them (contract 4.1–4.3)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from agreegate.programme import shipped
from tests import personas as cast
from tests.texts import AMERICA, publish
from tests.world import AUGUST, REPEATS_REFUSED, World, agreement

CLOUD_ITEM = {
    "templateId": cast.CLOUD_AGREEMENT,
    "agreementType": "MicrosoftCloudAgreement",
    "agreementLink": "https://docs.microsoft.com/en-us/partner-center/agreements",
    "versionRank": 0,
}
CUSTOMER_ITEM = {
    "templateId": cast.CUSTOMER_AGREEMENT,
    "agreementType": "MicrosoftCustomerAgreement",
    "agreementLink": "https://aka.ms/customeragreement",
    "versionRank": 0,
}


@pytest.mark.rule("R45")
@pytest.mark.parametrize(
    ("query", "items"),
    [
        ("", [CLOUD_ITEM]),
        ("?agreementType=MicrosoftCloudAgreement", [CLOUD_ITEM]),
        ("?agreementType=microsoftcloudagreement", [CLOUD_ITEM]),
        ("?AgreementType=MicrosoftCustomerAgreement", [CUSTOMER_ITEM]),
        ("?agreementType=*", [CUSTOMER_ITEM, CLOUD_ITEM]),
        ("?agreementType=%2A", [CUSTOMER_ITEM, CLOUD_ITEM]),
        ("?agreementType=", [CLOUD_ITEM]),
    ],
)
async def test_metadata_lists_one_item_a_type(world: World, query: str, items: list[dict]) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/agreements{query}")
    assert answer.status_code == 200
    body = answer.json()
    assert body["items"] == items
    assert body["totalCount"] == len(items)
    assert body["links"]["self"]["uri"].startswith("/agreements")
    assert body["links"]["self"] | {"uri": ""} == {"uri": "", "method": "GET", "headers": []}
    assert body["attributes"] == {"objectType": "Collection"}
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.fault("D10")
async def test_everything_is_what_can_be_confirmed_now(make_world: Callable[..., World]) -> None:
    """The read of old confirmations, and a type asked for by its name, do not change with it."""
    world = make_world(programme_name="microsoft-customer-agreement")
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    retired = AUGUST.replace(year=2020, month=3, day=31)
    listed = []
    for now in (AUGUST, retired - timedelta(microseconds=1), retired):
        world.clock.now = now
        answer = (await world.send(cast.ALDER_SALES, "GET", "/v1/agreements?agreementType=*")).json()
        assert answer["totalCount"] == len(answer["items"])
        listed.append(answer["items"])
    assert listed == [[CUSTOMER_ITEM, CLOUD_ITEM], [CUSTOMER_ITEM, CLOUD_ITEM], [CUSTOMER_ITEM]]
    for query in ("", "?agreementType=MicrosoftCloudAgreement"):
        answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/agreements{query}")
        assert answer.json()["items"] == [CLOUD_ITEM]
    read = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}/agreements?agreementType=*")
    assert [item["templateId"] for item in read.json()["items"]] == [cast.CLOUD_AGREEMENT]


async def test_an_unknown_agreement_type_is_refused(world: World) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", "/v1/agreements?agreementType=Lease")
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)
    assert answer.json()["data"] == ["agreementType"]


@pytest.mark.rule("R1")
async def test_before_the_first_day_there_is_nothing_to_confirm(world: World) -> None:
    world.clock.now = AUGUST.replace(day=6)
    for method, path in [("GET", "/v1/agreements"), ("GET", f"/v1/customers/{cast.CEDAR}/agreements")]:
        answer = await world.send(cast.ALDER_SALES, method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, 1000)
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 404
    world.clock.now = AUGUST.replace(day=7)
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR, dateAgreed="2018-08-07T00:00:00Z")).status_code == 201


@pytest.mark.rule("R15", "R50")
async def test_a_confirmation_is_echoed_and_read_back(world: World) -> None:
    posted = await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    assert posted.status_code == 201
    assert posted.json() == agreement() | {"userId": cast.ALDER_SALES}
    read = await world.send(cast.ALDER_ADMIN, "GET", f"/v1/customers/{cast.CEDAR}/agreements")
    assert read.status_code == 200
    [item] = read.json()["items"]
    assert item == agreement() | {
        "userId": cast.ALDER_SALES,
        "dateAgreed": "2018-08-10T00:00:00",
        "agreementLink": CLOUD_ITEM["agreementLink"],
    }
    assert read.json()["totalCount"] == 1


@pytest.mark.parametrize(
    "name", ["𠮷野家", "\u202bנועה\u202c", "க்\u200cஷ", "Zalgo̷̴̧", "Robert'); DROP TABLE confirmation;--"]
)
async def test_a_name_in_any_script_is_read_back_as_it_was_given(world: World, name: str) -> None:
    posted = await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__firstName=name)
    [item] = (await world.send(cast.ALDER_ADMIN, "GET", f"/v1/customers/{cast.CEDAR}/agreements")).json()["items"]
    assert posted.json()["primaryContact"]["firstName"] == item["primaryContact"]["firstName"] == name


async def test_no_confirmation_is_an_empty_list(world: World) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.DOGWOOD}/agreements")
    assert (answer.status_code, answer.json()["totalCount"], answer.json()["items"]) == (200, 0, [])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"primaryContact__email": "not an address"}, 400, 3000),
        ({"primaryContact__email": ""}, 400, 3000),
        ({"primaryContact__firstName": "  "}, 400, 3000),
        ({"primaryContact__lastName": None}, 400, 3000),
        ({"primaryContact__lastName": "x" * 51}, 400, 3000),
        ({"primaryContact": None}, 400, 3000),
        ({"templateId": None}, 400, 3000),
        ({"templateId": "no guid"}, 400, 3000),
        ({"templateId": cast.NOBODY}, 400, 3000),
        ({"dateAgreed": None}, 400, 3000),
        ({"dateAgreed": "0001-01-01T00:00:00"}, 400, 3000),
        ({"dateAgreed": "yesterday"}, 400, 3000),
        ({"dateAgreed": "9999-01-01T00:00:00Z"}, 400, 3000),
        ({"dateAgreed": "2018-08-15T00:05:01Z"}, 400, 600002),
        ({"dateAgreed": "2018-08-15T14:00:01"}, 400, 600002),
        ({"userId": cast.HAZEL_ADMIN}, 404, 60002),
        ({"userId": "no guid"}, 400, 3000),
    ],
)
@pytest.mark.rule("R15", "R16", "R28")
async def test_what_breaks_a_rule_is_refused_and_changes_nothing(
    world: World, changes: dict, status: int, code: int
) -> None:
    answer = await world.confirm(cast.ALDER_SALES, cast.CEDAR, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert isinstance(answer.json()["data"], list)
    assert answer.json()["description"]
    assert world.rows("select count(*) from confirmation") == [(0,)]


async def test_the_template_decides_the_type(world: World) -> None:
    answer = await world.confirm(cast.ALDER_SALES, cast.CEDAR, type="MicrosoftCustomerAgreement")
    assert answer.json()["type"] == "MicrosoftCloudAgreement"
    answer = await world.confirm(cast.ALDER_SALES, cast.CEDAR, type=None)
    assert answer.json()["type"] == "MicrosoftCloudAgreement"


@pytest.mark.rule("R17", "R36")
@pytest.mark.fault("D11")
@pytest.mark.parametrize("rules", shipped())
async def test_identical_repeats_of_the_customer_agreement_are_refused_from_2021_on_and_not_before(
    make_world: Callable[..., World], rules: str
) -> None:
    world = make_world(programme_name=rules)
    statuses = []
    for now in (AUGUST, REPEATS_REFUSED - timedelta(microseconds=1), REPEATS_REFUSED):
        world.clock.now = now
        answer = await world.confirm(cast.ALDER_SALES, cast.CEDAR, templateId=cast.CUSTOMER_AGREEMENT)
        statuses.append(answer.status_code)
    assert statuses == [201, 201, 409]


async def test_a_duplicate_of_the_customer_agreement_is_refused(world: World) -> None:
    world.clock.now = REPEATS_REFUSED
    first = await world.confirm(cast.ALDER_SALES, cast.CEDAR, templateId=cast.CUSTOMER_AGREEMENT)
    assert first.status_code == 201
    again = await world.confirm(
        cast.ALDER_SALES, cast.CEDAR, templateId=cast.CUSTOMER_AGREEMENT, dateAgreed="2018-08-11"
    )
    assert again.status_code == 409
    assert again.json()["code"] == 600061
    assert again.json()["errorName"] == "PartnerConfirmedAgreementAlreadyExists"
    changed = await world.confirm(
        cast.ALDER_SALES, cast.CEDAR, templateId=cast.CUSTOMER_AGREEMENT, primaryContact__phoneNumber="5550101"
    )
    assert changed.status_code == 201


@pytest.mark.rule("R38")
async def test_the_wire_is_the_same_to_the_byte_whether_texts_are_published_or_not(
    make_world: Callable[..., World],
) -> None:
    """A member of ours in a request is one more that nobody knows: it is passed over, and names no version."""
    path, answers = f"/v1/customers/{cast.CEDAR}/agreements", []
    for published in (False, True):
        world = make_world()
        for template in (cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT) if published else ():
            await publish(world, {AMERICA: ("text.md", b"# Made up")}, template_id=template)
            later = AUGUST + timedelta(days=9)
            await publish(world, {AMERICA: ("text.md", b"# Newer")}, "2", template_id=template, effective_from=later)
        replies = [
            await world.confirm(cast.ALDER_SALES, cast.CEDAR, templateId=template, **more)
            for template in (cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT)
            for more in ({}, {"version": "2"}, {"version": "never published", "dateAgreed": "2018-08-11"})
        ]
        replies.append(await world.send(cast.ALDER_SALES, "GET", f"{path}?agreementType=*"))
        replies.append(await world.send(cast.ALDER_SALES, "GET", "/v1/agreements?agreementType=*"))
        answers.append(
            [
                (one.status_code, one.content, [h for h in one.headers.items() if not h[0].startswith("ms-")])
                for one in replies
            ]
        )
        bases = world.rows("select basis from confirmation_text")
        assert bases == ([("inferred",)] * 6 if published else [])
    assert answers[0] == answers[1]
    assert [status for status, *_ in answers[0]] == [201] * 6 + [200, 200]


async def test_the_same_request_id_makes_one_record(world: World) -> None:
    headers = {"MS-RequestId": "AD6D3D7A-5E3A-4C9A-8D9C-4F3B2A1C0D9E"}
    path = f"/v1/customers/{cast.CEDAR}/agreements"
    first = await world.send(cast.ALDER_SALES, "POST", path, agreement(), headers)
    world.clock.now += timedelta(days=1)
    again = await world.send(cast.ALDER_SALES, "POST", path, agreement(), headers)
    other = await world.send(cast.ALDER_SALES, "POST", path, agreement(dateAgreed="2018-08-11"), headers)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.headers["ms-requestid"] == headers["MS-RequestId"].lower()
    assert (other.status_code, other.json()["code"]) == (409, 3000)
    assert world.rows("select count(*) from confirmation") == [(1,)]


async def test_a_retired_template_is_refused_in_the_contracts_words(tmp_path) -> None:
    world = World(tmp_path, AUGUST.replace(year=2020, month=3, day=31), "microsoft-customer-agreement")
    refused = await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await world.close()
    assert refused.status_code == 400
    assert refused.json()["description"] == (
        f"Microsoft Cloud Agreement Template ID '{cast.CLOUD_AGREEMENT}' is no longer supported."
    )


async def test_one_request_id_for_two_customers_is_two_calls(world: World) -> None:
    headers = {"MS-RequestId": "0c9a1f52-3f0e-4f0e-9d1a-7f3b5c2d1e00"}
    for customer in (cast.CEDAR, cast.DOGWOOD):
        order = {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]}
        sent = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{customer}/orders", order, headers)
        assert sent.status_code == 201
    kept = world.rows("select customer_id from decision order by customer_id")
    assert kept == [(cast.CEDAR,), (cast.DOGWOOD,)]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Ada Quill<ada@alder.example>;ref=4711", 201),
        ("Ada Quill ; ref= 4711 ", 201),
        ("Ada Quill <> ; ref=", 201),
        ("Ada Quill <ada@alder.example> and more", 400),
        ("Ada Quill; ref=1; ref=2", 400),
        ("<ada@alder.example>", 400),
        (f"A{' ' * 4_000}B<", 400),
        (f"A<b>{' ' * 4_000}B", 400),
        (f"A;{' ' * 4_000}B", 400),
        (f"{'A ' * 20_000}<", 400),
    ],
)
@pytest.mark.rule("R28")
async def test_a_header_that_names_the_employee_is_read_in_one_go(world: World, header: str, status: int) -> None:
    """Blanks could be shared out between its parts in such a number of ways that one request kept the server busy for minutes."""
    path = f"/v1/customers/{cast.CEDAR}/agreements"
    named = {"Agreegate-Confirmed-By": header}
    answer = await world.send(cast.ALDER_MARKETPLACE, "POST", path, agreement(), named)
    assert answer.status_code == status
