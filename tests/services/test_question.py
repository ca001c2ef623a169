"""Where the dashboard shows the answer to a question."""

from datetime import UTC, datetime

import pytest

from agreegate.domain.question import Example, Page, ShowMe
from agreegate.services.question import ADDRESSES, address
from tests.personas import CEDAR, DOGWOOD

NOW = datetime(2018, 11, 7, tzinfo=UTC)
CUSTOMERS = {Example.UNCONFIRMED: DOGWOOD, Example.SHARED: CEDAR}


@pytest.mark.parametrize(
    ("shown", "path"),
    [
        (ShowMe(Page.ORDER, NOW, Example.UNCONFIRMED), f"/customers/{DOGWOOD}/order"),
        (ShowMe(Page.CONFIRMATION, NOW, Example.UNCONFIRMED), f"/customers/{DOGWOOD}/confirmation"),
        (ShowMe(Page.CUSTOMER, NOW, Example.SHARED), f"/customers/{CEDAR}"),
        (ShowMe(Page.CUSTOMER, NOW, Example.REFUSED), None),
        (ShowMe(Page.TOUR, NOW), "/tour"),
        (ShowMe(Page.NEW_CUSTOMER, NOW), "/customers/new"),
    ],
)
def test_the_page_is_of_the_customer_that_the_partner_has(shown: ShowMe, path: str | None) -> None:
    assert address(shown, CUSTOMERS) == path


def test_every_page_has_an_address() -> None:
    assert set(ADDRESSES) == set(Page)
