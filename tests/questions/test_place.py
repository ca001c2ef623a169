"""Where the dashboard shows an answer: a page that the partner has, and a date only where the answer is not seen today."""

from datetime import UTC, datetime
from itertools import product

import pytest

from agreegate import programme as programmes
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.i18n import LANGUAGES, catalogue
from agreegate.questions.answer import Case
from agreegate.questions.place import Example, Page, Show, address, shown
from agreegate.questions.table import QUESTIONS
from tests.personas import CEDAR, DOGWOOD, HAZEL

PUBLISHED = programmes.load("microsoft-cloud-agreement")
QUESTION = {question.id: question for question in QUESTIONS}
CUSTOMERS = {Example.UNCONFIRMED: DOGWOOD, Example.SHARED: CEDAR}
DAYS = ("2018-08-01", "2018-08-07", "2018-10-15", "2019-04-01", "2026-11-22")


def place(question: str, on: str, kind: PartnerKind, cloud: Cloud = Cloud.PUBLIC) -> Show:
    asking = Partner(PartnerId(HAZEL), "", kind, cloud, Account.PRODUCTION, None, "", "", "")
    return shown(QUESTION[question].show, Case(PUBLISHED, asking, datetime.fromisoformat(on).replace(tzinfo=UTC)))


@pytest.mark.parametrize(
    ("show", "path"),
    [
        (Show(Page.ORDER, Example.UNCONFIRMED), f"/customers/{DOGWOOD}/order"),
        (Show(Page.CONFIRMATION, Example.UNCONFIRMED), f"/customers/{DOGWOOD}/confirmation"),
        (Show(Page.CUSTOMER, Example.SHARED), f"/customers/{CEDAR}"),
        (Show(Page.CUSTOMER, Example.REFUSED), None),
        (Show(Page.TOUR), "/tour"),
        (Show(Page.NEW_CUSTOMER), "/customers/new"),
    ],
)
def test_the_page_is_of_the_customer_that_the_partner_has(show: Show, path: str | None) -> None:
    assert address(show, CUSTOMERS) == path


@pytest.mark.parametrize(
    ("question", "on", "page", "example", "at"),
    [
        ("L3", "2018-10-15", Page.ORDER, Example.UNCONFIRMED, "2018-11-07"),
        ("L3", "2018-11-07", Page.ORDER, Example.UNCONFIRMED, None),
        ("L3", "2026-11-22", Page.ORDER, Example.UNCONFIRMED, None),
        ("P2", "2018-10-15", Page.TOUR, None, None),
        ("T10", "2018-10-15", Page.TOUR, None, None),
        ("L2", "2018-08-01", Page.CONFIRMATION, Example.UNCONFIRMED, "2018-08-07"),
        ("T3", "2018-10-15", Page.CONFIRMATION, Example.UNCONFIRMED, None),
        ("L8", "2018-10-15", Page.CUSTOMER, Example.SHARED, None),
        ("L12", "2018-10-15", Page.CUSTOMER, Example.CONFIRMED, None),
        ("L16", "2018-10-15", Page.CUSTOMER, Example.REFUSED, None),
        ("L18", "2018-10-15", Page.CUSTOMER, Example.CONFIRMED, None),
        ("L9", "2018-10-15", Page.RESELLERS, None, None),
        ("T2", "2018-10-15", Page.BY_API, None, None),
        ("T4", "2018-10-15", Page.BY_API, None, None),
        ("T5", "2018-08-01", Page.BY_API, None, None),
    ],
)
def test_the_clock_moves_only_where_the_answer_is_not_seen_today(
    question: str, on: str, page: Page, example: Example | None, at: str | None
) -> None:
    expected = None if at is None else datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert place(question, on, PartnerKind.INDIRECT_PROVIDER) == Show(page, example, expected)


def test_nobody_is_led_to_a_page_that_the_partner_does_not_have() -> None:
    forms = {Page.ORDER, Page.CONFIRMATION, Page.NEW_CUSTOMER}
    for question, on, kind in product(QUESTION, DAYS, PartnerKind):
        led = place(question, on, kind)
        assert (led.example is not None) == ("{customer}" in led.page)
        assert kind.confirms or led.page not in forms
        assert kind is PartnerKind.INDIRECT_PROVIDER or led.page is not Page.RESELLERS
        assert kind is not PartnerKind.OPERATOR or "{customer}" not in led.page
        national = place(question, on, kind, Cloud.CHINA)
        assert national.page in {Page.HOW_TO_CONFIRM, Page.ORDER}
        assert national.at is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_a_name(language: str) -> None:
    assert {page.key for page in Page} <= set(catalogue(language))
