"""Subscriptions, upgrades and trial conversions on the wire (contract 4.11)."""

import base64
import binascii
import json

from agreegate.api.instant import written_z
from agreegate.api.wire import Collection, Etagged, Link, ObjectType, Wire
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


class SubscriptionOut(Wire):
    """A subscription as it is answered."""

    id: str
    offer_id: str
    entitlement_id: str
    offer_name: str
    friendly_name: str
    quantity: int
    unit_type: str
    has_purchasable_addons: bool
    creation_date: str
    effective_start_date: str
    commitment_end_date: str
    status: str
    auto_renew_enabled: bool
    is_trial: bool
    billing_type: str
    billing_cycle: str
    term_duration: str
    renewal_term_duration: str
    actions: list[str]
    attention_needed: bool
    action_taken: bool
    contract_type: str
    links: dict[str, Link]
    order_id: str
    attributes: Etagged
    parent_subscription_id: str | None = None
    partner_id: str | None = None
    suspension_reasons: list[str] | None = None

    @classmethod
    def of(cls, subscription: Subscription) -> "SubscriptionOut":
        """Return the subscription as it is now."""
        base = f"/customers/{subscription.customer_id}/subscriptions/"
        links = {"offer": Link.to(f"/offers/{subscription.offer_id}"), "self": Link.to(base + subscription.id)}
        if subscription.parent_id is not None:
            links["parentSubscription"] = Link.to(base + subscription.parent_id)
        suspended = subscription.status is SubscriptionStatus.SUSPENDED
        return cls(
            id=subscription.id,
            offer_id=subscription.offer_id,
            entitlement_id=subscription.id,
            offer_name=subscription.offer_name,
            friendly_name=subscription.friendly_name,
            quantity=subscription.quantity,
            unit_type="Licenses",
            has_purchasable_addons=subscription.parent_id is None,
            creation_date=written_z(subscription.created_at),
            effective_start_date=written_z(subscription.commitment.started_at),
            commitment_end_date=written_z(subscription.commitment.ends_at),
            status=subscription.status,
            auto_renew_enabled=subscription.auto_renew,
            is_trial=subscription.is_trial,
            billing_type="license",
            billing_cycle=subscription.billing_cycle,
            term_duration=subscription.commitment.term,
            renewal_term_duration=subscription.commitment.renewal_term,
            actions=[] if subscription.status.ended else ["Cancel", "Edit"],
            attention_needed=False,
            action_taken=False,
            contract_type="subscription",
            links=links,
            order_id=subscription.order_id,
            attributes=Etagged(_etag(subscription), "Subscription"),
            parent_subscription_id=subscription.parent_id,
            partner_id=subscription.partner_id_on_record,
            suspension_reasons=["CustomerCancellation"] if suspended else None,
        )


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


class UpgradeErrorOut(Wire):
    """Why a subscription cannot be upgraded now."""

    code: str
    description: str
    attributes: ObjectType


class UpgradeOut(Wire):
    """An upgrade that a subscription could have."""

    target_offer: TargetOffer
    upgrade_type: str
    is_eligible: bool
    quantity: int
    upgrade_errors: list[UpgradeErrorOut]
    attributes: ObjectType


class UpgradeResult(Wire):
    """The result of an upgrade."""

    source_subscription_id: str
    target_subscription_id: str
    upgrade_type: str
    upgrade_errors: list[UpgradeErrorOut]
    license_errors: list[ObjectType]
    attributes: ObjectType

    @classmethod
    def of(cls, source: str, target: Subscription) -> "UpgradeResult":
        """Return the subscription upgraded and the one that took its place."""
        return cls(source, target.id, UPGRADE_ONLY, [], [], ObjectType("UpgradeResult"))


class ConversionIn(Wire):
    """The conversion chosen: one from the list, or to any other offer."""

    target_offer_id: str
    quantity: int | None = None
    billing_cycle: str | None = None


class ConversionOut(Wire):
    """A conversion that a trial could have."""

    offer_id: str
    target_offer_id: str
    order_id: str
    quantity: int
    billing_cycle: str
    attributes: ObjectType


class ConversionResult(Wire):
    """The result of a conversion."""

    subscription_id: str
    offer_id: str
    target_offer_id: str
    attributes: ObjectType

    @classmethod
    def of(cls, trial: Subscription, paid: Subscription) -> "ConversionResult":
        """Return the trial, which is the paid subscription now."""
        return cls(paid.id, trial.offer_id, paid.offer_id, ObjectType("ConversionResult"))


def upgrade_list(subscription: Subscription, language: str) -> Collection:
    """Return the answer of `GET .../upgrades`: one made-up offer, which clients can choose."""
    eligible = subscription.status is SubscriptionStatus.ACTIVE
    description = text("subscription.upgrade-not-active", language)
    error = UpgradeErrorOut("subscription_status_not_active", description, ObjectType("UpgradeError"))
    offer = TargetOffer(
        id=target_offer(subscription),
        name=subscription.offer_name,
        minimum_quantity=1,
        maximum_quantity=MOST_SEATS,
        is_add_on=subscription.parent_id is not None,
        is_available_for_purchase=True,
        billing="license",
        is_auto_renewable=True,
        unit_type="Licenses",
        attributes=ObjectType("Offer"),
    )
    errors = [] if eligible else [error]
    upgrade = UpgradeOut(offer, UPGRADE_ONLY, eligible, subscription.quantity, errors, ObjectType("Upgrade"))
    return Collection(total_count=1, items=[upgrade], attributes=ObjectType("Collection"))


def conversion_list(subscription: Subscription) -> Collection:
    """Return the answer of `GET .../conversions`: one made-up offer for an active trial, else nothing."""
    items = []
    if subscription.is_trial and subscription.status is SubscriptionStatus.ACTIVE:
        items.append(
            ConversionOut(
                subscription.offer_id,
                target_offer(subscription),
                subscription.order_id,
                subscription.quantity,
                subscription.billing_cycle,
                ObjectType("Conversion"),
            )
        )
    return Collection(total_count=len(items), items=items, attributes=ObjectType("Collection"))


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
