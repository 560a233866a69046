"""The metrics that an expectation may name: paths of numbers in `summary.json`, each with its unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import Literal, get_origin, get_type_hints

from relay_app.drop_reasons import DropReason
from results.metrics.beside_sessions import ConnectionFigures, WebrtcFigures
from results.metrics.figures import Media
from results.metrics.oracle_figures import OracleFigures
from results.metrics.system_figures import LedgerFigures, ProcessFigures, RelayFigures

Unit = Literal["ms", "s", "percent", "count", "number"]


_RATINGS = ("narrowband_r", "narrowband_mos", "fullband_r", "fullband_mos")

_NO_UNIT = re.compile(r"\[[^\[\]]*\]| .*")


def _leaves(of: type) -> Iterator[str]:
    hints = get_type_hints(of)
    for field in fields(of):
        if is_dataclass(hints[field.name]):
            yield from (f"{field.name}.{leaf}" for leaf in _leaves(hints[field.name]))
        elif hints[field.name] is not str and get_origin(hints[field.name]) not in (dict, list):
            yield field.name


def unit_of(metric: str) -> Unit:
    """The unit of a metric, by its path: that of the part whose name says one; what a program tells is a number. Of the
    names of parts of the media what stands in brackets, and the time, says none."""
    if app_metric(metric):
        return "number"
    if metric.startswith(("percent of ", "number of ")):
        return "percent" if metric.startswith("percent") else "count"
    parts = _NO_UNIT.sub("", metric).split(".")
    if any(part.endswith("_ms") for part in parts):
        return "ms"
    if any(part in _RATINGS for part in parts):
        return "number"
    return "percent" if any(part.endswith(("_percent", "utilisation")) for part in parts) else "count"


def app_metric(metric: str) -> tuple[str, str] | None:
    """Cluster and sample of a metric `relay.<cluster>.app.<sample>`, which a program tells itself; None of others."""
    of, cluster, kind, sample = (*metric.split(".", 3), "", "", "")[:4]
    return (cluster, sample) if (of, kind) == ("relay", "app") else None


METRICS: Mapping[str, Unit] = MappingProxyType(
    {
        **{f"media.{name}": unit_of(name) for name in _leaves(Media)},
        **{f"ledger.{name}": unit_of(name) for name in _leaves(LedgerFigures)},
        "reroutes": "count",
        **{f"oracle.{name}": unit_of(name) for name in _leaves(OracleFigures)},
    }
)
"""Every number under `media`, `ledger` and `oracle`, and `reroutes`, which is the length of the summary's list."""

_DROPPED = tuple(f"dropped.{reason.name.lower()}" for reason in DropReason)

RELAY_METRICS: Mapping[str, Unit] = MappingProxyType(
    {name: unit_of(name) for name in (*_leaves(RelayFigures), *_DROPPED)}
)
"""Every number under `relay.<cluster>`."""

PROCESS_METRICS: Mapping[str, Unit] = MappingProxyType(
    {f"process.{name}": unit_of(name) for name in _leaves(ProcessFigures)}
)
"""Every number under `relay.<cluster>` that only relays that are programs have."""

CONNECTION_METRICS: Mapping[str, Unit] = MappingProxyType({name: unit_of(name) for name in _leaves(ConnectionFigures)})
"""Every number under `connections.<group>`."""


WEBRTC_METRICS: Mapping[str, Unit] = MappingProxyType({name: unit_of(name) for name in _leaves(WebrtcFigures)})
"""Every number under `webrtc.<group>`."""


@dataclass(frozen=True, slots=True)
class NamedParts:
    """What metrics of a run are named after: clusters, groups of TCP connections, and groups of WebRTC calls."""

    clusters: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    webrtc: tuple[str, ...] = ()


NO_PARTS = NamedParts()


def metric_names(named: NamedParts) -> Mapping[str, Unit]:
    """Units of all metrics of a run, by name."""
    of = {
        "relay": (named.clusters, RELAY_METRICS),
        "connections": (named.connections, CONNECTION_METRICS),
        "webrtc": (named.webrtc, WEBRTC_METRICS),
    }
    parts = {
        f"{kind}.{part}.{name}": unit
        for kind, (names, metrics) in of.items()
        for part in names
        for name, unit in metrics.items()
    }
    return {**METRICS, **parts}


def program_metric_names(clusters: Iterable[str]) -> Mapping[str, Unit]:
    """Units of the metrics that the relays of these clusters have besides if they are programs, by name."""
    return {f"relay.{cluster}.{name}": unit for cluster in clusters for name, unit in PROCESS_METRICS.items()}
