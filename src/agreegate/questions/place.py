"""Where the dashboard shows an answer: the page, a customer of the reader, and the date to set the demo's clock to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.partner import PartnerKind
from agreegate.domain.programme import Programme
from agreegate.questions.answer import Case, When
from agreegate.storage.customers.customer import customer_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.question import confirmed_customer, customer_that_no_longer_agrees, unconfirmed_customers


class Page(StrEnum):
    """A page of the dashboard, by its path."""

    CUSTOMER = "/customers/{customer}"
    ORDER = "/customers/{customer}/order"
    CONFIRMATION = "/customers/{customer}/confirmation"
    NEW_CUSTOMER = "/customers/new"
    RESELLERS = "/resellers"
    AGREEMENTS = "/agreements"
    ACTIVITY = "/activity"
    HOW_TO_CONFIRM = "/how-to-confirm"
    BY_API = "/how-to-confirm#api"
    TOUR = "/tour"

    @property
    def key(self) -> str:
        """The message key of the page's name."""
        name = self.name.lower().replace("_", "-")
        return f"questions.page.{name}"


class Example(StrEnum):
    """The kind of customer that a page shows an answer with."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    """Of an indirect provider: preferably one that two of its resellers sell to."""
    REFUSED = "refused"
    """It no longer agrees."""
    SHARED = "shared"
    """A customer of another partner too."""


@dataclass(frozen=True, slots=True)
class Show:
    """Where an answer is seen."""

    page: Page
    example: Example | None = None
    """The customer of the page; None for a page without a customer."""
    at: datetime | None = None
    """The instant to set the demo's clock to; None to leave it."""


_FORMS = frozenset({Page.ORDER, Page.CONFIRMATION, Page.NEW_CUSTOMER})
_TIMELESS = frozenset({Page.TOUR, Page.HOW_TO_CONFIRM, Page.BY_API, Page.ACTIVITY})


def shown(show: Show, case: Case) -> Show:
    """Return where this partner sees the answer; a partner without the page reads how to confirm.

    The clock moves only where the answer is not seen today: for orders to the first day of denials, else to the first day
    of confirmations.
    """
    kind, page, at = case.partner.kind, show.page, case.programme.starts
    national = When.NATIONAL in case.conditions
    if (
        (page in _FORMS and not kind.confirms)
        or (page is Page.RESELLERS and kind is not PartnerKind.INDIRECT_PROVIDER)
        or (page is Page.CUSTOMER and kind is PartnerKind.OPERATOR)
        or (national and page is not Page.ORDER)
    ):
        return Show(Page.HOW_TO_CONFIRM)
    if page is Page.ORDER:
        at = case.programme.enforce_from.get(Channel.DASHBOARD) or at
    stays = page in _TIMELESS or national or at <= case.now
    return Show(page, show.example, None if stays else at)


def address(show: Show, customers: Mapping[Example, str]) -> str | None:
    """Return the path of the page; None when the partner has no customer of the page's kind.

    Args:
        customers: the id of a customer of each kind that the partner has.
    """
    if show.example is None:
        return show.page
    customer = customers.get(show.example)
    return None if customer is None else show.page.format(customer=customer)


async def examples(uow: UnitOfWork, actor: Actor, programme: Programme, shared: Iterable[str]) -> dict[Example, str]:
    """Return a customer of each kind that the reader's organisation serves; kinds without a customer are left out.

    Args:
        shared: customers known to have several partners, in a demo. Elsewhere partners do not know of each other (R26).
    """
    unconfirmed = await unconfirmed_customers(uow, actor.partner, 1)
    found = {
        Example.UNCONFIRMED: next((id_ for id_, _ in unconfirmed), None),
        Example.CONFIRMED: await confirmed_customer(uow, actor.partner),
        Example.REFUSED: await customer_that_no_longer_agrees(uow, actor.partner, programme),
    }
    for customer in shared:
        if await customer_of(uow, actor.partner, customer) is not None:
            found[Example.SHARED] = customer
            break
    return {example: customer for example, customer in found.items() if customer is not None}
