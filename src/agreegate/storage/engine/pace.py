"""The pace of long reads: one thread at a time runs Python for them, and half of the time none does.

Threads that read lists share one interpreter with the gate. SQLite's own work runs beside it; building and encoding rows does
not. So a thread takes its turn for that, in slices, and after each slice every long read pauses as long as the slice was.
"""

import os
import sys
import threading
import time

SLICE = 0.002
"""Seconds of Python work after which all long reads pause for the same time."""


NICENESS = 10
"""How far threads of long reads step back, where the system has priorities of threads."""


def step_back() -> None:
    """Let the other threads of the process have the processor first."""
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


class Pace:
    """Turns for Python work among the threads that read what may take long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worked = 0.0
        self._began = 0.0
        self._free_at = 0.0

    def take(self) -> None:
        """Begin Python work, once it is this thread's turn and the pause is over."""
        self._lock.acquire()
        pause = self._free_at - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        self._began = time.perf_counter()

    def give(self) -> None:
        """End Python work, or interrupt it for a statement that the engine runs."""
        now = time.perf_counter()
        self._worked += now - self._began
        if self._worked >= SLICE:
            self._free_at = now + self._worked
            self._worked = 0.0
        self._lock.release()
