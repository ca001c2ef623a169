"""Measures django-termsandconditions, which a user could choose instead, in turn with the product and under the same load.

It measures acceptances and checks a second, and whether a check is right as soon as an acceptance is answered: each process of
the site remembers for 30 seconds what a user has not accepted.
"""

import http.client
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from bench.confirming import CLIENTS
from bench.figure import Figure, unlimited
from bench.load import Aims, rate
from bench.machine import CannotMeasure, Server, free_port, median_of, served

PACKAGE = "django-termsandconditions"
TRIED = 100
"""Users who check, accept and check again."""
_TOKEN = "t" * 32


@contextmanager
def site(folder: Path, workers: int) -> Iterator[Server]:
    """Run the site with a number of processes."""
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:bench.terms_site", "--workers", str(workers)]
    arguments = [*gunicorn, "--bind", f"127.0.0.1:{free_port()}", "bench.terms_site:application()"]
    with served(arguments, {"TERMS_FOLDER": str(folder)}) as server:
        yield server


def beside_terms(server: Server, aims: Aims, rounds: int, seconds: float) -> Iterator[Figure]:
    """Measure acceptances and checks of both, and count the site's checks that were wrong after an acceptance."""
    arguments, confirmed, accepted = (aims.customers, aims.tokens), count(), count()
    with tempfile.TemporaryDirectory(dir=aims.customers.parent) as made:
        folder = Path(made)
        keys = folder / "open.txt"
        subprocess.run([sys.executable, "-m", "bench.terms_site", str(folder)], check=True)
        with site(folder, 1) as other:
            _allows(other, keys.with_name("accepted.txt"))

            def confirm() -> float:
                passed = round(next(confirmed) * seconds * 4000)
                return rate(server.url, seconds, CLIENTS, "confirm.lua", (*arguments, passed))

            def accept() -> float:
                passed = TRIED + round(next(accepted) * seconds * 1000)
                return rate(other.url, seconds, CLIENTS, "terms.lua", ("accept", keys, passed))

            ours, theirs = median_of(rounds, confirm, accept)
            yield unlimited("ALT", f"durable confirmations ÷ acceptances of {PACKAGE}, {CLIENTS} clients", ours / theirs,
                            f"{ours:,.0f} ÷ {theirs:,.0f}")  # fmt: skip
            ours, theirs = median_of(
                rounds,
                lambda: rate(server.url, seconds, 16, "ask.lua", arguments),
                lambda: rate(other.url, seconds, 16, "terms.lua", ("check", keys.with_name("accepted.txt"), 0)),
            )
            yield unlimited(
                "ALT", f"checks of the gate ÷ checks of {PACKAGE}", ours / theirs, f"{ours:,.0f} ÷ {theirs:,.0f}"
            )
            alone = _wrong(other, keys.read_text().split()[:TRIED])
        with site(folder, 2) as other:
            several = _wrong(other, keys.read_text().split()[-TRIED:])
    yield unlimited("ALT", f"its checks that were wrong after an acceptance, 1 process, of {TRIED}", alone)
    yield unlimited("ALT", f"its checks that were wrong after an acceptance, 2 processes, of {TRIED}", several)


def _wrong(server: Server, keys: list[str]) -> int:
    """Count the users whom a check refuses right after their acceptance was answered.

    Raises:
        CannotMeasure: a check allowed a user before, or the site did not take an acceptance.
    """
    wrong = 0
    for key in keys:
        for _ in range(4):  # so that each process answers once
            if _asked(server, "GET", "/order/", key) == 200:
                raise CannotMeasure("the site allows what was not accepted")
        if _asked(server, "POST", "/terms/accept/", key, "terms=1&returnTo=/order/") != 302:
            raise CannotMeasure("the site did not take an acceptance")
        wrong += any(_asked(server, "GET", "/order/", key) != 200 for _ in range(4))
    return wrong


def _allows(server: Server, keys: Path) -> None:
    """Check that the site allows a user who accepted.

    Raises:
        CannotMeasure: it does not.
    """
    if _asked(server, "GET", "/order/", keys.read_text().split()[0]) != 200:
        raise CannotMeasure("the site refuses what was accepted")


def _asked(server: Server, method: str, path: str, key: str, body: str | None = None) -> int:
    """Return the status of an answer, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    headers = {"Cookie": f"sessionid={key}; csrftoken={_TOKEN}", "X-CSRFToken": _TOKEN}
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status
