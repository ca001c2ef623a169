"""`python -m bench.pages`: measures time to the first byte and weight of each page, for a partner with a million customers.

A signed-in user requests one page after the other from the whole server. Searches use every filter, and the first and the last
page. `--keep` leaves the record for next time.
"""

import argparse
import gzip
import http.client
import itertools
import random
import re
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import apsw
import msgspec

from agreegate.storage.engine.folder import DATABASE
from bench import portfolio
from bench.machine import CannotMeasure, Server, on_load_core, production, say
from bench.rows import CLOUD_AGREEMENT, PROGRAMME

FOLDER = Path(__file__).parent / "results" / "data-pages"
CUSTOMERS = 1_000_000
ROUNDS = 25
LEAST, PATIENCE = 3, 5.0
"""Minimum number of requests for a slow page, and the seconds after which no more are sent."""
SEARCH_LIMIT = 100.0
"""Milliseconds that a page of a search may take (issue 3)."""
LIMITS = {"overview": (300.0, 500.0), "resellers": (300.0, 500.0), "a reseller": (200.0, 400.0)}
"""Milliseconds to the first byte that a page may take: the median and the 95th percentile."""
COUNT_LIMIT = 5.0
"""Seconds that the first count of the totals may take after a start."""
WEIGHT_LIMIT = 100.0
"""KB that may be sent for a page with its style and scripts."""
HANDFUL = 7
"""Confirmations still outdated once all others are renewed."""
FIRST_COUNT = "overview after a start; slowest: until its totals are counted"
_COOKIE = "b" * 64
_MINUTE = 60.0
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of page."""

    name: str
    median: float
    """Milliseconds to the first byte."""
    p95: float
    worst: float
    slowest: str
    """The slowest address."""
    processor: float
    """Milliseconds of processor time that the server uses, on average; independent of other load on the machine."""
    weight: float
    """KB sent for the heaviest of these pages, with style and scripts; 0 for a file."""
    search: bool


class Reader:
    """A signed-in user, with one connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def get(self, address: str, *, signed_in: bool = True) -> tuple[float, str, int]:
        """Return the milliseconds to the first byte, the page, and the number of bytes sent.

        Raises:
            CannotMeasure: the status is not 200.
        """
        headers = {"accept": "text/html", "accept-language": "en", "accept-encoding": "gzip"}
        if signed_in:
            headers["cookie"] = f"agreegate={_COOKIE}"
        began = time.perf_counter()
        self._connection.request("GET", address, headers=headers)
        answer = self._connection.getresponse()
        first = answer.read(1)
        took = (time.perf_counter() - began) * 1000
        if answer.status != http.client.OK:
            raise CannotMeasure(f"{address}: {answer.status}")
        if "attachment" in answer.headers.get("content-disposition", ""):
            self._connection.close()  # the first byte is enough
            return took, "", 0
        sent = first + answer.read()
        packed = answer.headers.get("content-encoding") == "gzip"
        return took, (gzip.decompress(sent) if packed else sent).decode(), len(sent)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def measure(customers: int = CUSTOMERS, *, keep: bool = False) -> list[Measured]:
    """Measure every page, on a new server."""
    prepare(customers)
    now = datetime.now(UTC)
    try:
        with production(FOLDER, PROGRAMME, "http://127.0.0.1:9/nobody") as server:
            measured = measured_at(server)
            say(f"renewing all confirmations but {HANDFUL}")
            portfolio.renew(FOLDER, now - timedelta(days=1), HANDFUL)
            with closing(Reader(server.url)) as reader:
                measured += _measured(server, reader, _pages_of_a_handful())
        if keep:
            portfolio.renew(FOLDER, now - timedelta(days=500), 0)
        return measured
    finally:
        if not keep:
            shutil.rmtree(FOLDER)


def prepare(customers: int = CUSTOMERS) -> None:
    """Make the record, with a session of a signed-in user."""
    say(f"making a record of {customers:,} customers of one partner in {FOLDER}")
    portfolio.load(FOLDER, customers, datetime.now(UTC).replace(microsecond=0))
    _sign_in()


def measured_at(server: Server) -> list[Measured]:
    """Measure every page of a running server that has the record."""
    with closing(Reader(server.url)) as reader:
        return [_first_count(server, reader), *_measured(server, reader, _pages())]


Pages = Iterator[tuple[str, list[str], bool]]
"""Kinds of pages: name, addresses, and whether they are pages of a search."""


