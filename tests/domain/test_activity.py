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
        ("record_confirmation", "confirmation", None, {}, {}, Deed.CONFIRMED),
        ("end_confirmation", "confirmation", "no_longer_agrees", {}, {}, Deed.NO_LONGER_AGREES),
        ("end_confirmation", "confirmation", "recorded_in_error", {}, {}, Deed.RECORDED_IN_ERROR),
        ("add_customer", "customer", None, {}, {}, Deed.CUSTOMER_ADDED),
        ("create_order", "order", None, {}, {"status": "completed"}, Deed.ORDERED),
        ("update_order", "order", None, {"status": "completed"}, {"status": "cancelled"}, Deed.ORDER_CANCELLED),
        ("update_order", "order", None, {"status": "completed"}, {"status": "completed"}, Deed.ORDER_CHANGED),
        ("update_subscription", "subscription", None, {"quantity": 1}, {"quantity": 2}, Deed.SEATS),
        ("update_subscription", "subscription", None, {"status": "active", "quantity": 1}, {"status": "deleted"}, Deed.CANCELLED),
        ("update_subscription", "subscription", None, {"status": "active"}, {"status": "suspended"}, Deed.SUSPENDED),
        ("update_subscription", "subscription", None, {"status": "suspended"}, {"status": "active"}, Deed.REACTIVATED),
        ("update_subscription", "subscription", None, {"auto_renew": True}, {"auto_renew": False}, Deed.RENEWAL_OFF),
        ("update_subscription", "subscription", None, {"auto_renew": False}, {"auto_renew": True}, Deed.RENEWAL_ON),
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
