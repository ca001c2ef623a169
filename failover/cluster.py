"""Three PostgreSQL nodes under Patroni, one etcd and HAProxy on loopback, each with its files in one temporary folder."""

import asyncio
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

import asyncpg
import httpx2

from bench.machine import free_port
from failover.process import (
    CannotRun,
    as_database_user,
    descendants,
    give_to_database_user,
    kill,
    postmaster,
    start,
    stop,
)
from failover.relay import Link

HERE = Path(__file__).parent
DEBIAN = Path("/usr/lib/postgresql")
NAMES = ("node1", "node2", "node3")
NEEDED = ("etcd", "haproxy", "patroni", "setpriv")
SECONDS = 120.0
"""How long the cluster may take to start, or to be whole again."""
REPLICAS = """
    select count(*) filter (where state = 'streaming'), count(*) filter (where sync_state in ('sync', 'quorum'))
    from pg_stat_replication where application_name like 'node%'"""


def on_loopback(port: int) -> str:
    """Return the address of a port."""
    return f"127.0.0.1:{port}"


def program(name: str) -> str:
    """Return the path of an installed program.

    Raises:
        CannotRun: it is missing.
    """
    found = shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
    if found is None:
        raise CannotRun(f"{name} is missing. Install the packages postgresql-15, patroni, etcd-server and haproxy.")
    return found


def newest_postgresql() -> Path:
    """Return the folder with the programs of the newest PostgreSQL.

    Raises:
        CannotRun: none is installed where Debian puts it.
    """
    found = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parent.parent.name))
    if not found:
        raise CannotRun("PostgreSQL is missing. Install the package postgresql-15.")
    return found[-1].parent


