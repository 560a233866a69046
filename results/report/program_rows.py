"""Relays that are programs, as rows for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from results.metrics.system_figures import ProcessFigures
from results.verdict.summary import Summary
from results.verdict.value_text import number_text

PROCESS_COLUMNS = ("relay program", "kind", "processor", "busiest s", "memory", "threads", "descriptors", "drops")


def process_rows(summary: Summary) -> list[tuple[str, ...]]:
    """A row per relay that is a program, of what its processes used, under `PROCESS_COLUMNS`."""
    return [
        (cluster, figures.title, *_cells(figures.process))
        for cluster, figures in summary.programs.items()
        if figures.process
    ]


APP_COLUMNS = ("relay program", "what it tells", "value")
_MOST_VALUES = 12


def app_rows(summary: Summary) -> list[tuple[str, ...]]:
    """A row per value that a program tells of itself, under `APP_COLUMNS`; beyond the twelfth of each as one row."""
    return [row for cluster, figures in summary.programs.items() for row in _values(cluster, figures.app)]


def _values(cluster: str, app: Mapping[str, float]) -> Iterator[tuple[str, ...]]:
    for name, value in islice(app.items(), _MOST_VALUES):
        yield cluster, name, number_text(value)
    if len(app) > _MOST_VALUES:
        yield cluster, f"{len(app) - _MOST_VALUES} others, see summary.json", ""


def _cells(process: ProcessFigures) -> Iterator[str]:
    yield f"{process.cpu_ms / 1e3:.2f} s"
    yield f"{process.cpu_most_percent:.0f} %"
    yield f"{process.memory_most_mib:.1f} MiB"
    yield str(process.threads_most)
    yield str(process.descriptors_most)
    yield str(sum(process.udp_drops.values()))
