"""Metrics for Prometheus, without names or ids."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Answers = dict[tuple[str, str, int], int]
"""Numbers of answers by method, route and status."""
_decode = msgspec.json.Decoder(list[tuple[str, str, int, int]]).decode


class Metrics(Collector):
    """Counts of answers by route and status. Plain integers: the hot path pays one dictionary access."""

    def __init__(self, shared: Path | None = None) -> None:
        """Begin at zero.

        Args:
            shared: the folder through which the processes of a server know each other's counts; None: there is one process.
        """
        self._shared = shared
        self.answers: Answers = {}
        self.person_lag: Callable[[], float] | None = None
        """Seconds that the search by person is behind the record; None: this process does not update the search."""
        self.clock_offset: Callable[[], float | None] = lambda: None
        """Seconds that this machine's clock is ahead of the database's; None: not measured."""
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)

    def count(self, method: str, path: str, status: int) -> None:
        """Count one answer. `path` is the route's template, never a path with ids in it."""
        key = (method, path, status)
        self.answers[key] = self.answers.get(key, 0) + 1

    def publish(self) -> None:
        """Let the other processes know the counts of this one. They stay when it ends.

        Raises:
            OSError: the folder cannot be written.
        """
        if self._shared is None:
            return
        rows = [(*key, number) for key, number in list(self.answers.items())]
        written = self._shared / f".{os.getpid()}"
        written.write_bytes(msgspec.json.encode(rows))
        written.replace(self._own())

    def _own(self) -> Path:
        return Path(self._shared or "") / str(os.getpid())

    def total(self) -> Answers:
        """Return the counts of all processes: this one's of now, the others' of the last second."""
        total = Counter(self.answers)
        if self._shared is not None:
            for file in self._shared.iterdir():
                if file != self._own() and not file.name.startswith("."):
                    total.update({(method, path, status): n for method, path, status, n in _decode(file.read_bytes())})
        return total

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as Prometheus reads them."""
        answers = CounterMetricFamily(
            "agreegate_answers", "Answers by method, route and status.", labels=["method", "route", "status"]
        )
        for (method, path, status), number in self.total().items():
            answers.add_metric([method, path, str(status)], number)
        yield answers
        if self.person_lag is not None:
            yield GaugeMetricFamily(
                "agreegate_person_search_lag_seconds",
                "Seconds since search knew every person of the record. Persons recorded before are found.",
                self.person_lag(),
            )
        if (offset := self.clock_offset()) is not None:
            yield GaugeMetricFamily(
                "agreegate_clock_offset_seconds",
                "Seconds that the clock of this machine is ahead of the database's; negative: behind.",
                offset,
            )

    def describe(self) -> Iterable[Metric]:
        """Return nothing: no metric has a value before the first answer."""
        return ()