def _pages() -> Pages:
    some = [id_ for (id_,) in _recorded(
        "select c.customer_id from customer c where not exists (select 1 from current_confirmation n"
        " where n.partner_id = c.partner_id and n.customer_id = c.customer_id) limit 200"
    )]  # fmt: skip
    chosen = random.Random(1)
    chosen.shuffle(some)
    one, reseller = f"/customers/{some[0]}", portfolio.reseller(7)
    yield from (
        ("start page, not signed in", ["/"], False),
        ("overview", ["/"], False),
        ("customers", ["/customers", "/customers?results=last", *_in_the_middle()], True),
        ("customers, filtered", list(_filters()), True),
        ("customers, searched", list(_searches(some, "")), True),
        ("customers, searched by person", list(_persons()), True),
        ("customers, searched and filtered", list(_searches(some, "filtered")), True),
        ("customers as a file, first byte", ["/customers.csv", "/customers.csv?q=amber+bakery+123"], False),
        ("work list", ["/reconfirmations", "/reconfirmations?results=last", *_amid_the_work()], True),
        ("work list, filtered", list(_work()), True),
        ("work list as a file, first byte", ["/reconfirmations.csv", "/reconfirmations.csv?due=30"], False),
        ("a customer", [f"/customers/{id_}" for id_ in some[:ROUNDS]], False),
        ("confirmation form", [f"/customers/{id_}/confirmation" for id_ in some[:ROUNDS]], False),
        ("new customer", ["/customers/new"], False),
        ("new order", [f"{one}/order"], False),
        ("no longer agrees", [f"{one}/no-longer-agrees"], False),
        ("explanation", [f"{one}/explanation"], False),
        ("printable record", [f"{one}/record"], False),
        ("resellers", ["/resellers"], False),
        ("a reseller", [f"/resellers/{reseller}"], False),
        ("agreements", ["/agreements"], False),
        ("how to confirm", ["/how-to-confirm"], False),
        ("activity", ["/activity"], False),
        ("description of the API", ["/api/docs"], False),
    )


def _pages_of_a_handful() -> Pages:
    """Return the pages that depend on the number of outdated confirmations, when few are left."""
    yield "overview, a handful outdated", ["/"], False
    yield "customers, a handful outdated", ["/customers", "/customers?results=last", *_in_the_middle()], True
    yield "work list of a handful", ["/reconfirmations", "/reconfirmations?results=last"], True
    yield "work list of a handful, filtered", list(_work()), True


def _first_count(server: Server, reader: Reader) -> Measured:
    """Measure the overview after a start: it comes without totals, which a later request shows once they are counted.

    Raises:
        CannotMeasure: the totals were not counted within a minute.
    """
    used, began = server.cpu(), time.perf_counter()
    first, html, sent = reader.get("/")
    while 'hx-select="#totals"' in html:
        if time.perf_counter() - began > _MINUTE:
            raise CannotMeasure("the totals were not counted in a minute")
        time.sleep(0.5)
        _, html, _ = reader.get("/")
    counted = (time.perf_counter() - began) * 1000
    say(f"totals counted after {counted:.0f} ms")
    processor = (server.cpu() - used) * 1000
    return Measured(FIRST_COUNT, first, first, counted, "/", processor, sent / _KIB, search=False)


