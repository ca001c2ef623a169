"""`python -m bench.scaling`: confirmations and checks of one worker and of two on PostgreSQL, for `docs/operations/scaling.md`.

PostgreSQL syncs to disk, and shares the machine's cores with the workers and the load. Processor time says what each of them
needs, also where other programs run.
"""

import os
import pwd
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.issuer import Issuer
from bench.load import rate
from bench.machine import CannotMeasure, command, free_port, need_wrk, say
from bench.rows import sellers

CUSTOMERS = 1000
ROUNDS, SECONDS = 5, 3.0
CASES = ((1, 1), (1, 32), (2, 32))
"""Workers, and clients."""
SELLER = sellers()[0]
PARTNER = f"""
[[partner]]
id = "{SELLER.partner}"
name = "Seller"
kind = "direct_bill"
domain = "seller.example"
country = "US"
culture = "en-US"
mpa_signed = 2019-09-03

[[partner.user]]
id = "{SELLER.user}"
name = "{SELLER.user_name}"
roles = ["admin_agent"]
"""
CUSTOMER = """
[[partner.customer]]
id = "{id}"
company_name = "Customer {number}"
domain = "customer{number}.example"
country = "US"
culture = "en-US"

[partner.customer.contact]
first_name = "Ada"
last_name = "Made Up"
email = "ada@customer{number}.example"
address_line1 = "1 Main Street"
city = "Springfield"
state = "IL"
postal_code = "62701"
"""


@contextmanager
def database(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a PostgreSQL server that syncs to disk; give the URL of an empty database, and the server's process."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if programs is None:
        raise CannotMeasure("PostgreSQL is missing. Install the package postgresql-15.")
    folder.chmod(0o755)
    place = folder / "postgresql"
    place.mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(place, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
    data = place / "data"
    subprocess.run(
        [*as_user, programs / "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--pgdata", data],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    options = f"-c listen_addresses= -c unix_socket_directories={place} -c shared_buffers=256MB"
    control = [*as_user, programs / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-o", options, "-l", place / "log", "start"], check=True, capture_output=True, cwd="/")
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        yield f"postgresql://postgres@/postgres?host={place}", pid
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], check=True, capture_output=True, cwd="/")


@contextmanager
def served(url: str, workers: int, folder: Path, issuer: Issuer) -> Iterator[tuple[str, int]]:
    """Serve the database with a number of workers; give the server's URL and its process."""
    port = free_port()
    key = folder / "form-key"
    key.write_text("a secret of the benchmark")
    process = subprocess.Popen(
        command("serve", "--port", str(port), "--database", url, "--form-key-file", str(key), "--workers", str(workers),
                "--allow-unsafe-database", "--public-url", f"http://127.0.0.1:{port}", "--token-issuer", issuer.url),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        if not process.stdout.readline().startswith("ready "):
            raise CannotMeasure("the server did not start")
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def processor(pid: int) -> float:
    """Return the processor seconds that a process and its children have used, those that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = (child for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split())
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + sum(processor(int(child)) for child in children)


def measured(url: str, pids: tuple[int, int], clients: int, script: str, arguments: Sequence[object]) -> str:
    """Return cells of the table: requests a second, and microseconds of Agreegate and PostgreSQL for each."""
    found = []
    for _ in range(ROUNDS):
        before = [processor(pid) for pid in pids]
        reached = rate(url, SECONDS, clients, script, arguments)
        used = [processor(pid) - earlier for pid, earlier in zip(pids, before, strict=True)]
        found.append((reached, *(seconds / (reached * SECONDS) * 1e6 for seconds in used)))
    return " | ".join(f"{statistics.median(values):,.0f}" for values in zip(*found, strict=True))


def main() -> None:
    """Measure, and print a table."""
    need_wrk()
    issuer = Issuer()
    customers = [str(uuid.uuid4()) for _ in range(CUSTOMERS)]
    with tempfile.TemporaryDirectory(prefix="agreegate-scaling-") as temporary:
        folder = Path(temporary)
        aims, tokens = folder / "customers.txt", folder / "tokens.txt"
        aims.write_text("".join(f"0 {customer}\n" for customer in customers))
        tokens.write_text(issuer.token(SELLER) + "\n")
        directory = folder / "directory.toml"
        entries = (CUSTOMER.format(id=customer, number=number) for number, customer in enumerate(customers))
        directory.write_text(PARTNER + "".join(entries))
        with database(folder) as (url, postgresql):
            for words in (["db", "upgrade"], ["directory", "apply", str(directory)]):
                subprocess.run(command(*words, "--database", url), check=True, capture_output=True)
            print(
                "| Workers | Clients | Confirmations/s | µs Agreegate | µs PostgreSQL | Checks/s | µs Agreegate | µs PostgreSQL |"
            )
            print("|---|---|---|---|---|---|---|---|")
            for workers, clients in CASES:
                say(f"{workers} workers, {clients} clients …")
                with served(url, workers, folder, issuer) as (at, server):
                    pids = server, postgresql
                    confirmed = measured(at, pids, clients, "confirm.lua", (aims, tokens, 0))
                    asked = measured(at, pids, clients, "ask.lua", (aims, tokens))
                print(f"| {workers} | {clients} | {confirmed} | {asked} |", flush=True)
    issuer.close()


if __name__ == "__main__":
    try:
        main()
    except CannotMeasure as error:
        sys.exit(str(error))
