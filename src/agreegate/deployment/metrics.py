"""Metrics for Prometheus, without names or ids."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Metrics(Collector):
    """Counts of answers by route and status. Plain integers: the hot path pays one dictionary access."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str, int], int] = {}
        self.person_lag: Callable[[], float] | None = None
        """Seconds that the search by person is behind the record; None: this process does not update the search."""
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)

    def count(self, method: str, path: str, status: int) -> None:
        """Count one answer. `path` is the route's template, never a path with ids in it."""
        key = (method, path, status)
        self.answers[key] = self.answers.get(key, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as Prometheus reads them."""
        answers = CounterMetricFamily(
            "agreegate_answers", "Answers by method, route and status.", labels=["method", "route", "status"]
        )
        for (method, path, status), number in list(self.answers.items()):
            answers.add_metric([method, path, str(status)], number)
        yield answers
        if self.person_lag is not None:
            yield GaugeMetricFamily(
                "agreegate_person_search_lag_seconds",
                "Seconds since search knew every person of the record. Persons recorded before are found.",
                self.person_lag(),
            )

    def describe(self) -> Iterable[Metric]:
        """Return nothing: no metric has a value before the first answer."""
        return ()
