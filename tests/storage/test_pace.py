"""Long reads leave the interpreter to others: one at a time, and half of the time none."""

import threading
import time
from itertools import pairwise

from agreegate.storage.engine.pace import SLICE, Pace


def work(pace: Pace, spans: list[tuple[float, float]], times: int) -> None:
    for _ in range(times):
        pace.take()
        began = time.perf_counter()
        while time.perf_counter() - began < SLICE:
            pass
        spans.append((began, time.perf_counter()))
        pace.give()


def test_one_thread_works_at_a_time_and_rests_as_long_as_it_worked() -> None:
    pace, spans = Pace(), list[tuple[float, float]]()
    threads = [threading.Thread(target=work, args=(pace, spans, 10)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans.sort()
    assert len(spans) == 30
    for (began, ended), (next_began, _) in pairwise(spans):
        assert next_began - ended >= ended - began, "a slice follows only after a pause of the same length"
