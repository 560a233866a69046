"""Whole runs with faults on processes: when each was applied, and how long listeners heard nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from every import every
from run_lab import Run, attempted
from run_record import RunRecord

PACKET_MS = 20.0
SLACK_MS = 15.0
"""For a process to wake, and for the switches on the way."""

READ_MS = 1.0
"""By which a packet may come later than the next one, for the same reasons."""


class Ran(Run):
    """A run of this file, and what it recorded of faults and silences."""

    def edges(self, fault: int) -> list[dict[str, Any]]:
        return [each for each in self.lines("events.jsonl") if each["kind"] == "fault" and each["fault"] == fault]

    def start_ns(self) -> int:
        return next(int(each["at_ns"]) for each in self.lines("events.jsonl") if each["kind"] == "media-start")

    def applied_ms(self, fault: int, edge: str) -> tuple[float, float]:
        """Between which times an edge of a fault was applied, ms after the start of the media."""
        (found,) = (each for each in self.edges(fault) if each["edge"] == edge)
        first_ms, last_ms = ((found[name] - self.start_ns()) / 1e6 for name in ("applied_first_ns", "applied_last_ns"))
        return first_ms, last_ms

    def lasted_ms(self, fault: int) -> tuple[float, float]:
        """At least and at most, from one edge to the other."""
        return self.between_ms((fault, "start"), (fault, "end"))

    def between_ms(self, one: tuple[int, str], other: tuple[int, str]) -> tuple[float, float]:
        """At least and at most, from one edge of a fault to one of the same or another."""
        (begun_first, begun_last), (ended_first, ended_last) = self.applied_ms(*one), self.applied_ms(*other)
        return ended_first - begun_last, ended_last - begun_first

    def silences_ms(self, around_s: float) -> list[float]:
        """The lengths of the interruptions that were going on at a time."""
        with (self.root / "interruptions.csv").open() as table:
            rows = list(csv.DictReader(table))
        return [
            float(row["length_ms"])
            for row in rows
            if float(row["started_at_s"]) <= around_s <= float(row["started_at_s"]) + float(row["length_ms"]) / 1e3
        ]

    def silent_ms_within(self, around_s: float, least_ms: float, most_ms: float) -> bool:
        """Whether each interruption that was going on at a time was so long."""
        return every(least_ms - READ_MS <= length_ms <= most_ms for length_ms in self.silences_ms(around_s))


Expected = Callable[[Ran], dict[float, tuple[float, float]]]
"""How long the interruptions that are going on at a time, s, are at least and at most, by the faults as applied, ms."""


def ran(runs: RunRecord, folder: Path, text: str, expected: Expected) -> Ran:
    """A run of a scenario of that text with the expected interruptions, if the machine lets it be."""
    file = folder / f"{text.split()[1]}.yaml"
    file.write_text(text)

    def as_expected(run: Run) -> bool:
        found = Ran(**vars(run))
        return all(found.silent_ms_within(at_s, *bounds) for at_s, bounds in expected(found).items())

    return Ran(**vars(attempted(runs, folder / "runs", file, believed=as_expected)))
