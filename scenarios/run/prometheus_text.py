"""Reads the text format of Prometheus, and writes OpenMetrics. The only module that imports prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from results.run_files.app_metrics import Scrape, sample_name

_MOST_SAMPLES = 5000
_CUMULATIVE = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("_count", "_sum"),
}
"""By type: how the names of samples end that only grow."""


def parse_metrics(text: str, at_ns: int) -> Scrape:
    """The samples of an answer. ValueError if it is of no such format, or has more than 5000."""
    values: dict[str, float] = {}
    counters = []
    for family in text_string_to_metric_families(text):
        for name, value, cumulative in _samples(family):
            values[name] = value
            if cumulative:
                counters.append(name)
    if not values:
        raise ValueError("it has no metrics")
    if len(values) > _MOST_SAMPLES:
        raise ValueError(f"it has {len(values)} metrics, of at most {_MOST_SAMPLES}")
    return Scrape(at_ns, values, tuple(dict.fromkeys(counters)))


class Exposition:
    """Families of gauges, as a registry has them for those who write them."""

    def __init__(self) -> None:
        self._families: list[Metric] = []

    def add(self, name: str, about: str, unit: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> None:
        """A family. `unit`: with which its name ends, or empty."""
        family = Metric(name, about, "gauge", unit)
        for labels, value in samples:
            family.add_sample(name, dict(labels), value)
        self._families.append(family)

    def collect(self) -> Iterator[Metric]:
        """The families, in the order in which they were added."""
        return iter(self._families)

    def text(self) -> str:
        """All of it as OpenMetrics 1.0."""
        text: str = generate_latest(self).decode()  # type: ignore[no-untyped-call]
        return text


def _samples(family: Metric) -> Iterator[tuple[str, float, bool]]:
    for sample in family.samples:
        if isfinite(sample.value):
            grows = sample.name.endswith(_CUMULATIVE.get(family.type, ()))
            yield sample_name(sample.name, sample.labels), float(sample.value), grows
