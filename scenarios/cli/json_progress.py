"""The progress of runs as JSON lines on standard error, for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic_ns
from typing import Literal, TypeAlias

from hostio.files import Tail
from hostio.timing import S
from results.run_files.documents import dump_line, load_decisions, load_events
from results.run_files.events import MediaStart, Phase
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.watch.entries import Record, Teller


@dataclass(frozen=True, slots=True)
class Began:
    """A run begins."""

    scenario: str
    seed: int
    duration_s: float
    run: str
    """Its directory."""
    kind: Literal["run"] = "run"


@dataclass(frozen=True, slots=True)
class Step:
    """Set-up, or the end, has come to a step; the last one is `ended`, after the analysis."""

    step: str
    kind: Literal["step"] = "step"


@dataclass(frozen=True, slots=True)
class Told:
    """Something happened in the run. `at_s`: after the media start; null: before. `what`: of which kind it was."""

    at_s: float | None
    what: str
    text: str
    kind: Literal["event"] = "event"


@dataclass(frozen=True, slots=True)
class Clock:
    """The media play, once a second."""

    at_s: float
    of_s: float
    kind: Literal["clock"] = "clock"


ProgressLine: TypeAlias = Began | Step | Told | Clock
"""A line of progress."""


class JsonProgress:
    """Turns new records of a run into lines of progress; a watcher of a run."""

    def __init__(self, plan: Plan, run: RunDir) -> None:
        self._plan = plan
        self._run = run
        self._events, self._decisions = Tail(run.events), Tail(run.decisions)
        self._teller = Teller(plan)
        self._media_start_ns: int | None = None
        self._second = -1

    def opening(self) -> Began:
        """The first line."""
        return Began(self._plan.scenario, self._plan.seed, self._plan.duration_ns / S, str(self._run.root))

    def news(self, now_ns: int) -> Iterator[ProgressLine]:
        """What is new since the last call."""
        events, decisions = self._events.new_lines(), self._decisions.new_lines()
        records: list[Record] = [*(load_events(events, "events.jsonl").records if events else ())]
        records += load_decisions(decisions, "controller.jsonl").records if decisions else ()
        yield from filter(None, map(self._line, records))
        yield from self._clock(now_ns)

    def _clock(self, now_ns: int) -> Iterator[Clock]:
        if self._media_start_ns is None:
            return
        at_s, of_s = (now_ns - self._media_start_ns) / S, self._plan.duration_ns / S
        if 0 <= at_s <= of_s and int(at_s) > self._second:
            self._second = int(at_s)
            yield Clock(round(at_s, 3), of_s)

    def _line(self, record: Record) -> ProgressLine | None:
        if isinstance(record, MediaStart):
            self._media_start_ns = record.at_ns
        if isinstance(record, Phase):
            return Step(record.name)
        entry = self._teller.tell(record)
        if entry is None:
            return None
        start_ns = self._media_start_ns
        at_s = None if start_ns is None else round((entry.at_ns - start_ns) / S, 3)
        return Told(at_s, entry.kind, f"{entry.text} ({entry.aside})" if entry.aside else entry.text)

    def look(self) -> None:
        """Print what is new."""
        for line in self.news(monotonic_ns()):
            _print(line)

    def analysing(self, step: str, share: float) -> None:  # noqa: ARG002 - of all watchers
        """Print that the analysis has come to a step."""
        _print(Step(f"analysing: {step}"))

    def stopping(self) -> None:
        """Print that the run was interrupted and is ending."""
        _print(Step("interrupted"))


@contextmanager
def following_in_json(plan: Plan, run: RunDir) -> Iterator[JsonProgress]:
    """Print a run's progress inside the block."""
    progress = JsonProgress(plan, run)
    _print(progress.opening())
    yield progress
    progress.look()
    _print(Step("ended"))


def _print(line: ProgressLine) -> None:
    sys.stderr.write(dump_line(line))
    sys.stderr.flush()
