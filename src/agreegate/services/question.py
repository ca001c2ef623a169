"""Where the dashboard shows the answer to a question: addresses, for those who lead there."""

from collections.abc import Mapping

from agreegate.domain.question import Example, Page, ShowMe

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
