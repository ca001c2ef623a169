"""Several processes that serve one listening socket (PostgreSQL alone): one that dies is started again.

Each is a fork of a parent that has no event loop, no threads and no database connection of its own.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import FrameType

logger = logging.getLogger("agreegate.workers")

RESTARTS, WITHIN_SECONDS = 5, 60.0
"""Workers that are started again within a time. A further one waits."""
Serve = Callable[[Callable[[], None]], None]
"""Serves until a signal; calls its argument once it answers."""


class Workers:
    """The processes of a server."""

    def __init__(self, count: int, serve: Serve, ready: Callable[[], None]) -> None:
        """Start nothing.

        Args:
            serve: run in each process.
            ready: called once, when every process answers.
        """
        self._count = count
        self._serve = serve
        self._ready = ready
        self._fork = multiprocessing.get_context("fork")
        self._workers: dict[int, ForkProcess] = {}
        self._answering, self._reports = self._fork.Pipe(duplex=False)
        self._lifeline, self._held = os.pipe()  # a worker that reads the end of it has lost its parent
        self._restarts: deque[float] = deque(maxlen=RESTARTS)
        self._ends = False

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; return 0, or 1 when a process ended before all of them answered."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        for _ in range(self._count):
            self._start()
        answering, failed = 0, False
        while self._workers or not self._ends:
            for found in wait([self._answering, *self._workers], timeout=self._pause()):
                if isinstance(found, int):
                    self._ended(found)
                    failed |= answering < self._count and not self._ends
                else:
                    self._answering.recv_bytes()
                    answering += 1
                    if answering == self._count:
                        self._ready()
            if failed and not self._ends:
                self._end()
            if self._pause() == 0:
                self._restarts.append(time.monotonic())
                self._start()
        return int(failed)

    def _pause(self) -> float | None:
        """Seconds until a worker may be started again; 0 for now, None when none is missing."""
        if self._ends or len(self._workers) == self._count:
            return None
        if len(self._restarts) < RESTARTS:
            return 0
        return max(0.0, self._restarts[0] + WITHIN_SECONDS - time.monotonic())

    def _start(self) -> None:
        worker = self._fork.Process(target=self._work, args=(self._reports,))
        worker.start()
        self._workers[worker.sentinel] = worker

    def _ended(self, sentinel: int) -> None:
        worker = self._workers.pop(sentinel)
        worker.join()
        if not self._ends:
            logger.error("worker %s ended with status %s", worker.pid, worker.exitcode)
        worker.close()

    def _end(self, *_: int | FrameType | None) -> None:
        self._ends = True
        for worker in self._workers.values():
            if worker.pid is not None:
                os.kill(worker.pid, signal.SIGTERM)

    def _work(self, reports: Connection) -> None:
        """What a worker does."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.close(self._held)
        threading.Thread(target=self._follow_parent, daemon=True).start()
        sys.exit(self._serve(lambda: reports.send_bytes(b"1")))

    def _follow_parent(self) -> None:
        os.read(self._lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)
