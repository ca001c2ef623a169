"""Audit records are kept in words of our own. Those from before keep the wire's, and read alike at every door."""

import csv
import io
import json
from typing import Any

from tests import personas as cast
from tests.dashboard.reading import lines
from tests.dashboard.visitor import visitor
from tests.operations import OFFER
from tests.wire.requests import filtered, items
from tests.world import World

CUSTOMER = f"/v1/customers/{cast.CEDAR}"
FORMER = {
    "record_confirmation": ("create_agreement", "agreement"),
    "state_employee": ("update_agreement", "agreement"),
    "end_confirmation": ("delete_agreement", "agreement"),
    "create_order": ("create_order", "order"),
    "update_subscription": ("update_subscription", "subscription"),
    "end_relationship": ("remove_partner_customer_relationship", "customer"),
}
"""What earlier versions recorded instead: operation type and resource type."""


def order_before(kept: str) -> str:
    """An order as earlier versions recorded it."""
    one = json.loads(kept)
    return (
        f'{{"Id":"{one["id"]}","ReferenceCustomerId":"{cast.CEDAR}","BillingCycle":"monthly","CurrencyCode":"USD",'
        f'"Status":"completed","LineItems":[{{"LineItemNumber":0,"OfferId":"{OFFER}",'
        f'"SubscriptionId":"{one["lines"][0]["subscription_id"]}","ParentSubscriptionId":null,"Quantity":3,'
        '"PartnerIdOnRecord":null,"TransactionType":"New"}]}'
    )


def subscription_before(kept: str) -> str:
    """A subscription as earlier versions recorded it."""
    one = json.loads(kept)
    return (
        f'{{"Id":"{one["id"]}","OfferId":"{OFFER}","Quantity":{one["quantity"]},"Status":"active",'
        f'"AutoRenewEnabled":{json.dumps(one["auto_renew"])},"BillingCycle":"monthly","TermDuration":"P1Y",'
        f'"CommitmentEndDate":"2019-08-15T00:00:00Z","IsTrial":false,"PartnerId":null,"OrderId":"{one["order_id"]}"}}'
    )


VALUES = {"order": order_before, "subscription": subscription_before}


async def deeds(world: World) -> None:
    """One of each kind of record whose words have changed."""
    sales = cast.ALDER_SALES
    assert (await world.confirm(cast.ALDER_MARKETPLACE, cast.CEDAR)).status_code == 201
    [(id_,)] = world.rows("select confirmation_id from confirmation")
    stated = await world.send(sales, "POST", f"/api/confirmations/{id_}/employee", {"name": "Robin Vale"})
    assert stated.status_code == 201
    order = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 3}]}
    assert (await world.send(sales, "POST", f"{CUSTOMER}/orders", order)).status_code == 201
    for change in ({"quantity": 5}, {"autoRenewEnabled": False}):
        [bought] = (await world.send(sales, "GET", f"{CUSTOMER}/subscriptions")).json()["items"]
        path = f"{CUSTOMER}/subscriptions/{bought['id']}"
        assert (await world.send(sales, "PATCH", path, bought | change)).status_code == 200
    ended = {"reason": "recorded_in_error", "note": "", "templateId": cast.CLOUD_AGREEMENT}
    assert (await world.send(sales, "POST", f"/api/customers/{cast.CEDAR}/standing/end", ended)).status_code == 200
    parted = await world.send(sales, "PATCH", f"/v1/customers/{cast.DOGWOOD}", {"relationshipToPartner": "none"})
    assert parted.status_code == 200, parted.text


def as_before(world: World) -> int:
    """Make the records what earlier versions would have made them; how many have other words now."""
    world.change("drop trigger audit_record_unchanged")
    changed = 0
    for id_, operation, kind, old, new in world.rows(
        "select audit_id, operation_type, resource_type, resource_old_value, resource_new_value from audit_record"
    ):
        former = (*FORMER[operation], *(VALUES[kind](one) if one else None for one in (old, new)))
        changed += former != (operation, kind, old, new)
        world.change(
            "update audit_record set operation_type = ?, resource_type = ?, resource_old_value = ?,"
            " resource_new_value = ? where audit_id = ?", *former, id_,
        )  # fmt: skip
    return changed


async def contents(world: World) -> dict[str, Any]:
    """The records at every door that shows them."""
    found: dict[str, Any] = {
        query: await items(world, query) for query in ("", filtered("ResourceType", "Agreement", "equals"))
    }
    for language in ("en", "fr"):
        someone = await visitor(world, cast.ALDER_ADMIN, language)
        for query in ("", "?kind=confirmation", "?kind=order"):
            found[f"{language}{query}"] = lines((await someone.get(f"/activity{query}")).page)
        found[f"{language}.csv"] = (await someone.get("/activity.csv")).page.html
    return found


async def test_records_from_before_and_of_today_read_alike_at_every_door(world: World) -> None:
    await deeds(world)
    today = await contents(world)
    assert as_before(world) == 7
    assert await contents(world) == today


async def test_the_wire_and_the_file_keep_the_contracts_words(world: World) -> None:
    await deeds(world)
    shown = await items(world)
    assert [(one["operationType"], one["resourceType"]) for one in shown] == [
        ("remove_partner_customer_relationship", "customer"),
        ("delete_agreement", "agreement"),
        ("update_subscription", "subscription"),
        ("update_subscription", "subscription"),
        ("create_order", "order"),
        ("update_agreement", "agreement"),
        ("create_agreement", "agreement"),
    ]
    assert [one["id"].split("_")[2] for one in shown[:2]] == ["removepartnercustomerrelationship", "deleteagreement"]
    for operation, name, written in (
        ("create_order", "resource_new_value", order_before),
        ("update_subscription", "resource_old_value", subscription_before),
    ):
        kept = [
            value for (value,) in world.rows(f"select {name} from audit_record where operation_type = ?", operation)
        ]
        wire = "resourceNewValue" if name == "resource_new_value" else "resourceOldValue"
        assert {one[wire] for one in shown if one["operationType"] == operation} == set(map(written, kept))
    found = await items(world, filtered("ResourceType", "agreement", "equals"))
    assert {one["operationType"] for one in found} == {"create_agreement", "update_agreement", "delete_agreement"}
    for none in ("confirmation", "license", "collection_request"):
        assert await items(world, filtered("ResourceType", none, "equals")) == []
    file = (await (await visitor(world, cast.ALDER_ADMIN)).get("/activity.csv")).page.html
    rows = list(csv.reader(io.StringIO(file.lstrip("\ufeff"))))
    assert [row[8] for row in rows[1:]] == [one["operationType"] for one in shown]


async def test_what_is_recorded_has_no_words_of_the_wire(world: World) -> None:
    await deeds(world)
    kept = " ".join(map(str, world.rows("select operation_type, resource_type, resource_new_value from audit_record")))
    words = ("_agreement", "'agreement'", "LineItems", "Quantity", "AutoRenewEnabled", '"New"', "remove_partner")
    assert [word for word in words if word in kept] == []
