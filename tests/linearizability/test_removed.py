"""Without one of its locks, or without the key of a repeated call, Agreegate gives answers that no order explains.

Each case removes one line from a copy of the product. So the run is known to see what these lines are for.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.linearizability.run import ROOT, SHARES, Run

pytestmark = pytest.mark.faults

MOST_OPERATIONS = 5_000
OF_A_RUN = 300
"""Calls about each of three customers in one run; runs go on until one shows a violation."""
CUSTOMER_LOCK = "    await lock_customers("
TEXTS = SHARES | {"confirm": 45, "read": 45, "publish": 60}
"""Calls for what happens between a publication and a confirmation."""
ORDERS = {"confirm": 25, "end": 20, "order": 25, "read": 30}
"""Calls for what happens between an order and *no longer agrees*."""


@dataclass(frozen=True)
class Removed:
    """A line that is removed, or what stands in its place where a line alone cannot go."""

    file: str
    function: str
    line: str
    instead: str = ""
    shares: tuple[tuple[str, int], ...] = tuple(SHARES.items())
    prepared: tuple[str, ...] = ()

    def copy(self, folder: Path) -> Path:
        """A copy of the product's source without the line."""
        source = folder / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        path = source / "agreegate" / self.file
        before, function, body = path.read_text().partition(f"async def {self.function}(")
        start = body.index(self.line)
        end = body.index("\n", start) + 1
        path.write_text(before + function + body[:start] + self.instead + body[end:])
        return source


CASES = {
    "confirm locks the customer": Removed("services/confirmation.py", "confirm", CUSTOMER_LOCK),
    "void locks the customer": Removed("services/standing.py", "void_confirmation", CUSTOMER_LOCK),
    "no longer agrees locks the customer": Removed("services/standing.py", "record_no_longer_agrees", CUSTOMER_LOCK),
    "an order locks the customer": Removed(
        "services/orders/order.py", "place_order", CUSTOMER_LOCK, shares=tuple(ORDERS.items())
    ),
    "a change of seats locks the customer": Removed("services/orders/subscription.py", "_stored", CUSTOMER_LOCK),
    "confirm locks the texts": Removed(
        "services/confirmation.py", "confirm", "    await lock_texts(", shares=tuple(TEXTS.items())
    ),
    "publishing locks the texts": Removed(
        "services/agreements/text.py", "publish_text", "    await lock_texts(", shares=tuple(TEXTS.items())
    ),
    "the key of a call is unique": Removed(
        "storage/idempotency.py", "claim_key", '        " values ($1, $2, $3, $4, $5, $6) on conflict',
        '        " values ($1, $2, $3, $4, $5, $6)"\n', prepared=("drop index idempotency_by_key",),
    ),
    "the key of a call is inserted first": Removed(
        "storage/idempotency.py", "claim_key", "    while not await uow.execute(insert, *values):", "    while False:\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("shares", [SHARES, TEXTS], ids=["every call", "texts"])
async def test_with_every_line_there_is_nothing_to_find(shares: dict[str, int]) -> None:
    run = await Run(MOST_OPERATIONS // 3, shares=shares, loses_answers=False)()
    violations = run.violations()
    assert not violations, "\n".join(violations)


@pytest.mark.parametrize("name", CASES)
async def test_a_removed_line_is_found(name: str, tmp_path: Path) -> None:
    removed, operations = CASES[name], 0
    source = removed.copy(tmp_path)
    while operations < MOST_OPERATIONS:
        run = Run(OF_A_RUN, shares=dict(removed.shares), source=source, prepared=removed.prepared, loses_answers=False)
        await run()
        operations += run.operations
        if violations := run.violations():
            print(f"\nWithout “{name}” a violation within {operations} operations:\n{violations[0]}")
            return
    pytest.fail(f"{operations} operations show no violation")
