"""Which way a metric is better, and which metrics are compared unless others are asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from results.metrics.metric_names import NamedParts, metric_names, program_metric_names
from results.run_files.plan import Comparison
from results.verdict.summary import Summary

Better = Literal["lower", "higher"]

LOWER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "media": (
            "hit_sessions",
            "hit_percent",
            "interrupted_directions",
            "still_interrupted",
            "interruptions",
            "interruption_ms",
            "recovery_lag_ms",
            "one_way_ms",
            "added_ms",
            "jitter_ms",
            "lost",
            "loss_percent",
            "collided",
            "order",
            "frames.lost",
            "frames.key_lost",
            "frames.freezes",
            "frames.freeze_ms",
            "frames.frozen_ms",
            "gave_up",
            "longest_given_up_ms",
        ),
        "relay": (
            "dropped",
            "receive_buffer",
            "first_forwarded_ms",
            "never_forwarded",
            "catch_up_ms",
            "fetches_per_key",
            "fetch_ms",
            "queue_most",
            "waiting_most_kib",
            "lock_wait_ms",
            "lock_hold_ms",
            "lock_waiters_most",
            "lock_held_across_io_ms",
            "lock_inversions",
            "stalls",
            "process.cpu_ms",
            "process.memory_most_mib",
            "process.lock_wait_most_ms",
            "process.exits",
        ),
        "connections": ("lost", "response_ms", "longest_wait_ms"),
        "webrtc": ("lost", "one_way_ms", "longest_interruption_ms", "still_interrupted", "noticed_ms"),
    }
)
"""By part of the summary, metrics of which less is better, with all that lies under them. `order` too: whatever comes
out of order needs a longer jitter buffer."""

HIGHER: Mapping[str, tuple[str, ...]] = MappingProxyType({"relay": ("hit_percent",)})
"""Metrics of which more is better. What is in neither is neither better nor worse, as how many sessions there were."""

HEADLINES = (
    "media.hit_sessions",
    "media.interruptions",
    "media.interruption_ms.p50",
    "media.interruption_ms.max",
    "media.still_interrupted",
    "media.recovery_lag_ms",
    "media.loss_percent",
    "media.one_way_ms.p99",
)
"""What is compared unless metrics are named, besides those that the scenario expects something of. They are few: each
further metric makes it harder to show a difference of any of them (Holm 1979)."""


def better_of(metric: str) -> Better | None:
    """Which way a metric under `media`, `relay.<cluster>`, `connections.<group>` or `webrtc.<group>` is better."""
    of, _, rest = metric.partition(".")
    name = rest if of == "media" else rest.partition(".")[2]
    for better, table in (("lower", LOWER), ("higher", HIGHER)):
        if any(f"{name}.".startswith(f"{each}.") for each in table.get(of, ())):
            return "lower" if better == "lower" else "higher"
    return None


def better_by(comparison: Comparison) -> Better | None:
    """Which way a metric is better of which a scenario expects this: `<` says that lower is."""
    return {"<": "lower", "<=": "lower", ">": "higher", ">=": "higher"}.get(comparison)  # type: ignore[return-value]


def directed_metrics(summary: Summary) -> Mapping[str, Better]:
    """Every metric of a run that has a better way, with it, those first that `HEADLINES` has; of the metrics in the
    scenario's expectations, the expectation says it if nothing else does."""
    return dict(_directed(summary))


def _directed(summary: Summary) -> Iterator[tuple[str, Better]]:
    clusters = (*summary.relay, *summary.programs)
    named = NamedParts(clusters, tuple(summary.connections), tuple(summary.webrtc))
    every = {**metric_names(named), **program_metric_names(summary.programs)}
    for metric in (*HEADLINES, *(each for each in every if each not in HEADLINES)):
        if (better := better_of(metric)) is not None:
            yield metric, better
    for row in summary.expectations:
        if row.metric not in every and (better := better_by(row.comparison)) is not None:
            yield row.metric, better
