"""The metrics that an expectation may name: numeric paths into `summary.json`, each with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Unit = Literal["ms", "percent", "count"]

METRICS: Mapping[str, Unit] = MappingProxyType(
    {
        "media.directions": "count",
        "media.interrupted_directions": "count",
        "media.still_interrupted": "count",
        "media.interruption_ms.p50": "ms",
        "media.interruption_ms.p99": "ms",
        "media.interruption_ms.max": "ms",
        "media.one_way_ms.p50": "ms",
        "media.one_way_ms.p99": "ms",
        "media.jitter_ms.p50": "ms",
        "media.jitter_ms.p99": "ms",
        "media.loss_percent": "percent",
        "media.sent": "count",
        "media.received": "count",
        "media.lost": "count",
        "media.duplicates": "count",
        "reroutes": "count",
    }
)
"""`reroutes` is the length of the summary's list."""
