"""A transaction that cannot be done: by the shape of an order, cart or subscription, or because the gate refused it."""

from agreegate.domain.errors.rejected import Rejected


class InvalidOffer(Rejected):
    """`name` has none of the forms of an offer id (400 / 800004)."""

    key = "order.invalid-offer"


class LineNumbersInvalid(Rejected):
    """Line numbers run from 0 to one less than the number of lines, each once (400 / 800071)."""

    key = "order.line-numbers"


class OrderNotFound(Rejected):
    """The customer has no such order with this partner (404 / 20000)."""

    key = "order.not-found"


class OrderNotProcessable(Rejected):
    """What was ordered cannot be done with what the customer has (400 / 4018)."""

    key = "order.not-processable"


class TooManySubscriptions(OrderNotProcessable):
    """The customer would have more than `most` subscriptions, those that ended included (400 / 4018)."""

    key = "order.too-many-subscriptions"


class CartNotFound(Rejected):
    """The customer has no such cart with this partner, or it has expired (404 / 800008)."""

    key = "cart.not-found"


class CartSubmitted(Rejected):
    """The cart `cart` was bought; it changes no more (400 / 800065)."""

    key = "cart.submitted"


class CartFaulty(Rejected):
    """A line of the cart cannot be bought; which and why stands in the cart (400 / 800009)."""

    key = "cart.faulty"


class SubscriptionNotFound(Rejected):
    """The customer has no subscription `subscription` with this partner (404 / 20003)."""

    key = "subscription.not-found"


class SubscriptionEnded(Rejected):
    """The subscription `subscription` is deleted or expired and changes no more (400 / 2011)."""

    key = "subscription.ended"


class SubscriptionSuspended(Rejected):
    """The subscription must be active for this (400 / 800091)."""

    key = "subscription.suspended"


class SuspendedQuantity(Rejected):
    """The seat count of a suspended subscription does not change (400 / 2001)."""

    key = "subscription.suspended-quantity"


class QuantityOutOfRange(Rejected):
    """The quantity is not between `least` and `most` (400 / 2002)."""

    key = "subscription.quantity-out-of-range"


class BillingCycleFixed(Rejected):
    """The billing cycle is changed on the order, not on the subscription (400 / 2054)."""

    key = "subscription.billing-cycle-fixed"


class EtagStale(Rejected):
    """The resource has changed since the client read it (400 / 2055)."""

    key = "request.etag-stale"


class ParentNotActive(Rejected):
    """An add-on needs the subscription `subscription` to be active (409 / 27009)."""

    key = "subscription.parent-not-active"


class NotAutoRenewable(Rejected):
    """A trial does not renew; it is converted (400 / 800093)."""

    key = "subscription.not-auto-renewable"


class NotConvertible(Rejected):
    """Only a trial is converted to a paid subscription (400 / 2006)."""

    key = "subscription.not-convertible"


class GateRefused(Rejected):
    """The gate denied a transaction: the customer's acceptance is not confirmed (R3, R4, R47).

    Raised by nobody: the wire words by it a denial that a service returned as a value, and recorded.
    """

    key = "gate.refused"

    def __init__(self, *codes: str, **parameters: str | int) -> None:
        """Keep the codes of every reason; the sentence is that of the first."""
        super().__init__(**parameters)
        self._codes = codes

    @property
    def names(self) -> tuple[str, ...]:
        """The codes of every reason."""
        return self._codes


class GateEnded(GateRefused):
    """The gate denied a transaction: the customer no longer agrees (R47)."""

    key = "gate.ended"


class GateOutdated(GateRefused):
    """The gate denied a transaction: the customer accepted an older text, and the programme refuses such (R34, X5)."""

    key = "gate.outdated"