async def until(happened: Callable[[], Any], what: str, seconds: float = SECONDS) -> None:
    """Wait until a coroutine function returns something true; it may fail on the way.

    Raises:
        CannotRun: it did not in time.
    """
    end = time.monotonic() + seconds
    last: Exception | None = None
    while True:
        try:
            if await happened():
                return
        except (OSError, httpx2.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            last = error
        if time.monotonic() > end:
            raise CannotRun(f"not within {seconds:g} seconds: {what} ({last!r})")
        await asyncio.sleep(0.1)


class Node:
    """A PostgreSQL server with its Patroni."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = give_to_database_user(folder)
        self.data = folder / "data"
        self.database, self.rest = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.links: dict[str, Link] = {}
        self.addresses: dict[str, str] = {}
        """Of the links: to etcd, and to this node's database and Patroni for other nodes."""

    async def connect_links(self, etcd: int) -> None:
        for name, port in (("etcd", etcd), ("database", self.database), ("rest", self.rest)):
            self.links[name] = Link(port)
            self.addresses[name] = await self.links[name].listen()

    def start(self, password: str) -> None:
        file = self.folder / "patroni.yml"
        file.write_text(
            Template((HERE / "patroni.yml").read_text()).substitute(
                name=self.name, rest=on_loopback(self.rest), rest_for_others=self.addresses["rest"],
                database=on_loopback(self.database), database_for_others=self.addresses["database"],
                etcd=self.addresses["etcd"], programs=newest_postgresql(), data=self.data, sockets=self.folder,
                password=password, network="127.0.0.1/32",
            )
        )  # fmt: skip
        give_to_database_user(file).chmod(0o600)
        # etcd's own address would lead past the link
        environment = {"PATRONI_ETCD3_USE_PROXIES": "true"}
        self.process = start(
            [*as_database_user(bound=True), program("patroni"), file], self.folder / "log", environment
        )

    def kill(self) -> None:
        """Kill Patroni, the server and every child of both."""
        pids = descendants(self.process.pid) if self.process else []
        if (server := postmaster(self.data)) is not None:
            pids += descendants(server)
        kill(list(dict.fromkeys(pids)))
        if self.process:
            self.process.wait()

    def stop(self) -> None:
        if self.process:
            stop(self.process)
        if (server := postmaster(self.data)) is not None:
            kill(descendants(server))

    def close_links(self) -> None:
        for link in self.links.values():
            link.close()

    def cut(self) -> None:
        """Cut the node off from etcd and from the other nodes. HAProxy still reaches it."""
        for link in self.links.values():
            link.cut()

    def heal(self) -> None:
        for link in self.links.values():
            link.heal()


class Cluster:
    """The nodes, etcd and HAProxy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = secrets.token_hex(16)
        self.primary, self.front = free_port(), free_port()
        self.serving = (free_port(), free_port())
        self.nodes = [Node(name, self._folder(name)) for name in NAMES]
        self._processes: list[subprocess.Popen[bytes]] = []
        self._http = httpx2.AsyncClient(timeout=3)

    async def start(self) -> None:
        """Start everything, and wait until the cluster is whole."""
        for name in NEEDED:
            program(name)
        etcd, peers = free_port(), free_port()
        self._run(
            "etcd", "--name", "etcd1", "--data-dir", self._folder("etcd") / "data",
            "--listen-client-urls", f"http://{on_loopback(etcd)}", "--advertise-client-urls", f"http://{on_loopback(etcd)}",
            "--listen-peer-urls", f"http://{on_loopback(peers)}", "--initial-advertise-peer-urls",
            f"http://{on_loopback(peers)}", "--initial-cluster", f"etcd1=http://{on_loopback(peers)}",
        )  # fmt: skip

        async def decided() -> bool:  # Patroni ends at once where etcd has no version yet
            version = (await self._http.get(f"http://{on_loopback(etcd)}/version")).json()
            return bool(version["etcdcluster"] != "not_decided")

        await until(decided, "etcd answers")
        for node in self.nodes:
            await node.connect_links(etcd)
            node.start(self.password)
        file = self._folder("haproxy") / "haproxy.cfg"
        addresses = {"primary": on_loopback(self.primary), "agreegate": on_loopback(self.front)}
        for number, node in enumerate(self.nodes, 1):
            addresses |= {f"node{number}": on_loopback(node.database), f"node{number}_rest": str(node.rest)}
        addresses |= {f"serve{number}": on_loopback(port) for number, port in enumerate(self.serving, 1)}
        file.write_text(Template((HERE / "haproxy.cfg").read_text()).substitute(addresses))
        self._run("haproxy", "-db", "-f", file)
        await until(self.is_whole, "the cluster starts")

    async def stop(self) -> None:
        """End every process that this object started. The nodes end first, while they reach etcd."""
        await asyncio.gather(*(asyncio.to_thread(node.stop) for node in self.nodes))
        for node in self.nodes:
            node.close_links()
        await asyncio.gather(*(asyncio.to_thread(stop, process) for process in self._processes))
        await self._http.aclose()

    async def leader(self) -> Node | None:
        """Return the node that says that it is the primary; None when none does or when several do."""
        answers = await asyncio.gather(*(self._is_primary(node) for node in self.nodes))
        leaders = [node for node, answer in zip(self.nodes, answers, strict=True) if answer]
        return leaders[0] if len(leaders) == 1 else None

    async def is_whole(self) -> bool:
        """Whether there is a primary with two replicas, one of them synchronous and known as that to Patroni."""
        leader = await self.leader()
        if leader is None:
            return False
        connection = await self.connect(leader)
        try:
            streaming, synchronous = await connection.fetchrow(REPLICAS)
        finally:
            await connection.close()
        return streaming == 2 and synchronous == 1 and await self.standby(leader) is not None

    async def standby(self, leader: Node) -> str | None:
        """Return the name of the synchronous standby."""
        members = (await self._http.get(f"http://{on_loopback(leader.rest)}/cluster")).json()["members"]
        return next((member["name"] for member in members if member["role"] == "sync_standby"), None)

    async def switch_over(self, leader: Node) -> None:
        """Ask Patroni to make the synchronous standby the primary, and wait for its answer."""
        asked = {"leader": leader.name, "candidate": await self.standby(leader)}
        answer = await self._http.post(f"http://{on_loopback(leader.rest)}/switchover", json=asked, timeout=60)
        if answer.status_code != 200:
            raise CannotRun(f"Patroni refused the switchover: {answer.text}")

    async def connect(self, node: Node, database: str = "postgres") -> Any:
        """Open a superuser's connection to one node, past HAProxy."""
        return await asyncpg.connect(
            host="127.0.0.1", port=node.database, user="postgres", password=self.password, database=database, timeout=5
        )

    def repair(self) -> None:
        """Heal every link, and start what was killed."""
        for node in self.nodes:
            node.heal()
            if node.process is None or node.process.poll() is not None:
                node.start(self.password)

    def log(self, name: str) -> Path:
        """Return the file that a program of this name writes to."""
        return self.folder / name / "log"

    async def _is_primary(self, node: Node) -> bool:
        try:
            answer = await self._http.get(f"http://{on_loopback(node.rest)}/primary")
        except httpx2.TransportError:
            return False
        return answer.status_code == 200

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return give_to_database_user(folder)

    def _run(self, name: str, *arguments: str | Path) -> None:
        command = [*as_database_user(bound=True), program(name), *arguments]
        self._processes.append(start(command, self.log(name)))
