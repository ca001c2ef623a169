"""`python -m bench.postgresql`: measures the product on a PostgreSQL server of its own, which syncs to disk as delivered.

The product has one core. PostgreSQL has the other, with the load. Records are made on SQLite and copied by `agreegate db copy`;
they stay for next time.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import pages as list_pages
from bench.database import Database, copied, database
from bench.figure import Figure
from bench.issuer import Issuer
from bench.load import aims_at, ask, rate
from bench.machine import CannotMeasure, median_of, need_wrk, on_load_core, production, say, served
from bench.pgbench import beside_pgbench
from bench.rows import PARTNERS, PROGRAMME, load

RESULTS = Path(__file__).parent / "results"
ROUNDS = 5
SECONDS = 3.0
MILLION = 1_000_000


def gate(running: Database, issuer: Issuer) -> Iterator[Figure]:
    """Measure the check on PostgreSQL beside a server that does nothing (P2), a batch (P4), and the worker's memory."""
    folder = RESULTS / f"data-{MILLION}-of-{PARTNERS}"
    load(folder, MILLION)
    aims = aims_at(folder, issuer)
    arguments = [str(aims.customers), str(aims.tokens)]
    with ExitStack() as stack:
        url = copied(running, folder, "gate")
        hello = stack.enter_context(served([sys.executable, "-m", "bench.hello"]))
        server = stack.enter_context(production(folder, PROGRAMME, issuer.url, url))
        ask(server.url, aims)
        rate(server.url, 2, 32, "ask.lua", arguments)  # every token is known from here on
        base, checks = median_of(
            ROUNDS,
            partial(rate, hello.url, SECONDS, 32),
            partial(rate, server.url, SECONDS, 32, "ask.lua", arguments),
        )
        yield Figure("P2", "gate check on PostgreSQL ÷ bare ASGI hello, requests/s on one core", checks / base, 0.45,
                     at_least=True, sides=f"{checks:,.0f} ÷ {base:,.0f}")  # fmt: skip
        batches = [rate(server.url, SECONDS, 2, "batch.lua", arguments) for _ in range(ROUNDS)]
        yield Figure("P4", "decisions a second on PostgreSQL, 1,000 a call, 2 clients", statistics.median(batches) * 1_000,
                     60_000, at_least=True, sides="")  # fmt: skip
        yield from beside_pgbench(running, "gate", server, folder, aims, ROUNDS, SECONDS)
        yield Figure("memory", "memory of a worker with 1 M confirmations on PostgreSQL, MiB", server.memory(), 150,
                     at_least=False, sides="")  # fmt: skip


def pages(running: Database, issuer: Issuer) -> None:
    """Measure every page on PostgreSQL with a million customers of one partner (P12), and print the table."""
    if not list_pages.FOLDER.exists():
        list_pages.prepare()
    url = copied(running, list_pages.FOLDER, "pages")
    with production(list_pages.FOLDER, PROGRAMME, issuer.url, url) as server:
        print(list_pages.table(list_pages.measured_at(server)))


def main() -> int:
    """Measure and print; return 1 if the machine cannot measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.postgresql", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=["gate", "pages"], default=["gate", "pages"])
    chosen = parser.parse_args()
    on_load_core()
    issuer = Issuer()
    try:
        need_wrk()
        with database() as running:
            if "gate" in chosen.only:
                for figure in gate(running, issuer):
                    print(figure.line, flush=True)
            if "pages" in chosen.only:
                pages(running, issuer)
    except CannotMeasure as reason:
        say(str(reason))
        return 1
    finally:
        issuer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
