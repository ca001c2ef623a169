"""P5 on PostgreSQL: confirmations over HTTP beside `pgbench`, which sends the statements of a confirmation.

PostgreSQL logs what the product sends for one confirmation, and a script of pgbench is made of that: ids, instants and the
customer become variables, every other value stays. What the product sends in one message, the script sends in one pipeline.
The script needs one statement more, which chooses a customer.
"""

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from agreegate.storage.engine.unit_of_work import new_id
from bench.confirming import Side
from bench.database import FOLDER, Database
from bench.figure import Figure
from bench.load import Aims, aims_of_one
from bench.machine import SERVER_CORE, CannotMeasure, Server, median_of

LIMIT = 0.5
CLIENTS = 32
_SENT = re.compile(r"(?:statement|execute [^:]+): (.*)", re.DOTALL)
_VALUE = re.compile(r"\$\d+ = (NULL|'(?:[^']|'')*')")
_PLACE = re.compile(r"\$(\d+)")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_QUOTED_ID = re.compile(f"'({_ID.pattern})'")
_BEGIN = "begin isolation level read committed read write"
_AN_HOUR = 3_600_000_000
"""Microseconds; an instant nearer to the present is the unit's own."""
_TRIES = 20
_BODY: dict[str, Any] = {
    "primaryContact": {
        "firstName": "Noa",
        "lastName": "Berg",
        "email": "noa@contoso.example",
        "phoneNumber": "5550100",
    },
    "templateId": "998b88de-aa99-4388-a42c-1b3517d49490",
    "dateAgreed": "2019-05-06T00:00:00.000Z",
    "type": "MicrosoftCloudAgreement",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to PostgreSQL."""

    sql: str
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A script of pgbench, and the values of its constants by name."""

    text: str
    constants: dict[str, str]


def beside_pgbench(
    running: Database, name: str, server: Server, folder: Path, aims: Aims, rounds: int, seconds: float
) -> Iterator[Figure]:
    """Measure confirmations of one partner and of many beside pgbench, over as many connections as the product has writers."""
    script = _scripted(running, name, server, aims)
    for side in (Side("1 partner", aims_of_one(folder, aims)), Side("32 partners", aims)):
        _choose(running, name, side.aims)

        def ours(clients: int, side: Side = side) -> float:
            return side.confirm(server, clients, seconds).per_second

        for clients, connections in ((CLIENTS, 10), (1, 1)):
            product, theirs = median_of(
                rounds,
                partial(ours, clients),
                partial(_rate, running, name, script, connections, len(side.aims.ids()), seconds),
            )
            yield Figure("P5", f"durable confirmations on PostgreSQL ÷ pgbench, {connections} connections; {side.partners}, "
                         f"{clients} client{'s' if clients > 1 else ''}", product / theirs, LIMIT, at_least=True,
                         sides=f"{product:,.0f} ÷ {theirs:,.0f}")  # fmt: skip


def script_of(unit: list[Sent], known: dict[str, str]) -> Script:
    """Return the script that does again what a unit of work did.

    Args:
        known: the variables of the script, by the values that they had in the unit.
    """
    names = dict(known)
    constants: dict[str, str] = {}
    fresh: list[str] = []
    now = time.time_ns() // 1_000

    def variable(value: str | None) -> str:
        if value is None:
            return "null"
        if value == "":  # pgbench has no variable without a value
            return "''"
        if value not in names:
            if _ID.fullmatch(value) and abs(int(value[:8] + value[9:13], 16) * 1_000 - now) < _AN_HOUR:
                names[value] = f"id{len(fresh)}"
                fresh.append(names[value])
            elif value.isdigit() and abs(int(value) - now) < _AN_HOUR:
                names[value] = "now"
            else:
                names[value] = f"constant{len(constants)}"
                constants[names[value]] = value
        # Every use is a parameter of its own to pgbench, whose type is inferred where it stands.
        return "cast(:now as bigint)" if names[value] == "now" else f":{names[value]}"

    lines: list[str] = []
    for sent in unit:
        statements = [" ".join(part.split()) for part in sent.sql.split(";") if part.strip()]
        written = [
            _QUOTED_ID.sub(lambda found: variable(found[1]), statement)
            if not sent.values
            else _PLACE.sub(lambda place, values=sent.values: variable(values[int(place[1]) - 1]), statement)
            for statement in statements
        ]
        together = len(statements) > 1
        lines += ["\\startpipeline"] * together
        lines += [f"{one} \\gset" if " returning " in one else f"{one};" for one in written]
        lines += ["\\endpipeline"] * together
    ids = "".join(f", gen_random_uuid()::text as {name}" for name in fresh)
    choose = (
        "select partner, customer, (extract(epoch from clock_timestamp()) * 1000000)::bigint as now"
        f"{ids} from bench_customer where n = :n \\gset"
    )
    return Script("\n".join(["\\set n random(1, :customers)", choose, *lines]) + "\n", constants)


def _scripted(running: Database, name: str, server: Server, aims: Aims) -> Script:
    """Confirm twice while PostgreSQL logs, and make a script of what the second confirmation sent."""
    customer, token = aims.first()
    [partner] = [partner for partner, id_ in aims.ids()[:1] if id_ == customer]
    running.psql("postgres", f"alter database {name} set log_statement = 'all'")
    try:
        running.psql("postgres", f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        for first_name in ("Noa", "Kim"):
            _confirm(server, customer, token, first_name)
    finally:
        running.psql("postgres", f"alter database {name} reset log_statement")
        running.psql("postgres", f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
    number, sequence = running.psql(
        name,
        f"select number, sequence from confirmation where customer_id = '{customer}' and partner_id = '{partner}'"
        " order by sequence desc limit 1",
    ).split("|")
    known = {partner: "partner", customer: "customer", number: "number", sequence: "last_sequence"}
    return script_of(_confirmation_in(_logged()), known)


def _confirm(server: Server, customer: str, token: str, first_name: str) -> None:
    """Confirm once; a server whose connections were ended answers 503 until it has others.

    Raises:
        CannotMeasure: the server goes on answering so.
    """
    contact = _BODY["primaryContact"] | {"firstName": first_name}
    body = json.dumps(_BODY | {"primaryContact": contact}).encode()
    for _ in range(_TRIES):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "MS-RequestId": new_id()}
        request = urllib.request.Request(f"{server.url}/v1/customers/{customer}/agreements", body, headers)
        try:
            urllib.request.urlopen(request).close()
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            time.sleep(0.5)
        else:
            return
    raise CannotMeasure("the server has no connection to PostgreSQL")


def _logged() -> list[list[Sent]]:
    """Return what each connection of the product sent, in order."""
    sessions: dict[str, list[Sent]] = {}
    for file in sorted((FOLDER / "data" / "log").glob("*.json")):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            found = _SENT.match(entry.get("message", ""))
            if found is None or entry.get("application_name") != "agreegate":
                continue
            values = tuple(
                None if value == "NULL" else value[1:-1].replace("''", "'")
                for value in _VALUE.findall(entry.get("detail", ""))
            )
            sessions.setdefault(entry["session_id"], []).append(Sent(found[1].strip(), values))
    return list(sessions.values())


def _confirmation_in(sessions: list[list[Sent]]) -> list[Sent]:
    """Return the messages of the last confirmation, from its begin to its commit.

    Raises:
        CannotMeasure: no confirmation was logged whole.
    """
    found: list[list[Sent]] = []
    for session in sessions:
        units: list[list[Sent]] = []
        for sent in session:
            if sent.sql.startswith(_BEGIN):
                units.append([])
            if units:
                units[-1].append(sent)
        found += [unit for unit in units if any(sent.sql.startswith("insert into confirmation ") for sent in unit)]
    if not found:
        raise CannotMeasure("PostgreSQL logged no confirmation")
    unit = found[-1]
    end = next(place for place, sent in enumerate(unit) if sent.sql.endswith("commit"))
    return unit[: end + 1]


def _choose(running: Database, name: str, aims: Aims) -> None:
    """Write the customers of a side into a table, from which the script chooses."""
    file = running.folder / "customers.csv"
    file.write_text("".join(f"{n},{partner},{customer}\n" for n, (partner, customer) in enumerate(aims.ids(), 1)))
    running.psql(
        name,
        "drop table if exists bench_customer;"
        " create table bench_customer (n integer primary key, partner text not null, customer text not null)",
    )
    running.psql(name, f"copy bench_customer from '{file}' (format csv)")
    running.psql(name, "vacuum analyze bench_customer")


def _rate(running: Database, name: str, script: Script, connections: int, customers: int, seconds: float) -> float:
    """Return the transactions a second of pgbench.

    Raises:
        CannotMeasure: a statement failed.
    """
    file = running.folder / "confirmation.sql"
    file.write_text(script.text)
    defined = [
        part for item in (script.constants | {"customers": str(customers)}).items() for part in ("-D", "=".join(item))
    ]
    done = subprocess.run(
        ["taskset", "-c", str(SERVER_CORE), running.programs / "pgbench", "-n", "-M", "prepared", "-f", file, *defined,
         "-c", str(connections), "-j", "1", "-T", f"{seconds:.0f}", running.url(name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or found is None or "aborted" in done.stderr:
        raise CannotMeasure(done.stdout + done.stderr)
    return float(found[1])
