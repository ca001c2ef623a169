"""Subscriptions, upgrades and trial conversions on the wire (contract 4.11)."""

import base64
import binascii
import json

from agreegate.api.instant import written_z
from agreegate.api.wire import Body, Wire, collection, link, present
from agreegate.api.wire.order import NAMES as ORDER_NAMES
from agreegate.api.wire.order import billing_cycle_of, enum_of
from agreegate.domain.orders.subscription import (
    MOST_SEATS,
    Subscription,
    SubscriptionChange,
    SubscriptionStatus,
    target_offer,
)
from agreegate.i18n import text

NAMES = {"friendly_name": "friendlyName", "partner_id_on_record": "partnerId"}
"""The domain's names of a subscription's members, as the wire calls them."""
CONVERSION_NAMES = {"offer_id": "targetOfferId"}
UPGRADE_NAMES = {**ORDER_NAMES, "offer_id": "targetOffer.id"}
UPGRADE_ONLY = "upgrade_only"
"""The kind of upgrade without users' licences, which Agreegate does not have."""

ETAG_LENGTH = 256
"""Maximum characters of an etag; a longer one is foreign."""


class Etagged(Wire):
    """The `attributes` of a subscription."""

    etag: str | None = None
    object_type: str | None = None


class ObjectType(Wire):
    """The `attributes` of an offer."""

    object_type: str


class SubscriptionPatch(Wire):
    """A subscription as a client sends it back: the whole of it, of which only these members may change."""

    quantity: int | None = None
    status: str | None = None
    auto_renew_enabled: bool | None = None
    friendly_name: str | None = None
    billing_cycle: str | None = None
    partner_id: str | None = None
    attributes: Etagged | None = None

    def to_draft(self) -> SubscriptionChange:
        """Return what the client changes.

        Raises:
            `request.invalid-property`: there is no such status or billing cycle.
        """
        status = self.status or ""
        unchanged = status.casefold() in ("", "none", "unknown")
        return SubscriptionChange(
            quantity=self.quantity,
            status=None if unchanged else enum_of(status, SubscriptionStatus, "status"),
            auto_renew=self.auto_renew_enabled,
            friendly_name=(self.friendly_name or "").strip() or None,
            billing_cycle=billing_cycle_of(self.billing_cycle),
            partner_id_on_record=(self.partner_id or "").strip() or None,
        )

    def revisions(self, if_match: str | None, subscription: str) -> tuple[int, ...]:
        """Return the revisions that the etags of body and header name; 0, which no subscription has, for a foreign etag."""
        header = (if_match or "").strip().removeprefix("W/").strip('"')
        body = "" if self.attributes is None else (self.attributes.etag or "").strip('"')
        return tuple(_revision(etag, subscription) for etag in (header, body) if etag not in ("", "*"))


class TargetOffer(Wire):
    """The offer to upgrade to, as far as anything is known of it without a catalogue."""

    id: str
    name: str | None = None
    minimum_quantity: int | None = None
    maximum_quantity: int | None = None
    is_add_on: bool | None = None
    is_available_for_purchase: bool | None = None
    billing: str | None = None
    is_auto_renewable: bool | None = None
    unit_type: str | None = None
    attributes: ObjectType | None = None


class UpgradeIn(Wire):
    """The upgrade chosen: one from the list, or to any other offer."""

    target_offer: TargetOffer
    quantity: int | None = None


class ConversionIn(Wire):
    """The conversion chosen: one from the list, or to any other offer."""

    target_offer_id: str
    quantity: int | None = None
    billing_cycle: str | None = None


