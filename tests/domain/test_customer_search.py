"""What a search looks for, and how a customer stands by what is kept beside its name."""

from datetime import datetime

import pytest

from agreegate import programme
from agreegate.domain.customer_search import CustomerSearch, fits, state_of
from agreegate.domain.standing import State
from tests import personas as cast
from tests.world import API_ENFORCED, AUGUST

PROGRAMME = programme.load("microsoft-customer-agreement")
CLOUD, CUSTOMER = PROGRAMME.template(cast.CLOUD_AGREEMENT), PROGRAMME.template(cast.CUSTOMER_AGREEMENT)
assert CLOUD is not None
assert CUSTOMER is not None
assert CLOUD.opens_until is not None
assert CUSTOMER.opens_from is not None
OLD, NEW = CLOUD.id, CUSTOMER.id


@pytest.mark.rule("R27", "R47")
@pytest.mark.parametrize(
    ("coverage", "at", "state"),
    [
        ("", API_ENFORCED, State.MISSING),
        ("!", API_ENFORCED, State.ENDED),
        (OLD, API_ENFORCED, State.CURRENT),
        (f"!{OLD}", API_ENFORCED, State.CURRENT),
        (OLD, CLOUD.opens_until, State.MISSING),
        (f"!{OLD}", CLOUD.opens_until, State.MISSING),
        (f"{NEW} {OLD}", CLOUD.opens_until, State.CURRENT),
        (NEW, AUGUST, State.MISSING),
        (f"!{NEW}", AUGUST, State.ENDED),
        (NEW, CUSTOMER.opens_from, State.CURRENT),
        ("a-template-nobody-knows", API_ENFORCED, State.MISSING),
    ],
)
def test_a_customer_stands_as_the_gate_would_say(coverage: str, at: datetime, state: State) -> None:
    assert state_of(coverage, PROGRAMME, at) is state


@pytest.mark.parametrize(
    ("typed", "words", "domain", "customer"),
    [
        ("", (), None, None),
        (" Cedar  bak ", ("Cedar", "bak"), None, None),
        ("Cedar.Ex", ("Cedar.Ex",), "cedar.ex", None),
        ("& +", (), None, None),
        ("\x00a\u200fb", ("a", "b"), None, None),
        ("Frêne", ("Frêne",), None, None),
        (" ".join("abcdefghij"), tuple("abcdefgh"), None, None),
        (cast.CEDAR.upper(), (cast.CEDAR.upper(),), cast.CEDAR, cast.CEDAR),
        ("{" + cast.CEDAR + "}", ("{" + cast.CEDAR + "}",), None, cast.CEDAR),
        (cast.CEDAR.replace("-", ""), (cast.CEDAR.replace("-", ""),), cast.CEDAR.replace("-", ""), None),
    ],
)
def test_what_is_typed_is_read(typed: str, words: tuple[str, ...], domain: str | None, customer: str | None) -> None:
    search = CustomerSearch(typed)
    assert (search.words, search.domain, search.customer) == (words, domain, customer)


@pytest.mark.parametrize(
    ("typed", "name", "fitting"),
    [
        ("fre con", "Frêne Conseil", True),
        ("CON", "Frêne Conseil", True),
        ("rene", "Frêne Conseil", False),
        ("o'b", "Murphy & O'Brien", True),
        ("brien", "Murphy & O'Brien", True),
        ("x.ex", "Anything", True),
        ("", "Anything", False),
    ],
)
def test_one_customer_fits_as_the_index_would_say(typed: str, name: str, fitting: bool) -> None:
    assert fits(CustomerSearch(typed), name, "x.example") is fitting
