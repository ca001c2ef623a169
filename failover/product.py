"""Agreegate on the cluster: a database with customers, and two servers of two processes behind one port."""

import asyncio
import os
import subprocess
import uuid
from pathlib import Path

import httpx2

from bench.issuer import Issuer
from bench.machine import command
from bench.rows import Seller
from failover.cluster import Cluster, on_loopback, until
from failover.process import CannotRun, start, stop

OWNER, SERVER, DATABASE = "agreegate_owner", "agreegate_server", "agreegate"
CUSTOMERS = 300
"""For each scenario."""
SELLER = Seller("5e11e200-0000-4000-8000-000000000001", "5e11e200-0000-4000-8000-0000000000a1", "admin@seller.example")
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


class Product:
    """The servers, and what they need."""

    def __init__(self, cluster: Cluster, scenarios: int) -> None:
        self._cluster = cluster
        self._folder = cluster.folder / "agreegate"
        self._folder.mkdir()
        self.issuer = Issuer()
        self.url = f"http://{on_loopback(cluster.front)}"
        self.customers = [[str(uuid.uuid4()) for _ in range(CUSTOMERS)] for _ in range(scenarios)]
        self._processes: list[subprocess.Popen[bytes]] = []

    async def start(self) -> None:
        """Make the database by the commands that an operator uses, and serve it."""
        leader = await self._cluster.leader()
        if leader is None:
            raise CannotRun("the cluster has no primary")
        connection = await self._cluster.connect(leader)
        password = self._cluster.password
        await connection.execute(f"create role {OWNER} login createrole password '{password}'")
        await connection.execute(f"create database {DATABASE} owner {OWNER}")
        passwords = self._folder / "passwords"
        passwords.write_text(f"*:*:*:*:{password}\n")
        passwords.chmod(0o600)
        environment = {"PGPASSFILE": str(passwords), "LANG": "C.UTF-8"}
        directory = self._folder / "directory.toml"
        numbered = enumerate(one for of_one in self.customers for one in of_one)
        directory.write_text(PARTNER + "".join(CUSTOMER.format(id=id_, number=number) for number, id_ in numbered))
        await self._command(environment, "db", "upgrade", "--database", self._database(OWNER))
        await self._command(environment, "directory", "apply", str(directory), "--database", self._database(OWNER))
        await connection.execute(f"create role {SERVER} login password '{password}' in role agreegate_app")
        await connection.close()
        key = self._folder / "form-key"
        key.write_text("a secret of this run")
        for number, port in enumerate(self._cluster.serving, 1):
            serving = command(
                "serve", "--port", str(port), "--database", self._database(SERVER), "--form-key-file", str(key),
                "--workers", "2", "--require-synchronous", "--trusted-proxy", "127.0.0.1", "--public-url", self.url,
                "--token-issuer", self.issuer.url,
            )  # fmt: skip
            self._processes.append(start(serving, self._folder / f"serve{number}.log", environment))
        async with httpx2.AsyncClient(timeout=3) as client:

            async def ready() -> bool:
                return all(
                    [
                        (await client.get(f"http://{on_loopback(port)}/readyz")).status_code == 200
                        for port in self._cluster.serving
                    ]
                )

            await until(ready, "the servers start")

    async def stop(self) -> None:
        """End the servers."""
        await asyncio.gather(*(asyncio.to_thread(stop, process) for process in self._processes))
        self.issuer.close()

    def diagnostics(self) -> list[str]:
        """Return what the servers wrote to their logs."""
        return [line for path in sorted(self._folder.glob("serve*.log")) for line in path.read_text().splitlines()]

    def _database(self, login: str) -> str:
        return f"postgresql://{login}@{on_loopback(self._cluster.primary)}/{DATABASE}"

    async def _command(self, environment: dict[str, str], *words: str) -> None:
        done = await asyncio.create_subprocess_exec(
            *command(*words), env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = await done.communicate()
        except asyncio.CancelledError:
            done.terminate()
            await done.wait()
            raise
        if done.returncode != 0:
            raise CannotRun(f"agreegate {' '.join(words[:2])} failed: {output.decode()}")


def folder_of_run(base: Path) -> Path:
    """Let PostgreSQL's user enter a temporary folder; return it."""
    base.chmod(0o755)
    return base
