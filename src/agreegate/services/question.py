"""Where the dashboard shows the answer to a question: addresses, and customers of the reader to show it with."""

from collections.abc import Iterable, Mapping

from agreegate.domain.actor import Actor
from agreegate.domain.question import Example, Page, ShowMe
from agreegate.storage.customer import customer_of
from agreegate.storage.question import confirmed_customer, refusing_customer, unconfirmed_customers
from agreegate.storage.unit_of_work import UnitOfWork

ADDRESSES: Mapping[Page, str] = {
    Page.CUSTOMER: "/customers/{customer}",
    Page.ORDER: "/customers/{customer}/order",
    Page.CONFIRMATION: "/customers/{customer}/confirmation",
    Page.NEW_CUSTOMER: "/customers/new",
    Page.RESELLERS: "/resellers",
    Page.AGREEMENTS: "/agreements",
    Page.ACTIVITY: "/activity",
    Page.HOW_TO_CONFIRM: "/how-to-confirm",
    Page.TOUR: "/tour",
}


def address(shown: ShowMe, customers: Mapping[Example, str]) -> str | None:
    """The path of the page; None when it is a customer's and the partner has none of that kind.

    Args:
        customers: the id of a customer of each kind that the partner has.
    """
    if shown.example is None:
        return ADDRESSES[shown.page]
    customer = customers.get(shown.example)
    return None if customer is None else ADDRESSES[shown.page].format(customer=customer)


async def examples(uow: UnitOfWork, actor: Actor, shared: Iterable[str]) -> dict[Example, str]:
    """A customer of each kind that the reader's organisation serves; a kind that it has none of is left out.

    Args:
        shared: customers known to have several partners. Only a demo tells: elsewhere nobody learns of others (R26).
    """
    unconfirmed = await unconfirmed_customers(uow, actor.partner, 1)
    found = {
        Example.UNCONFIRMED: next((id_ for id_, _ in unconfirmed), None),
        Example.CONFIRMED: await confirmed_customer(uow, actor.partner),
        Example.REFUSED: await refusing_customer(uow, actor.partner),
    }
    for customer in shared:
        if await customer_of(uow, actor.partner, customer) is not None:
            found[Example.SHARED] = customer
            break
    return {example: customer for example, customer in found.items() if customer is not None}
