"""Eight processes on PostgreSQL: what they saw of each customer is explained by one order of their calls."""

import time

import pytest

from tests.linearizability.run import AT_ONCE, Run
from tests.linearizability.search import MOST_UNANSWERED


async def test_three_thousand_operations_are_linearizable() -> None:
    run = await Run(calls=1_000)()
    assert run.operations >= 3_000 - 3
    violations = run.violations()
    assert not violations, "\n".join(violations)
    assert 0 < run.unanswered <= MOST_UNANSWERED * AT_ONCE


@pytest.mark.faults
async def test_a_hundred_thousand_operations_are_linearizable() -> None:
    began = time.monotonic()
    run = await Run(calls=1_600, customers=63)()
    ran = time.monotonic()
    violations = run.violations()
    print(
        f"\n{run.operations} operations about {len(run.histories)} customers, {run.unanswered} without an answer:"
        f" {len(violations)} violations; {ran - began:.0f} s to run, {time.monotonic() - ran:.0f} s to check"
    )
    assert run.operations >= 100_000 - 63
    assert not violations, "\n".join(violations)
