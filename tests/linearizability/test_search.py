"""The search for a contradiction, on histories that are known to be good and known to be bad."""

from collections.abc import Iterator
from itertools import count, permutations
from random import Random

import pytest

from tests.linearizability.customer import DONE, ENDED, MISSING, OUTDATED, Answer, Call, Confirmed, Customer, apply
from tests.linearizability.search import MOST_UNANSWERED, Operation, contradiction

AGREED = Customer((Confirmed("first", 0, 1),), orders=1)
CONFIRM, END, VOID, ORDER, ASK = (Call(kind, kind) for kind in ("confirm", "end", "void", "order", "ask"))
DENIED: Answer = ("denied", ENDED, MISSING)
REFUSED: Answer = ("refused", "confirmation.nothing-to-end")


def seats(number: int, revision: int | None = None) -> Call:
    return Call("seats", f"seats {number}", number, revision)


def sees(customer: Customer) -> tuple[Call, Answer]:
    """A read that finds the customer so."""
    return Call("read", "read"), apply(customer, Call("read", "read"))[0]


def history(*drawn: tuple[str, Call, Answer | None]) -> list[Operation]:
    """Operations from lines: a `-` for each instant at which the operation is under way."""
    return [
        Operation(call, 2 * line.index("-"), None if answer is None else 2 * len(line) - 1, answer)
        for line, call, answer in drawn
    ]


