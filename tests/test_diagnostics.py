"""Each cause is logged once a minute, from our modules and from libraries."""

import logging
from collections.abc import Iterator

import pytest

from agreegate.diagnostics import CAUSES, PAUSE, Causes, OnceAMinute

pytestmark = pytest.mark.fault("A5")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def messages(clock: Clock) -> Iterator[list[str]]:
    """What loggers of any library below `tests.messages` write."""
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    handler, logger = Handler(), logging.getLogger("tests.messages")
    handler.addFilter(OnceAMinute(clock))
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)


def raise_one(kind: type[Exception]) -> None:
    raise kind


def raise_another() -> None:
    raise ValueError


def test_a_place_in_the_code_is_reported_once_a_minute(messages: list[str], clock: Clock) -> None:
    def tell(number: int) -> None:
        logging.getLogger("tests.messages.library").warning("number %d", number)

    for number in range(3):
        tell(number)
    clock.now += PAUSE - 1
    tell(3)
    clock.now += 1
    tell(4)
    logging.getLogger("tests.messages.library").warning("elsewhere")
    assert messages == ["number 0", "number 4", "elsewhere"]


def test_exceptions_of_another_kind_or_place_are_reported_beside_each_other(messages: list[str]) -> None:
    for _ in range(3):
        for work in (lambda: raise_one(ValueError), lambda: raise_one(KeyError), raise_another):
            try:
                work()
            except Exception as error:
                logging.getLogger("tests.messages").exception("defect: %s", type(error).__name__)
    assert messages == ["defect: ValueError", "defect: KeyError", "defect: ValueError"]


def test_ours_are_bounded_by_cause_and_in_number(messages: list[str], clock: Clock) -> None:
    causes = Causes(logging.getLogger("tests.messages"), "refused: %s", clock)
    for number in range(CAUSES * 2):
        causes.warn(str(number))
        causes.warn("0")
    assert messages == [f"refused: {number}" for number in range(CAUSES)]
    clock.now += PAUSE
    causes.warn("new")
    assert messages[-1] == "refused: new", "those of a minute ago have made room"
