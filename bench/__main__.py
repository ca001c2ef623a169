"""`python -m bench`: measures every figure that has a limit, and prints a table of ratios.

Both sides of a ratio are measured in turn, and the median of the rounds is taken. The server has one core, the load another.
`--quick` leaves out the record of ten million; `--only` names the parts to measure.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench import simulation
from bench.confirming import beside_bare_loop
from bench.exports import exporting
from bench.figure import Figure, unlimited
from bench.instead import beside_terms
from bench.issuer import Issuer
from bench.latency import latency_at
from bench.load import Aims, aims_at, ask, rate
from bench.machine import CannotMeasure, Server, command, median_of, need_wrk, on_load_core, production, say, served
from bench.pages import SEARCH_LIMIT, WEIGHT_LIMIT, measure, table
from bench.rows import PARTNERS, PROGRAMME, load

RESULTS = Path(__file__).parent / "results"
ROUNDS = 5
SECONDS = 3.0
MILLION, SMALL, LARGE = 1_000_000, 10_000, 10_000_000


@contextmanager
def gate(confirmations: int, issuer: Issuer) -> Iterator[tuple[Server, Aims, Path]]:
    """Run a production server on a record of that many confirmations."""
    folder = RESULTS / f"data-{confirmations}-of-{PARTNERS}"
    if not folder.exists():
        say(f"making a record of {confirmations:,} confirmations in {folder}")
    load(folder, confirmations)
    with production(folder, PROGRAMME, issuer.url) as server:
        yield server, aims_at(folder, issuer), folder


def p1(issuer: Issuer) -> Iterator[Figure]:
    """Measure the check beside a server that does nothing (P1), its latency (P3), start and memory (P9)."""
    with ExitStack() as stack:
        hello = stack.enter_context(served([sys.executable, "-m", "bench.hello"]))
        server, aims, _ = stack.enter_context(gate(MILLION, issuer))
        ask(server.url, aims)
        yield Figure("start", "server ready with 1 M confirmations after its command, s", server.started_in, 5.0,
                     at_least=False, sides="")  # fmt: skip
        yield Figure("P9", "memory of an idle server with 1 M confirmations, MiB", server.memory(), 150, at_least=False,
                     sides="")  # fmt: skip
        arguments = [str(aims.customers), str(aims.tokens)]
        rate(server.url, 2, 16, "ask.lua", arguments)  # every token is known from here on
        base, checks = median_of(
            ROUNDS,
            partial(rate, hello.url, SECONDS, 16),
            partial(rate, server.url, SECONDS, 16, "ask.lua", arguments),
        )
        yield Figure("P1", "gate check ÷ bare ASGI hello, requests/s on one core", checks / base, 0.60, at_least=True,
                     sides=f"{checks:,.0f} ÷ {base:,.0f}")  # fmt: skip
        batches = [rate(server.url, SECONDS, 2, "batch.lua", arguments) for _ in range(ROUNDS)]
        yield Figure("P4", "decisions a second, 1,000 a call, 2 clients", statistics.median(batches) * 1_000, 60_000,
                     at_least=True, sides="")  # fmt: skip
        say("latency at 3,000 requests a second")
        runs = [latency_at(server.url, aims, 3000, 5) for _ in range(ROUNDS)]
        for name, limit in (("p99", 10.0), ("p95", 5.0)):
            yield Figure("P3", f"{name} of the check at 3,000 requests/s, ms",
                         statistics.median(getattr(run, name) for run in runs), limit, at_least=False, sides="")  # fmt: skip
        say("the gate beside exports")
        yield from p13(server, aims)


def p5(issuer: Issuer) -> Iterator[Figure]:
    """Measure confirmations beside a bare loop that writes the same rows (P5)."""
    with gate(MILLION, issuer) as (server, aims, folder):
        yield from beside_bare_loop(server, folder, aims, ROUNDS, SECONDS)


def instead(issuer: Issuer) -> Iterator[Figure]:
    """Measure what a user could choose instead (ALT)."""
    with gate(MILLION, issuer) as (server, aims, _):
        yield from beside_terms(server, aims, ROUNDS, SECONDS)


def p13(server: Server, aims: Aims) -> Iterator[Figure]:
    """Measure the gate while four clients export audit records, beside the gate alone (P13)."""
    arguments = [str(aims.customers), str(aims.tokens)]
    gate_alone = partial(rate, server.url, SECONDS, 16, "ask.lua", arguments)
    pages = []

    def beside_exports() -> float:
        with exporting(server.url, aims) as exports:
            answered = gate_alone()
            pages.append(exports.pages / SECONDS)
        return answered

    alone, beside = median_of(ROUNDS, gate_alone, beside_exports)
    yield Figure("P13", "gate check beside four clients that export ÷ alone", beside / alone, 0.5, at_least=True,
                 sides=f"{beside:,.0f} ÷ {alone:,.0f}, {statistics.median(pages):,.0f} pages of 500/s")  # fmt: skip
    latencies = []
    for _ in range(ROUNDS):
        with exporting(server.url, aims):
            latencies.append(latency_at(server.url, aims, 1000, 5).p99)
    yield Figure("P13", "p99 of the check at 1,000 requests/s beside four clients that export, ms",
                 statistics.median(latencies), 25.0, at_least=False, sides="")  # fmt: skip


def p7(issuer: Issuer) -> Iterator[Figure]:
    """Measure the cost of a check on a large record beside a small one (P7)."""
    with ExitStack() as stack:
        small, large = (stack.enter_context(gate(size, issuer)) for size in (SMALL, LARGE))

        def cost(server: Server, aims: Aims) -> float:
            used, arguments = server.cpu(), [str(aims.customers), str(aims.tokens)]
            answered = rate(server.url, SECONDS, 16, "ask.lua", arguments) * SECONDS
            return (server.cpu() - used) / answered * 1e6

        for server, aims, _ in (small, large) * 2:  # until the scripts have asked about every customer once
            cost(server, aims)
        few, many = median_of(ROUNDS, partial(cost, *small[:2]), partial(cost, *large[:2]))
        yield Figure("P7", "CPU of a check at 10 M ÷ at 10 k confirmations", many / few, 1.15, at_least=False,
                     sides=f"{many:.1f} µs ÷ {few:.1f} µs")  # fmt: skip


def p9(_: Issuer) -> Iterator[Figure]:
    """Measure the start of the demo: the first time, and once Python keeps its compiled modules (P9)."""
    starts = []
    with tempfile.TemporaryDirectory() as kept:
        # Independent of modules compiled before, and of the machine's setting.
        keeping = {"PYTHONPYCACHEPREFIX": kept, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(ROUNDS + 1):
            with served(command("demo", "--port", "0"), keeping) as demo:
                starts.append(demo.started_in)
    first, *others = starts
    yield Figure("P9", "demo ready after its command, s", statistics.median(others), 1.5, at_least=False, sides="")
    yield unlimited("P9", "demo ready after its command the first time, nothing compiled, s", first)


def pages(_: Issuer) -> Iterator[Figure]:
    """Measure every page with a million customers: the slowest kind of search, and the heaviest page."""
    measured = measure()
    print(table(measured), end="\n\n")
    slowest = max((one for one in measured if one.search), key=lambda one: one.p95)
    yield Figure("TTFB", f"{slowest.name}, p95 to the first byte with 1 M customers, ms", slowest.p95, SEARCH_LIMIT,
                 at_least=False, sides=f"median {slowest.median:.1f}")  # fmt: skip
    heaviest = max(measured, key=lambda one: one.weight)
    yield Figure("size", f"{heaviest.name}, with style and scripts, compressed, KB", heaviest.weight, WEIGHT_LIMIT,
                 at_least=False, sides="")  # fmt: skip


def simulations(_: Issuer) -> Iterator[Figure]:
    """Measure the simulation of a version over a million customers, on the server and as a command (SIM)."""
    measured = simulation.measure()
    print(simulation.table(measured), end="\n\n")
    slowest = max(measured, key=lambda one: one.median)
    yield Figure("SIM", f"simulation of a version over 1 M customers ({slowest.name}), s", slowest.median,
                 simulation.LIMIT, at_least=False, sides=f"processor {slowest.processor:.2f}")  # fmt: skip


PARTS: dict[str, Callable[[Issuer], Iterator[Figure]]] = {
    "demo": p9,
    "gate": p1,
    "confirmations": p5,
    "instead": instead,
    "pages": pages,
    "simulation": simulations,
    "size": p7,
}


def main() -> int:
    """Measure, print, and write the results to a file; return 1 if the machine cannot measure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the record of ten million")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to measure")
    chosen = parser.parse_args()
    on_load_core()
    RESULTS.mkdir(exist_ok=True)
    measured: list[Figure] = []
    issuer = Issuer()
    try:
        need_wrk()
        for part in chosen.only:
            if chosen.quick and part == "size":
                continue
            say(part)
            for figure in PARTS[part](issuer):
                measured.append(figure)
                say(figure.line)
    except CannotMeasure as reason:
        say(str(reason))
        return 1
    finally:
        issuer.close()
    for figure in measured:
        print(figure.line)
    kept = {
        "at": datetime.now(UTC).isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "figures": [asdict(figure) | {"reached": figure.reached} for figure in measured],
    }
    (RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json").write_text(json.dumps(kept, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
