"""What became of a request to a reseller, and since when a customer lacks a confirmation (R23)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agreegate import programme
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.customers.customer import CustomerId
from agreegate.domain.partner import Cloud, PartnerId
from agreegate.domain.reseller_request import (
    REASON_LENGTH,
    RequestState,
    ResellerRequest,
    checked_reason,
    lacking_since,
)
from agreegate.domain.standing import Current, Standing, State, state_of
from tests import personas as cast
from tests.rejection import rejected

ASKED = datetime(2018, 9, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
REQUEST = ResellerRequest(
    "r", PartnerId(cast.BIRCH), CustomerId(cast.CEDAR), "Cedar Bakery", ASKED, "sales@alder.example"
)
SUCCESSOR = programme.load("microsoft-customer-agreement")
RELATED = datetime(2018, 7, 1, tzinfo=UTC)


def current(template: str, kind: str) -> Current:
    return Current(AgreementType(kind), TemplateId(template), ASKED, ASKED, 1)


CLOUD = current(cast.CLOUD_AGREEMENT, "MicrosoftCloudAgreement")
CUSTOMER = current(cast.CUSTOMER_AGREEMENT, "MicrosoftCustomerAgreement")


@pytest.mark.rule("R23")
@pytest.mark.parametrize(
    ("received", "returned", "confirmed", "state", "is_open", "days"),
    [
        (None, None, None, RequestState.ASKED, True, 10),
        (3, None, None, RequestState.RECEIVED, True, 10),
        (None, 4, None, RequestState.RETURNED, False, 4),
        (3, 4, None, RequestState.RETURNED, False, 4),
        (None, None, 5, RequestState.CONFIRMED, False, 5),
        (3, None, 5, RequestState.CONFIRMED, False, 5),
        (None, 4, 7, RequestState.CONFIRMED, False, 4),
    ],
)
def test_what_became_of_a_request(
    received: int | None,
    returned: int | None,
    confirmed: int | None,
    state: RequestState,
    is_open: bool,
    days: int,
) -> None:
    def after(number: int | None) -> datetime | None:
        return None if number is None else ASKED + number * DAY

    request = replace(REQUEST, received_at=after(received), returned_at=after(returned), confirmed_at=after(confirmed))
    assert (request.state, request.open, request.days_open(ASKED + 10 * DAY)) == (state, is_open, days)


def test_a_clock_set_back_counts_no_days() -> None:
    assert REQUEST.days_open(ASKED - 5 * DAY) == 0


@pytest.mark.parametrize(
    ("standing", "now", "state", "since"),
    [
        (Standing(True), datetime(2019, 1, 1, tzinfo=UTC), State.NOT_CONFIRMED, RELATED),
        (Standing(True, (), ASKED), datetime(2019, 1, 1, tzinfo=UTC), State.NO_LONGER_AGREES, ASKED),
        (Standing(True, (CLOUD,)), datetime(2019, 1, 1, tzinfo=UTC), State.CONFIRMED, None),
        # The Cloud Agreement closes on 2020-02-01, and a confirmation of it opens nothing from then on.
        (Standing(True, (CLOUD,)), datetime(2020, 2, 1, tzinfo=UTC), State.NOT_CONFIRMED, datetime(2020, 2, 1, tzinfo=UTC)),
        # The confirmation came after no-longer-agrees, and lifted it.
        (Standing(True, (CLOUD,), ASKED), datetime(2020, 2, 1, tzinfo=UTC), State.NOT_CONFIRMED, datetime(2020, 2, 1, tzinfo=UTC)),
        # The Customer Agreement opens from 2019-10-01 on: until then it lifts nothing.
        (Standing(True, (CUSTOMER,), ASKED), datetime(2019, 1, 1, tzinfo=UTC), State.NO_LONGER_AGREES, ASKED),
        (Standing(True, (CUSTOMER,), ASKED), datetime(2019, 10, 1, tzinfo=UTC), State.CONFIRMED, None),
    ],
)  # fmt: skip
def test_how_a_customer_stands_and_since_when(
    standing: Standing, now: datetime, state: State, since: datetime | None
) -> None:
    assert state_of(standing, SUCCESSOR, Cloud.PUBLIC, now) is state
    if since is not None:
        assert lacking_since(standing, SUCCESSOR, now, RELATED, None) == since


def test_a_voided_confirmation_is_missing_from_then_on() -> None:
    voided = ASKED + DAY
    assert lacking_since(Standing(True), SUCCESSOR, voided + DAY, RELATED, voided) == voided


@pytest.mark.parametrize("reason", ["", "  \n ", "\u200b", "x" * (REASON_LENGTH + 1), "a\x00b", "a\nb", "\ud800"])
def test_a_reason_can_be_read(reason: str) -> None:
    with rejected("request.invalid-property"):
        checked_reason(reason)


def test_a_reason_in_any_script_is_kept_without_its_blanks() -> None:
    assert checked_reason("  العميل لا يرد <b> ") == "العميل لا يرد <b>"
