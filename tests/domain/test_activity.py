"""What a record of activity tells: one deed, from what was recorded before and after."""

from collections.abc import Mapping
from typing import Any

import pytest

from agreegate.domain.activity import Activity, Deed, Kind
from tests.world import AUGUST


def activity(
    operation: str, resource: str, reason: str | None, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Activity:
    return Activity(
        "id", AUGUST, None, None, False, None, None, "app", "api", operation, resource, None, "succeeded", None,
        end_reason=reason, before=before, after=after,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "resource", "reason", "before", "after", "deed"),
    [
        ("create_agreement", "agreement", None, {}, {}, Deed.CONFIRMED),
        ("delete_agreement", "agreement", "no_longer_agrees", {}, {}, Deed.NO_LONGER_AGREES),
        ("delete_agreement", "agreement", "recorded_in_error", {}, {}, Deed.RECORDED_IN_ERROR),
        ("add_customer", "customer", None, {}, {}, Deed.CUSTOMER_ADDED),
        ("create_order", "order", None, {}, {"Status": "completed"}, Deed.ORDERED),
        ("update_order", "order", None, {"Status": "completed"}, {"Status": "cancelled"}, Deed.ORDER_CANCELLED),
        ("update_order", "order", None, {"Status": "completed"}, {"Status": "completed"}, Deed.ORDER_CHANGED),
        ("update_subscription", "subscription", None, {"Quantity": 1}, {"Quantity": 2}, Deed.SEATS),
        ("update_subscription", "subscription", None, {"Status": "active", "Quantity": 1}, {"Status": "deleted"}, Deed.CANCELLED),
        ("update_subscription", "subscription", None, {"Status": "active"}, {"Status": "suspended"}, Deed.SUSPENDED),
        ("update_subscription", "subscription", None, {"Status": "suspended"}, {"Status": "active"}, Deed.REACTIVATED),
        ("update_subscription", "subscription", None, {"AutoRenewEnabled": True}, {"AutoRenewEnabled": False}, Deed.RENEWAL_OFF),
        ("update_subscription", "subscription", None, {"AutoRenewEnabled": False}, {"AutoRenewEnabled": True}, Deed.RENEWAL_ON),
        ("update_subscription", "subscription", None, {}, {}, Deed.SUBSCRIPTION_CHANGED),
        ("add_partner", "partner", None, {}, {}, Deed.PARTNER_CHANGED),
        ("add_partner_user", "partner_user", None, {}, {}, Deed.USER_CHANGED),
        ("end_reseller_link", "reseller_link", None, {}, {}, Deed.RESELLER_CHANGED),
        ("create_collection_request", "collection_request", None, {}, {}, Deed.DATA_ASKED),
        ("something_new", "transfer", None, {}, {}, Deed.OTHER),
    ],
)  # fmt: skip
def test_a_record_tells_one_deed(
    operation: str, resource: str, reason: str | None, before: Mapping[str, Any], after: Mapping[str, Any], deed: Deed
) -> None:
    assert activity(operation, resource, reason, before, after).deed is deed


def test_every_kind_finds_records_of_its_own() -> None:
    found = [resource for kind in Kind for resource in kind.resources]
    assert len(found) == len(set(found))
