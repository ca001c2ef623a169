"""What the published process leaves out, or leaves to people: these would fail if the product had it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from tests.personas import (
    ALDER_ADMIN,
    ALDER_SALES,
    BIRCH_SALES,
    CEDAR,
    CLOUD_AGREEMENT,
    DOGWOOD,
    ELM,
    HAZEL_ADMIN,
    HORNBEAM_SALES,
)
from tests.world import API_ENFORCED, World, agreement

MARK = "b7f1c2d4e6a8"


@pytest.fixture
def no_network() -> Iterator[None]:
    """Nothing can be sent to anybody: not even this machine."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.mark.rule("R18")
async def test_nobody_is_notified(world: World, no_network: None) -> None:
    assert (await world.confirm(ALDER_SALES, CEDAR)).status_code == 201
    ended = await world.send(
        ALDER_SALES, "POST", f"/api/customers/{CEDAR}/standing/end", {"reason": "no_longer_agrees", "note": ""}
    )
    assert ended.status_code == 200
    assert not [table for table in world.tables() if any(word in table for word in ("mail", "notif", "outbox", "deliver"))
                and table != "partner_mail_domain"]  # fmt: skip


@pytest.mark.rule("R20", "R38")
async def test_neither_evidence_nor_a_version_is_asked_or_stored(world: World) -> None:
    extra = {"version": MARK, "versionRank": 7, "document": MARK, "attachments": [{"content": MARK}], "signature": MARK}
    answer = await world.confirm(ALDER_SALES, CEDAR, **extra)
    assert answer.status_code == 201
    assert sorted(answer.json()) == ["dateAgreed", "primaryContact", "templateId", "type", "userId"]
    listed = await world.send(ALDER_SALES, "GET", f"/v1/customers/{CEDAR}/agreements")
    assert MARK not in listed.text
    assert not any(MARK in repr(world.rows(f"select * from {table}")) for table in world.tables())

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    scan = b'--x\r\nContent-Disposition: form-data; name="f"; filename="signed.pdf"\r\n\r\n%PDF\r\n--x--\r\n'
    for path in (f"/v1/customers/{CEDAR}/agreements", f"/v1/customers/{CEDAR}/agreements/evidence"):
        assert 400 <= (await world.send(ALDER_SALES, "POST", path, scan, form)).status_code < 500


@pytest.mark.rule("R38")
async def test_the_api_delivers_no_text(world: World) -> None:
    metadata = (await world.send(ALDER_SALES, "GET", "/v1/agreements")).json()["items"]
    assert [sorted(item) for item in metadata] == [["agreementLink", "agreementType", "templateId", "versionRank"]]
    document = await world.send(ALDER_SALES, "GET", f"/v1/agreementtemplates/{CLOUD_AGREEMENT}/document")
    assert document.status_code == 404


@pytest.mark.rule("R43")
async def test_there_is_no_bulk_upload(world: World) -> None:
    several = json.dumps([agreement(), agreement(primaryContact__firstName="Ida")]).encode()
    assert (await world.send(ALDER_SALES, "POST", f"/v1/customers/{CEDAR}/agreements", several)).status_code == 400
    for path in ("/v1/agreements", "/v1/customers/agreements", "/v1/agreements/batch", "/v1/agreements/import"):
        answer = await world.send(ALDER_SALES, "POST", path, several)
        assert answer.status_code in (400, 404), path
    csv = {"Content-Type": "text/csv"}
    table = b"customer,firstName,lastName,email\n"
    assert (await world.send(ALDER_SALES, "POST", f"/v1/customers/{CEDAR}/agreements", table, csv)).status_code == 400
    assert world.rows("select 1 from confirmation") == []


@pytest.mark.rule("R13")
async def test_confirming_needs_no_order_and_no_date(world: World) -> None:
    assert world.rows("select 1 from order_") == []
    assert (await world.confirm(HAZEL_ADMIN, ELM)).status_code == 201, "long before any date"

    world.clock.now = API_ENFORCED + timedelta(days=400)
    assert (await world.confirm(ALDER_SALES, DOGWOOD)).status_code == 201, "long after it, never ordered"


@pytest.mark.rule("R21", "R30")
async def test_direct_bill_partners_and_providers_confirm(world: World) -> None:
    for who, customer in ((HAZEL_ADMIN, ELM), (ALDER_ADMIN, CEDAR)):
        assert (await world.confirm(who, customer)).status_code == 201
        world.clock.now = API_ENFORCED
        assert (await world.ask(who, customer))["verdict"] == "allow"


@pytest.mark.rule("R22", "R23")
async def test_a_reseller_neither_confirms_nor_is_waited_for(world: World) -> None:
    world.clock.now = API_ENFORCED
    for reseller in (BIRCH_SALES, HORNBEAM_SALES):
        refused = await world.confirm(reseller, CEDAR)
        assert (refused.status_code, refused.content) == (403, b"")
    assert world.rows("select 1 from confirmation") == []
    assert (await world.ask(ALDER_SALES, CEDAR))["verdict"] == "deny"

    assert (await world.confirm(ALDER_SALES, CEDAR)).status_code == 201, "no reseller had a hand in it"
    assert (await world.ask(ALDER_SALES, CEDAR))["verdict"] == "allow"


@pytest.mark.rule("R24")
async def test_nobody_at_the_partner_stands_in_for_who_accepted(world: World) -> None:
    without = agreement()
    del without["primaryContact"]
    refused = await world.send(ALDER_SALES, "POST", f"/v1/customers/{CEDAR}/agreements", without)
    assert refused.status_code == 400

    recorded = (await world.confirm(ALDER_SALES, CEDAR)).json()
    assert recorded["userId"] == ALDER_SALES
    assert recorded["primaryContact"]["email"] == "noa@contoso.example", "as given, not the user's"


@pytest.mark.rule("R25")
async def test_anyone_of_the_customers_choice_may_have_accepted(world: World) -> None:
    for name in ("Noa", "Ida", "Wanjiru"):
        answer = await world.confirm(ALDER_SALES, CEDAR, primaryContact__firstName=name)
        assert answer.status_code == 201
        assert sorted(answer.json()["primaryContact"]) == ["email", "firstName", "lastName", "phoneNumber"]


@pytest.mark.rule("R18")
def test_no_module_knows_how_to_send_mail() -> None:
    source = Path(__file__).parents[2] / "src" / "agreegate"
    for module in source.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        assert "smtplib" not in text, module
        assert "email.message" not in text, module


@pytest.mark.rule("R44")
async def test_a_middleware_needs_the_api_and_nothing_else(world: World) -> None:
    world.clock.now = API_ENFORCED
    line = {"lineItemNumber": 0, "offerId": "BD938F12-058F-4927-BBA3-AE36B1D2501C", "quantity": 5}
    steps = [
        ("GET", "/v1/agreements", None, 200),
        ("POST", f"/v1/customers/{CEDAR}/agreements", agreement(), 201),
        ("POST", f"/v1/customers/{CEDAR}/orders", {"referenceCustomerId": CEDAR, "lineItems": [line]}, 201),
    ]
    for method, path, body, status in steps:
        answer = await world.send(ALDER_SALES, method, path, body)
        assert answer.status_code == status
        assert "set-cookie" not in answer.headers, "no session, no page"