TWICE = Call("order", "order", twice=True)
CONFIRMED_TWICE = Call("confirm", "again", 1, twice=True)
GOOD = {
    "one after another": [
        ("--", END, DONE), ("  --", ORDER, DENIED), ("    --", CONFIRM, DONE), ("      --", ORDER, DONE)],
    "an order that began before the end": [
        ("----", ORDER, DONE), (" --", END, DONE), ("    -", *sees(Customer((), True, orders=2)))],
    "an order that is denied because of an end still under way": [("-----", END, DONE), (" --", ORDER, DENIED)],
    "changes of seats in either order": [
        ("----", seats(2), ("done", 2, 3)), ("----", seats(3), ("done", 3, 2)), ("    -", seats(2), ("done", 2, 3))],
    "a stale etag": [("----", seats(2, 1), ("done", 2, 2)), (" ----", seats(3, 1), ("refused", "request.etag-stale"))],
    "a repeat gets the same answer": [
        ("---", TWICE, DONE), (" ---", TWICE, DONE), ("     -", *sees(AGREED._replace(orders=2)))],
    "a repeat after an end": [
        ("--", CONFIRMED_TWICE, DONE), ("  --", END, DONE),
        ("    --", CONFIRMED_TWICE, ("refused", "confirmation.ended-since"))],
    "what was voided gives way to the one before": [
        ("--", CONFIRM._replace(value=1), DONE), ("  --", VOID, DONE), ("    -", *sees(AGREED))],
    "an unanswered end took effect": [("--", END, None), ("       --", ORDER, DENIED)],
    "an unanswered end took effect late": [
        ("--", END, None), ("   --", ORDER, DONE), ("     --", ORDER, DENIED)],
    "an unanswered end never took effect": [("--", END, None), ("   --", ORDER, DONE)],
    "an outdated text": [
        ("--", Call("publish", "p"), DONE), ("  --", ASK, ("allow", OUTDATED)), ("    --", CONFIRM, DONE),
        ("      --", ASK, ("allow",))],
}  # fmt: skip
BAD = {
    "lost update": [("----", seats(2), ("done", 2, 2)), ("----", seats(3), ("done", 3, 2))],
    "stale read": [
        ("--", CONFIRM._replace(value=1), DONE), ("  --", *sees(AGREED))],
    "an order allowed after the end was answered": [("--", END, DONE), ("  --", ORDER, DONE)],
    "an order that nobody saw until after the end": [
        ("-------", ORDER, DONE), (" --", END, DONE), ("   --", *sees(Customer((), True, orders=1)))],
    "the gate allows after the end was answered": [("--", END, DONE), ("  --", ASK, ("allow",))],
    "two current confirmations": [
        ("---", CONFIRM, DONE), ("---", Call("confirm", "other", 0), DONE)],
    "a confirmation that was voided twice": [("---", VOID, DONE), ("---", VOID, DONE)],
    "an end that was recorded twice": [("---", END, DONE), ("---", END, DONE)],
    "a repeat that was done again": [
        ("---", TWICE, DONE), ("---", TWICE, DONE), ("    -", *sees(AGREED._replace(orders=3)))],
    "a confirmation came with the text before": [
        ("------", CONFIRM, DONE), ("--", Call("publish", "p"), DONE), ("  --", *sees(AGREED._replace(texts=2))),
        ("      --", *sees(AGREED._replace(confirmed=(*AGREED.confirmed, Confirmed("confirm", 0, 1)), texts=2)))],
    "an unanswered end took effect before it began": [("--", ORDER, DENIED), ("   --", END, None)],
    "an unanswered end took effect twice": [
        ("-", END, None), ("  --", ORDER, DENIED), ("    --", CONFIRM, DONE), ("      --", ORDER, DENIED)],
    "an answer that no state gives": [("--", ORDER, ("failed", "LookupError"))],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_good_history_has_no_contradiction(name: str) -> None:
    assert contradiction(history(*GOOD[name]), AGREED, apply) == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_has_one(name: str) -> None:
    assert contradiction(history(*BAD[name]), AGREED, apply)


def test_the_contradiction_begins_where_no_order_goes_on() -> None:
    drawn = history(("-", END, DONE), (" -", CONFIRM, DONE), ("  -", ORDER, DENIED), ("   -", ORDER, DONE))
    assert contradiction(drawn, AGREED, apply) == drawn[2:]


def by_all_orders(operations: list[Operation], initial: Customer) -> bool:
    """Whether a history is linearizable, by its definition alone."""
    for order in permutations(operations):
        if any(
            later.end is not None and later.end < earlier.start
            for place, earlier in enumerate(order)
            for later in order[place + 1 :]
        ):
            continue
        states = {initial}
        for one in order:
            found = [(apply(state, one.call), state) for state in states]
            states = {after for (answer, after), _ in found if one.end is None or answer == one.answer}
            states |= {state for _, state in found if one.end is None}
        if states:
            return True
    return False


def random_history(random: Random) -> Iterator[Operation]:
    """Answers of a right record in some order; one in two histories has a wrong answer in it, which may do no harm."""
    customer, numbers, wrong = AGREED, count(), random.choice([None, 0, 1, 2, 3])
    for number in range(5):
        call = random.choice([CONFIRM, END, VOID, ORDER, ASK, seats(2), seats(3), TWICE])
        call = call if call.twice else call._replace(request=str(next(numbers)), value=random.choice([2, 3]))
        answer, customer = apply(customer, call)
        if number == wrong:
            answer = random.choice([DONE, DENIED, REFUSED, ("done", 2, 2), ("allow",)])
        start = 4 * number - random.randrange(8)
        yield Operation(call, start, None if random.random() < 0.2 else 4 * number + random.randrange(8), answer)


def test_the_search_agrees_with_the_definition() -> None:
    random, verdicts = Random(1), []
    for _ in range(400):
        operations = list(random_history(random))
        verdicts.append(by_all_orders(operations, AGREED))
        assert (contradiction(operations, AGREED, apply) == []) == verdicts[-1], operations
    assert 50 < sum(verdicts) < 350


def test_two_thousand_operations_with_twenty_unanswered_are_searched() -> None:
    random, customer, operations = Random(2), AGREED, []
    for number in range(2_000):
        kind = random.choice(["confirm", "end", "void", "order", "seats", "ask", "read"])
        call = Call(kind, str(number), random.randrange(3))
        answer, after = apply(customer, call)
        unanswered = number % 100 == 0
        if not unanswered or random.random() < 0.5:
            customer = after
        operations.append(Operation(call, 10 * number - 30, None if unanswered else 10 * number + 30, answer))
    assert len([one for one in operations if one.end is None]) == MOST_UNANSWERED
    assert contradiction(operations, AGREED, apply) == []
