"""One customer of a partner, as clients see it: the model with which histories are compared.

Agreegate decides the same by rows of tables. Here are only a stack of confirmations and five numbers.
"""

from typing import NamedTuple

Answer = tuple[object, ...]
DONE: Answer = ("done",)
ENDED, MISSING, OUTDATED = "confirmation.ended", "confirmation.missing", "confirmation.outdated"


class Call(NamedTuple):
    """What a client sends about a customer."""

    kind: str
    request: str
    """The request id: equal in a call and its repeat."""
    value: int = 0
    """Who accepted, or the number of seats."""
    revision: int | None = None
    """The revision of the subscription that the client has read, of a change of seats."""
    twice: bool = False
    """Whether the client sends the call twice."""


class Confirmed(NamedTuple):
    """A confirmation that counts, or will count again when the newer ones are voided."""

    request: str
    acceptor: int
    text: int


class Customer(NamedTuple):
    """What the answers depend on."""

    confirmed: tuple[Confirmed, ...] = ()
    """Since the customer last agreed no longer; the last one is current."""
    no_longer_agreed: bool = False
    seats: int = 1
    """Of the customer's first subscription."""
    revision: int = 1
    orders: int = 0
    texts: int = 1
    """Published texts of the agreement. Each is major and in force at once."""
    kept: frozenset[tuple[str, Answer]] = frozenset()
    """The answers to calls that are sent twice, by request id."""

    @property
    def reasons(self) -> Answer:
        """Why the gate denies an order."""
        if self.confirmed:
            return ()
        return (ENDED, MISSING) if self.no_longer_agreed else (MISSING,)


def apply(customer: Customer, call: Call) -> tuple[Answer, Customer]:
    """Return the answer to a call, and the customer after it."""
    kept = next((answer for request, answer in customer.kept if call.twice and request == call.request), None)
    if kept is None:
        answer, after = _apply(customer, call)
        if call.twice and answer[0] == "done":
            after = after._replace(kept=after.kept | {(call.request, answer)})
        return answer, after
    if call.kind == "confirm" and call.request not in {one.request for one in customer.confirmed}:
        return _refused("confirmation.ended-since"), customer
    return kept, customer


def _apply(customer: Customer, call: Call) -> tuple[Answer, Customer]:
    current = customer.confirmed[-1] if customer.confirmed else None
    match call.kind:
        case "confirm":
            new = Confirmed(call.request, call.value, customer.texts)
            if current is not None and current[1:] == new[1:]:
                return _refused("confirmation.already-exists"), customer
            return DONE, customer._replace(confirmed=(*customer.confirmed, new))
        case "void":
            if current is None:
                return _refused("confirmation.nothing-to-end"), customer
            return DONE, customer._replace(confirmed=customer.confirmed[:-1])
        case "end":
            if current is None and customer.no_longer_agreed:
                return _refused("confirmation.nothing-to-end"), customer
            return DONE, customer._replace(confirmed=(), no_longer_agreed=True)
        case "order":
            if current is None:
                return ("denied", *customer.reasons), customer
            return DONE, customer._replace(orders=customer.orders + 1)
        case "seats":
            if call.revision not in (None, customer.revision):
                return _refused("request.etag-stale"), customer
            if call.value == customer.seats:
                return ("done", customer.seats, customer.revision), customer
            if current is None:
                return ("denied", *customer.reasons), customer
            after = customer._replace(seats=call.value, revision=customer.revision + 1)
            return ("done", after.seats, after.revision), after
        case "ask":
            outdated = current is not None and current.text < customer.texts
            return ("allow" if current else "deny", *customer.reasons, *((OUTDATED,) if outdated else ())), customer
        case "read":
            requests = tuple(one.request for one in reversed(customer.confirmed))
            text = None if current is None else current.text
            return (requests, text, customer.seats, customer.revision, customer.orders, customer.texts), customer
        case "publish":
            return DONE, customer._replace(texts=customer.texts + 1)
    raise ValueError(call.kind)


def _refused(code: str) -> Answer:
    return ("refused", code)
