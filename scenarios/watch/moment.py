"""All that a frame is drawn from: the plan, and what is known at one time. Frozen data, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hostio.timing import S
from results.run_files.plan import Plan
from scenarios.watch.relay_figures import RelayFigures
from scenarios.watch.state import RunState

Mode = Literal["live", "replay", "over"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A run's verdict, and the reasons."""

    word: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown of a run at `now_ns` (CLOCK_MONOTONIC).

    `speed`: of a replay, how much faster than the run it is. `figures`: by cluster, of the relays that have samples.
    `verdict`: None while it is not known. `notes`: what of the run's files cannot be read.
    """

    plan: Plan
    state: RunState
    now_ns: int
    mode: Mode
    speed: float = 1.0
    figures: Mapping[str, RelayFigures] = field(default_factory=dict)
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()

    @property
    def now_s(self) -> float | None:
        """Seconds after the media start; None before it."""
        start_ns = self.state.media_start_ns
        return None if start_ns is None else (self.now_ns - start_ns) / S

    @property
    def after_start_ns(self) -> int | None:
        """The same, ns."""
        return None if self.state.media_start_ns is None else self.now_ns - self.state.media_start_ns
