"""Sends requests to a server as fast as it answers, with `wrk`."""

import json
import random
import re
import subprocess
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.issuer import Issuer
from bench.machine import LOAD_CORE, CannotMeasure
from bench.rows import sellers, some_customers

HERE = Path(__file__).parent
ASKED = 50_000
"""Number of customers in the requests, from the whole record and in random order."""


@dataclass(frozen=True, slots=True)
class Aims:
    """The customers and tokens of the requests, as two files for the scripts."""

    customers: Path
    tokens: Path

    def first(self) -> tuple[str, str]:
        """Return a customer, and the bearer token of its partner."""
        with self.customers.open() as lines:
            number, customer = lines.readline().split()
        return customer, self.tokens.read_text().splitlines()[int(number)]

    def ids(self) -> list[tuple[str, str]]:
        """Return the ids of partner and customer, of every customer."""
        lines, partners = self.customers.read_text().splitlines(), [seller.partner for seller in sellers()]
        return [(partners[int(number)], customer) for number, customer in map(str.split, lines)]


def aims_at(folder: Path, issuer: Issuer) -> Aims:
    """Write the aims for the record in a folder."""
    aims = Aims(folder / "customers.txt", folder / "tokens.txt")
    chosen = list(some_customers(folder, ASKED))
    random.Random(1).shuffle(chosen)
    aims.customers.write_text("".join(f"{number} {customer}\n" for number, customer in chosen))
    aims.tokens.write_text("".join(f"{issuer.token(seller)}\n" for seller in sellers()))
    return aims


def aims_of_one(folder: Path, aims: Aims) -> Aims:
    """Write aims for customers of the first partner, without the customers of `aims`."""
    others = Aims(folder / "customers-of-one.txt", aims.tokens)
    partner, before = sellers()[0].partner, set(aims.ids())
    chosen = [
        customer for number, customer in some_customers(folder) if number == 0 and (partner, customer) not in before
    ]
    random.Random(2).shuffle(chosen)
    others.customers.write_text("".join(f"0 {customer}\n" for customer in chosen))
    return others


def ask(url: str, aims: Aims) -> dict[str, object]:
    """Ask the gate once.

    Raises:
        CannotMeasure: the gate does not allow the order by a confirmation.
    """
    customer, token = aims.first()
    body = json.dumps({"customerId": customer, "action": "new_purchase", "channel": "api"}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/gate/decisions", body, headers)
    with urllib.request.urlopen(request) as answer:
        decision: dict[str, object] = json.load(answer)
    if decision["verdict"] != "allow" or decision["confirmation"] is None:
        raise CannotMeasure(f"the gate's answer is not the one expected: {decision}")
    return decision


def rate(url: str, seconds: float, connections: int, script: str = "", arguments: Sequence[object] = ()) -> float:
    """Return the answers a second.

    Raises:
        CannotMeasure: an answer was not 2xx, or none came.
    """
    scripted = ["-s", str(HERE / script)] if script else []
    done = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", *scripted, url,
         *(["--", *map(str, arguments)] if arguments else [])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise CannotMeasure(done.stdout + done.stderr)
    return float(found[1])