def subscription_body(subscription: Subscription) -> Body:
    """Return the subscription as it is now."""
    base = f"/customers/{subscription.customer_id}/subscriptions/"
    links = {"offer": link(f"/offers/{subscription.offer_id}"), "self": link(base + subscription.id)}
    if subscription.parent_id is not None:
        links["parentSubscription"] = link(base + subscription.parent_id)
    suspended = subscription.status is SubscriptionStatus.SUSPENDED
    return present(
        {
            "id": subscription.id,
            "offerId": subscription.offer_id,
            "entitlementId": subscription.id,
            "offerName": subscription.offer_name,
            "friendlyName": subscription.friendly_name,
            "quantity": subscription.quantity,
            "unitType": "Licenses",
            "hasPurchasableAddons": subscription.parent_id is None,
            "creationDate": written_z(subscription.created_at),
            "effectiveStartDate": written_z(subscription.commitment.started_at),
            "commitmentEndDate": written_z(subscription.commitment.ends_at),
            "status": subscription.status,
            "autoRenewEnabled": subscription.auto_renew,
            "isTrial": subscription.is_trial,
            "billingType": "license",
            "billingCycle": subscription.billing_cycle,
            "termDuration": subscription.commitment.term,
            "renewalTermDuration": subscription.commitment.renewal_term,
            "actions": [] if subscription.status.ended else ["Cancel", "Edit"],
            "attentionNeeded": False,
            "actionTaken": False,
            "contractType": "subscription",
            "links": links,
            "orderId": subscription.order_id,
            "attributes": {"etag": _etag(subscription), "objectType": "Subscription"},
            "parentSubscriptionId": subscription.parent_id,
            "partnerId": subscription.partner_id_on_record,
            "suspensionReasons": ["CustomerCancellation"] if suspended else None,
        }
    )


def upgrade_list(subscription: Subscription, language: str) -> Body:
    """Return the answer of `GET .../upgrades`: one made-up offer, which clients can choose."""
    eligible = subscription.status is SubscriptionStatus.ACTIVE
    error = {
        "code": "subscription_status_not_active",
        "description": text("subscription.upgrade-not-active", language),
        "attributes": {"objectType": "UpgradeError"},
    }
    offer = {
        "id": target_offer(subscription),
        "name": subscription.offer_name,
        "minimumQuantity": 1,
        "maximumQuantity": MOST_SEATS,
        "isAddOn": subscription.parent_id is not None,
        "isAvailableForPurchase": True,
        "billing": "license",
        "isAutoRenewable": True,
        "unitType": "Licenses",
        "attributes": {"objectType": "Offer"},
    }
    upgrade = {
        "targetOffer": offer,
        "upgradeType": UPGRADE_ONLY,
        "isEligible": eligible,
        "quantity": subscription.quantity,
        "upgradeErrors": [] if eligible else [error],
        "attributes": {"objectType": "Upgrade"},
    }
    return collection([upgrade])


def upgraded_body(source: str, target: Subscription) -> Body:
    """Return the subscription upgraded and the one that took its place."""
    return {
        "sourceSubscriptionId": source,
        "targetSubscriptionId": target.id,
        "upgradeType": UPGRADE_ONLY,
        "upgradeErrors": [],
        "licenseErrors": [],
        "attributes": {"objectType": "UpgradeResult"},
    }


def conversion_list(subscription: Subscription) -> Body:
    """Return the answer of `GET .../conversions`: one made-up offer for an active trial, else nothing."""
    if not subscription.is_trial or subscription.status is not SubscriptionStatus.ACTIVE:
        return collection([])
    conversion = {
        "offerId": subscription.offer_id,
        "targetOfferId": target_offer(subscription),
        "orderId": subscription.order_id,
        "quantity": subscription.quantity,
        "billingCycle": subscription.billing_cycle,
        "attributes": {"objectType": "Conversion"},
    }
    return collection([conversion])


def converted_body(trial: Subscription, paid: Subscription) -> Body:
    """Return the trial, which is the paid subscription now."""
    return {
        "subscriptionId": paid.id,
        "offerId": trial.offer_id,
        "targetOfferId": paid.offer_id,
        "attributes": {"objectType": "ConversionResult"},
    }


def _etag(subscription: Subscription) -> str:
    plain = json.dumps({"id": subscription.id, "version": subscription.revision}, separators=(",", ":"))
    return base64.b64encode(plain.encode()).decode()


def _revision(etag: str, subscription: str) -> int:
    if len(etag) > ETAG_LENGTH:
        return 0
    try:
        plain = json.loads(base64.b64decode(etag, validate=True))
        version = plain["version"] if plain["id"] == subscription else 0
    except (binascii.Error, ValueError, KeyError, TypeError):
        return 0
    return version if isinstance(version, int) else 0