def _measured(server: Server, reader: Reader, pages: Pages) -> Iterator[Measured]:
    weights: dict[str, int] = {}
    for name, addresses, search in pages:
        signed_in = "not signed in" not in name
        times: list[tuple[float, str]] = []
        rounds = max(1, ROUNDS // len(addresses)) if search else ROUNDS
        reader.get(addresses[0], signed_in=signed_in)  # pays for templates
        weight = 0.0
        used = server.cpu()
        began = time.monotonic()
        for address in itertools.chain(*([addresses] * rounds)):
            took, html, sent = reader.get(address, signed_in=signed_in)
            weight = max(weight, _weight(reader, html, sent, weights))
            times.append((took, address))
            if not search and len(times) >= LEAST and time.monotonic() - began > PATIENCE:
                break
        processor = (server.cpu() - used) / len(times) * 1000
        alone = sorted(took for took, _ in times)
        worst = max(times)
        yield Measured(
            name, statistics.median(alone), alone[int(len(alone) * 0.95)], worst[0], worst[1], processor, weight, search
        )
        say(f"{name}: {statistics.median(alone):.1f} ms")


def _recorded(sql: str) -> list[tuple[Any, ...]]:
    with closing(apsw.Connection(str(FOLDER / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)) as record:
        return record.execute(sql).fetchall()


def _in_the_middle() -> list[str]:
    rows = _recorded("select customer_id, partner_id from customer order by company_key limit 1 offset 400000")
    return [f"/customers?results=after-{customer}-{partner}" for customer, partner in rows]


def _amid_the_work() -> list[str]:
    rows = _recorded("select commitment_end_at, customer_id from subscription order by 1, 2 limit 1 offset 50000")
    return [f"/reconfirmations?results=after-{ends_at}-outdated.{customer}" for ends_at, customer in rows]


def _work() -> Iterator[str]:
    """Return addresses of the work list: each filter alone and with others, texts of one letter to several words."""
    alone = [{"state": state} for state in ("outdated", "overdue")]
    alone += [{"due": due} for due in ("7", "30", "90", "order")]
    alone += [{"country": "FR"}, {"reseller": portfolio.reseller(3)}, {"agreement": CLOUD_AGREEMENT}]
    alone += [{"q": typed} for typed in ("b", "zen", "zenith bak", "12345", "nothing", "holding")]
    more = [{"reseller": portfolio.reseller(5), "country": "DE", "due": "90"}, {"q": "zen", "reseller": portfolio.reseller(5)},
            {"q": "b", "state": "outdated", "due": "order"}, {"state": "overdue", "country": "US"}]  # fmt: skip
    for asked in (*alone, *more):
        for place in ("", "last"):
            yield f"/reconfirmations?{urlencode(asked | ({'results': place} if place else {}))}"


def _filters() -> Iterator[str]:
    """Return addresses of the list: every filter alone and with the others, first and last page."""
    for state, country, reseller in itertools.product(
        ("", "current", "outdated", "overdue", "missing", "ended"), ("", "FR", "US"), ("", portfolio.reseller(3))
    ):
        for place in ("", "last"):
            yield _address(state=state, country=country, reseller=reseller, results=place)


def _searches(some: list[str], kind: str) -> Iterator[str]:
    """Return addresses of searches: from one letter to a whole id, with and without filters, first and last page."""
    typed = ("z", "b", "ze", "zen", "zenith", "bak", "zeta", "12", "12345", "amber bak", "amber bakery 123", "holding ze",
             "199", "199 bak", "ecl", "ÉCLAIR opt", "c000", "c0001234", "nothing", "et fils", some[1], some[1][:6])  # fmt: skip
    for text in typed:
        if not kind:
            yield _address(q=text)
            yield _address(q=text, results="last")
            continue
        for state, country, reseller in (
            ("missing", "", ""), ("ended", "", ""), ("ended", "JP", ""), ("current", "FR", ""), ("", "US", ""),
            ("", "", portfolio.reseller(5)), ("missing", "DE", portfolio.reseller(5)),
        ):  # fmt: skip
            for place in ("", "last"):
                yield _address(q=text, state=state, country=country, reseller=reseller, results=place)


def _persons() -> Iterator[str]:
    """Return addresses of searches by person: one name, several, an accent, a mail address and its beginning."""
    [(email,)] = _recorded("select email from confirmation_contact order by 1 limit 1 offset 50000")
    for text in (
        "bergdup",
        "BergDupré",
        "noa bergdup",
        "chloe grunholm",
        "lundkaya vera",
        "abel zoe",
        email,
        email[:12],
        "noa.nobody@",
    ):
        yield _address(q=text)
        yield _address(q=text, results="last")


def _address(**asked: str) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/customers?{query}" if query else "/customers"


def _weight(reader: Reader, html: str, sent: int, known: dict[str, int]) -> float:
    """Return the KB sent for a page and the files that it loads."""
    for loaded in re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js)\?[^"]*)"', html):
        if loaded not in known:
            known[loaded] = reader.get(loaded)[2]
        sent += known[loaded]
    return sent / _KIB


def _sign_in() -> None:
    """Add a session, so that the sign-in is not measured."""
    user = {"tenant": portfolio.PARTNER, "id": portfolio.USER, "name": portfolio.USER_NAME, "roles": []}
    data = msgspec.json.encode({"user": user}).decode()
    now = int(time.time() * 1_000_000)
    with closing(apsw.Connection(str(FOLDER / DATABASE))) as record:
        record.execute(
            "insert or replace into session (session_key, data, began_at, seen_at) values (?, ?, ?, ?)",
            (sha256(_COOKIE.encode()).hexdigest(), data, now, now),
        )


def table(measured: list[Measured]) -> str:
    """Return the measurements as a table for the README."""
    lines = ["| Page | median | 95th percentile | slowest | processor | weight |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {one.name} | {one.median:.1f} ms | {one.p95:.1f} ms | {one.worst:.1f} ms | {one.processor:.1f} ms |"
        f" {f'{one.weight:.1f} KB' if one.weight else '–'} |"
        for one in measured
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure and print; return 1 if a limit is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the record for next time")
    keep = parser.parse_args().keep
    on_load_core()
    try:
        measured = measure(keep=keep)
    except CannotMeasure as reason:
        say(str(reason))
        return 1
    print(table(measured))
    slowest = max((one for one in measured if one.search), key=lambda one: one.worst)
    print(f"\nslowest search: {slowest.worst:.1f} ms, {slowest.slowest}")
    late = any(one.p95 > SEARCH_LIMIT for one in measured if one.search)
    late |= any(
        one.median > LIMITS[one.name][0] or one.p95 > LIMITS[one.name][1] for one in measured if one.name in LIMITS
    )
    late |= any(one.worst > COUNT_LIMIT * 1000 for one in measured if one.name == FIRST_COUNT)
    return int(late or any(one.weight > WEIGHT_LIMIT for one in measured))


if __name__ == "__main__":
    sys.exit(main())
