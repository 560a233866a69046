"""What goes to a worker and comes back: a run to play, and how it ended, as JSON. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

from results.comparison.values import RunValues
from results.run_files.documents import dump_line, load
from results.run_files.plan import Plan


@dataclass(frozen=True, slots=True)
class Order:
    """A run to play. `sweep`: who wants it, for the mark by which it is cancelled; `code`, `kinds`: versions with
    which it is to be played, of the kinds by folder."""

    key: str
    sweep: str
    code: str
    kinds: dict[str, str]
    plan: Plan

    def text(self) -> str:
        """As JSON."""
        return dump_line(self)

    @classmethod
    def read(cls, text: str) -> Order:
        """DocumentError."""
        return load(cls, text, "an order")


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended on a machine. `values`: None if it has none, as `why` says; `usable`: False if the machine cannot
    play this run, so that another one has to; `page`: the run's report, empty if there is none."""

    key: str
    machine: str
    seconds: float
    values: RunValues | None
    why: str = ""
    usable: bool = True
    page: str = ""

    def text(self) -> str:
        """As JSON."""
        return dump_line(self)

    @classmethod
    def read(cls, text: str) -> Report:
        """DocumentError."""
        return load(cls, text, "a report")
