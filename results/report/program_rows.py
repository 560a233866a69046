"""Relays that are programs, as rows for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from results.metrics.system_figures import ProcessFigures
from results.verdict.summary import Summary

PROCESS_COLUMNS = ("relay program", "kind", "processor", "busiest s", "memory", "threads", "descriptors", "drops")


def process_rows(summary: Summary) -> list[tuple[str, ...]]:
    """A row per relay that is a program, of what its processes used, under `PROCESS_COLUMNS`."""
    return [
        (cluster, figures.kind, *_cells(figures.process))
        for cluster, figures in summary.programs.items()
        if figures.process
    ]


def _cells(process: ProcessFigures) -> Iterator[str]:
    yield f"{process.cpu_ms / 1e3:.2f} s"
    yield f"{process.cpu_most_percent:.0f} %"
    yield f"{process.memory_most_mib:.1f} MiB"
    yield str(process.threads_most)
    yield str(process.descriptors_most)
    yield str(sum(process.udp_drops.values()))
