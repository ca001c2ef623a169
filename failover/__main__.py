"""`python -m failover`: fails the primary of a cluster in four ways while clients confirm, and prints what that cost.

Exit status: 0 within the limits, 1 when one is missed, 2 when the machine cannot run it.
"""

import argparse
import asyncio
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bench.machine import say
from failover.clients import PATIENCE_SECONDS, Clients
from failover.cluster import Cluster, Node, until
from failover.process import CannotRun
from failover.product import DATABASE, SELLER, Product, folder_of_run

TTL_SECONDS = 20.0
GAP_SECONDS, PLANNED_SECONDS = 1.4 * TTL_SECONDS, 5.0
SCENARIO_SECONDS = 120.0
BEFORE, AFTER = 100, 100
"""Confirmations acknowledged before the primary fails, and by the new one."""
WAITING = "select pid from pg_stat_activity where wait_event = 'SyncRep' and datname = current_database()"
EMAILS = "select email from confirmation_contact"


@dataclass(frozen=True, slots=True)
class Result:
    """What one scenario cost."""

    name: str
    gap: float
    limit: float
    acknowledged: int
    lost: int
    denied: int
    wrong: int
    answers: str

    @property
    def kept(self) -> bool:
        """Whether every limit is kept."""
        return self.gap <= self.limit and not (self.lost or self.denied or self.wrong)


Disturb = Callable[[Cluster, Node, Clients], Awaitable[None]]


async def killed(_cluster: Cluster, primary: Node, _clients: Clients) -> None:
    """Kill Patroni, PostgreSQL and every child of both with SIGKILL."""
    await asyncio.to_thread(primary.kill)


async def cut_off(_cluster: Cluster, primary: Node, _clients: Clients) -> None:
    """Hold back every byte between the primary and etcd, the replicas and their Patronis."""
    primary.cut()


async def switched_over(cluster: Cluster, primary: Node, _clients: Clients) -> None:
    """Ask Patroni for another primary."""
    await cluster.switch_over(primary)


async def cut_off_while_clients_cancel(cluster: Cluster, primary: Node, clients: Clients) -> None:
    """Cut the primary off, let clients go away, and cancel the commits that wait for the replica."""
    clients.patience = 0.3
    connection = await cluster.connect(primary, DATABASE)
    primary.cut()
    cancelled = 0
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        while await cluster.leader() in (primary, None) and not connection.is_closed():
            for (pid,) in await connection.fetch(WAITING):
                cancelled += await connection.fetchval("select pg_cancel_backend($1)", pid)
            await asyncio.sleep(1)  # meanwhile others go away
    if not cancelled:
        raise CannotRun("no commit waited for a replica")
    clients.answers["commit cancelled at the old primary"] = cancelled
    clients.patience = PATIENCE_SECONDS


SCENARIOS: dict[str, tuple[str, Disturb, float]] = {
    "killed": ("primary killed", killed, GAP_SECONDS),
    "cut-off": ("primary cut off", cut_off, GAP_SECONDS),
    "switchover": ("switchover", switched_over, PLANNED_SECONDS),
    "cancel": ("cut off, clients cancel", cut_off_while_clients_cancel, GAP_SECONDS),
}


async def run(name: str, cluster: Cluster, product: Product, customers: list[str]) -> Result:
    """Disturb the primary under load; return what became of the confirmations."""
    title, disturb, limit = SCENARIOS[name]
    await until(cluster.is_whole, "the cluster is whole")
    primary = await cluster.leader()
    assert primary is not None
    clients = Clients(product.url, product.issuer.token(SELLER), SELLER.user, customers)
    load = asyncio.create_task(clients.run())
    try:
        async with asyncio.timeout(SCENARIO_SECONDS):
            await _or_failure(load, clients.wait_for(BEFORE, 0))
            began = time.monotonic()
            await disturb(cluster, primary, clients)

            async def is_another() -> bool:
                return await cluster.leader() not in (primary, None)

            await until(is_another, "another node is the primary")
            await _or_failure(load, clients.wait_for(AFTER, time.monotonic()))
    except TimeoutError:
        raise CannotRun(f"{title}: no confirmations within {SCENARIO_SECONDS:g} seconds: {clients.answers}") from None
    finally:
        load.cancel()
        await asyncio.wait([load])
    new = await cluster.leader()
    assert new is not None
    connection = await cluster.connect(new, DATABASE)
    kept = {email for (email,) in await connection.fetch(EMAILS)}
    await connection.close()
    lost = [one for one in clients.acknowledged if one.email not in kept]
    denied = await clients.denied()
    for wrong in clients.wrong[:5]:
        say(f"  unexpected answer {wrong}")
    answers = ", ".join(f"{count} × {what}" for what, count in clients.answers.most_common())
    return Result(
        title, clients.longest_gap(began), limit, len(clients.acknowledged), len(lost), len(denied), len(clients.wrong),
        answers,
    )  # fmt: skip


async def _or_failure(load: "asyncio.Task[None]", awaited: Awaitable[None]) -> None:
    """Wait for something, unless the clients fail before."""
    waiting = asyncio.ensure_future(awaited)
    try:
        await asyncio.wait({load, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if load.done():
            await load
    finally:
        if not waiting.done():
            waiting.cancel()
    await waiting


def table(results: list[Result]) -> str:
    """Return the results as a table in Markdown."""
    lines = [
        "| Scenario | Write gap | Limit | Acknowledged | Lost | Denied by the gate | Other errors | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.gap:.1f} s | {one.limit:.0f} s | {one.acknowledged:,} | {one.lost} | {one.denied} |"
        f" {one.wrong} | {'kept' if one.kept else '**missed**'} |"
        for one in results
    ]
    return "\n".join(lines)


async def main(names: list[str], folder: Path) -> int:
    """Run scenarios on one cluster; return the exit status."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    cluster = Cluster(folder)
    product = Product(cluster, len(names))
    results: list[Result] = []
    try:
        say("Starting etcd, three nodes and HAProxy …")
        await cluster.start()
        say("Making the database, starting two servers of two processes …")
        await product.start()
        for name, customers in zip(names, product.customers, strict=True):
            say(f"{SCENARIOS[name][0]} …")
            results.append(await run(name, cluster, product, customers))
            say(f"  {results[-1].answers}")
            cluster.repair()
    except CannotRun as error:
        say(str(error))
        for node in cluster.nodes:
            say(f"--- {node.name}\n" + "\n".join((node.folder / "log").read_text().splitlines()[-15:]))
        return 2
    except asyncio.CancelledError:
        say("Interrupted. Ending what was started.")
        return 2
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for node in cluster.nodes:
            node.heal()
        await product.stop()
        await cluster.stop()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(table(results))
    return int(not all(one.kept for one in results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make failover")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), help="the scenarios to run")
    with tempfile.TemporaryDirectory(prefix="agreegate-failover-", ignore_cleanup_errors=True) as temporary:
        sys.exit(asyncio.run(main(parser.parse_args().only, folder_of_run(Path(temporary)))))
