"""A real server in a process of its own, on a port of its own: started, killed and started again by tests."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any

import httpx2

PATIENCE = 60.0
"""Seconds within which everything that is waited for has happened, on a busy machine too."""
START = "2018-08-15T00:00:00Z"
COMMAND = Path(sys.executable).with_name("agreegate")


class Server:
    """The demo on a data folder, as `agreegate demo` starts it. After a kill it comes back on the same port.

    `files` is how many files it may have open; None: as many as the tests.
    """

    def __init__(self, folder: Path, *arguments: str, at: str = START, files: int | None = None) -> None:
        self.folder = folder
        self._arguments = arguments
        self._limit = [] if files is None else ["sh", "-c", 'ulimit -n "$0"; exec "$@"', files]
        self._port = 0
        self._tokens: dict[str, str] = {}
        self.output = ""
        self.url = ""
        self.client = httpx2.Client(trust_env=False)
        self.start("--at", at)

    def start(self, *more: str) -> None:
        """Start it, and wait until it says that it is ready."""
        command = [*self._limit, COMMAND, "demo", "--data", self.folder, "--port", self._port, *self._arguments, *more]
        self.process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._reader = Thread(target=self._read, args=(self.process, self._lines.put), daemon=True)
        self._reader.start()
        while True:
            line = self._next_line()
            if line is None:
                self._ended()
                raise AssertionError(f"the server did not start:\n{self.output}")
            if line.startswith("ready "):
                break
        self.client.close()
        self.url = line.split()[1]
        self._port = int(self.url.rpartition(":")[2])
        self.client = httpx2.Client(base_url=self.url, trust_env=False, timeout=PATIENCE)

    def _read(self, process: "subprocess.Popen[str]", put: Callable[[str | None], None]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output += line
            put(line)
        put(None)

    def _next_line(self) -> str | None:
        try:
            return self._lines.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"the server says nothing:\n{self.output}") from None

    def kill(self) -> None:
        """End it without a chance to tidy up, as a power cut would."""
        self.process.kill()
        self._ended()

    def stop(self) -> int:
        """Tell it to stop; its exit status."""
        self.process.terminate()
        return self._ended()

    def _ended(self) -> int:
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.client.close()
        return status

    def become_ready(self) -> None:
        """Wait until it says of itself that it is ready."""
        end = time.monotonic() + PATIENCE
        while self.client.get("/readyz").status_code != 200:
            assert time.monotonic() < end, self.output
            time.sleep(0.1)

    def restart(self) -> None:
        """Kill it and start it again; nobody repairs anything in between."""
        self.kill()
        self.start()

    def token(self, user: str) -> str:
        """A bearer token of a demo user, by name. Tokens outlive a restart."""
        if user not in self._tokens:
            form = {"grant_type": "password", "username": user, "password": "demo", "client_id": "tests"}
            form["scope"] = "https://api.partnercenter.microsoft.com/.default"
            answer = self.client.post("/organizations/oauth2/v2.0/token", data=form)
            self._tokens[user] = answer.json()["access_token"]
        return self._tokens[user]

    def send(
        self, user: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """One request."""
        sent = {"Authorization": f"Bearer {self.token(user)}"} | (headers or {})
        return self.client.request(method, path, json=body, headers=sent)

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
