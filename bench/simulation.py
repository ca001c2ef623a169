"""`python -m bench.simulation`: measures the simulation of a version over a million customers.

It runs on the server's way, with a thread and a connection of its own (`store.read_slow`), and as the command. Each answer
counts every customer. `--keep` leaves the record for next time.
"""

import argparse
import asyncio
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.simulation import Count, Scenario
from agreegate.domain.programme import StaleRule
from agreegate.locales import countries
from agreegate.programme import load
from agreegate.services.agreements.simulation import Simulation, simulate
from agreegate.services.agreements.text import at_command_line
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.sqlite import SqliteStore
from agreegate.storage.engine.unit_of_work import UnitOfWork
from bench import many
from bench.machine import CannotMeasure, command, say
from bench.rows import CLOUD_AGREEMENT, PROGRAMME

FOLDER = Path(__file__).parent / "results" / "data-simulation"
CUSTOMERS = 1_000_000
ROUNDS = 5
LIMIT = 5.0
"""Seconds (issue 4)."""
AHEAD = timedelta(days=60)
EVERYWHERE = frozenset(country.code for country in countries())
_KIB = 1024
_MANIFEST = """template = "MicrosoftCloudAgreement"
label = "made-up"
major = true
effective_from = {effective_from:%Y-%m-%dT%H:%M:%SZ}

[[text]]
file = "none.md"
language = "en-US"
countries = "all"
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A measured question."""

    name: str
    seconds: tuple[float, ...]
    processor: float
    """Median seconds of processor time; independent of other load on the machine."""
    customers: int
    """Number of confirmations that become outdated."""
    memory: float = 0.0
    """Maximum MiB that its process held; 0: it was not a process of its own."""

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)


def measure(customers: int = CUSTOMERS, *, keep: bool = False) -> list[Asked]:
    """Measure every question, `ROUNDS` times each."""
    say(f"making a record of {customers:,} customers of {many.PARTNERS} partners in {FOLDER}")
    many.load(FOLDER, customers, datetime.now(UTC).replace(microsecond=0))
    try:
        return [*_inside(datetime.now(UTC)), _typed(datetime.now(UTC), customers)]
    finally:
        if not keep:
            shutil.rmtree(FOLDER)


def _inside(now: datetime) -> Iterator[Asked]:
    """Measure the questions as the server asks them."""
    rules = load(PROGRAMME)
    with closing(SqliteStore(FOLDER / DATABASE, lambda: now)) as store:
        for name, scenario in _scenarios(now).items():

            async def work(uow: UnitOfWork, scenario: Scenario = scenario) -> Simulation:
                return await simulate(uow, await at_command_line(uow), rules, scenario)

            def ask(work: Callable[[UnitOfWork], object] = work) -> int:
                return asyncio.run(store.read_slow(work)).total[Count.CUSTOMERS]  # type: ignore[arg-type]

            say(name)
            yield _measured(name, ask, time.process_time)


def _scenarios(now: datetime) -> Mapping[str, Scenario]:
    template, ahead = TemplateId(CLOUD_AGREEMENT), now + AHEAD
    refuse, advise = StaleRule.REFUSE, StaleRule.ADVISE
    return {
        "every country, in 60 days, orders refused": Scenario(template, EVERYWHERE, ahead, refuse),
        "every country, in 60 days, orders refused after a grace date": Scenario(
            template, EVERYWHERE, ahead, refuse, ahead + AHEAD
        ),
        "every country, now, orders let through": Scenario(template, EVERYWHERE, now, advise),
        "every country but one, in 60 days, orders refused": Scenario(template, EVERYWHERE - {"JP"}, ahead, refuse),
        "one country, in 60 days, orders refused": Scenario(template, frozenset({"US"}), ahead, refuse),
    }


def _typed(now: datetime, customers: int) -> Asked:
    """Measure the command, from its start to its last line."""
    version = FOLDER / "version"
    version.mkdir(exist_ok=True)
    (version / "manifest.toml").write_text(_MANIFEST.format(effective_from=now + AHEAD))
    arguments = command(
        "agreements", "simulate", str(version), "--data", str(FOLDER), "--stale-rule", "refuse", "--csv", "-"
    )  # fmt: skip

    def ask() -> int:
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                held.append(_held(process.pid))
                time.sleep(0.05)
            out, errors = process.communicate()
        if process.returncode:
            raise CannotMeasure(errors)
        return int(out.splitlines()[1].split(",")[3])

    held = [0.0]
    say("as the command")
    measured = replace(_measured("every country, as the command", ask, _children), memory=max(held))
    expected = customers - customers // many.CONFIRMED_ANOTHER
    if measured.customers != expected:
        raise CannotMeasure(f"{measured.customers:,} customers were counted instead of {expected:,}")
    return measured


def _measured(name: str, ask: Callable[[], int], processor: Callable[[], float]) -> Asked:
    took, used, customers = [], [], 0
    for _ in range(ROUNDS):
        began, before = time.perf_counter(), processor()
        customers = ask()
        took.append(time.perf_counter() - began)
        used.append(processor() - before)
    return Asked(name, tuple(took), statistics.median(used), customers)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _held(pid: int) -> float:
    """Return the maximum MiB that a process has held in memory so far; 0: it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / _KIB for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)


def table(measured: list[Asked]) -> str:
    """Return the measurements as a table for the README."""
    lines = [
        "| Question | customers | median | fastest | slowest | processor | memory |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.customers:,} | {one.median:.2f} s | {min(one.seconds):.2f} s | {max(one.seconds):.2f} s"
        f" | {one.processor:.2f} s | {f'{one.memory:.0f} MiB' if one.memory else '–'} |"
        for one in measured
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure and print; return 1 if the machine cannot measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the record for next time")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="number of customers, a multiple of 20")
    arguments = parser.parse_args()
    try:
        measured = measure(arguments.customers, keep=arguments.keep)
    except CannotMeasure as reason:
        say(str(reason))
        return 1
    print(table(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
