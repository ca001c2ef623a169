"""Whether a history of concurrent calls is linearizable: Wing and Gong's search, which tries no point twice (Lowe).

A history is linearizable when the calls, made one after another in some order, would have got the same answers. In that order a
call that was answered before another one began comes first. A call without an answer may take effect at any time after its start,
or never.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

MOST_UNANSWERED = 20
"""Maximum calls without an answer in one history: each may double the work of a search that fails."""
MOST_POINTS = 2_000_000
"""Points after which the search gives up."""

Apply = Callable[[Any, Any], tuple[Any, Any]]
"""The model: from a state and a call, the only right answer and the state after it. States are hashable."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of a client, with instants in nanoseconds of a clock that all clients share."""

    call: Any
    start: int
    end: int | None
    """None: no answer came."""
    answer: Any = None


@dataclass(frozen=True, slots=True)
class _Point:
    """Which operations are done, and the state after them."""

    first: int
    """All answered operations before this one are done, by their start."""
    later: int
    """Bit `i`: the answered operation `first + i` is done."""
    unanswered: int
    """Bit `i`: the unanswered operation `i` took effect."""
    state: Any


def contradiction(history: Iterable[Operation], initial: Any, apply: Apply) -> list[Operation]:
    """Return [] for a linearizable history, otherwise the operations from the first one that no order explains.

    Raises:
        RuntimeError: the search gave up.
    """
    ordered = sorted(history, key=lambda one: one.start)
    answered = [one for one in ordered if one.end is not None]
    unanswered = [one for one in ordered if one.end is None]
    assert len(unanswered) <= MOST_UNANSWERED
    farthest, points = 0, [_Point(0, 0, 0, initial)]
    seen = set(points)
    while points:
        point = points.pop()
        farthest = max(farthest, point.first)
        if point.first == len(answered):
            return []
        for after in _following(point, answered, unanswered, apply):
            if after not in seen:
                seen.add(after)
                points.append(after)
        if len(seen) > MOST_POINTS:
            raise RuntimeError(f"no answer after {MOST_POINTS} points, at {answered[farthest]}")
    return answered[farthest : farthest + 12]


def _following(
    point: _Point, answered: Sequence[Operation], unanswered: Sequence[Operation], apply: Apply
) -> Iterator[_Point]:
    """Yield the points after one more operation; the likeliest last, because the search goes on with the last one."""
    places, earliest_end = [], inf
    for place in range(point.first, len(answered)):
        one = answered[place]
        if one.start > earliest_end:
            break
        if not point.later >> (place - point.first) & 1:
            places.append(place)
            earliest_end = min(earliest_end, one.end or 0)
    changing = []
    for place in sorted(places, key=lambda place: answered[place].end or 0):
        answer, state = apply(point.state, answered[place].call)
        if answer != answered[place].answer:
            continue
        after = _with(point, place, state)
        if state == point.state:  # a later place in the order cannot be better for an operation that changes nothing
            yield after
            return
        changing.append(after)
    for number, one in enumerate(unanswered):
        if one.start <= earliest_end and not point.unanswered >> number & 1:
            _, state = apply(point.state, one.call)
            if state != point.state:
                yield _Point(point.first, point.later, point.unanswered | 1 << number, state)
    yield from reversed(changing)


def _with(point: _Point, place: int, state: Any) -> _Point:
    first, later = point.first, point.later | 1 << (place - point.first)
    while later & 1:
        first, later = first + 1, later >> 1
    return _Point(first, later, point.unanswered, state)
