"""How far a sweep is, and how long the rest will take, in words. Pure: times are arguments."""

from __future__ import annotations

from results.run_files.plan import Plan
from results.sweeps.result import SweepResult
from scenarios.sweeps.loop import News

MINUTE_S, HOUR_S, DAY_S, YEAR_S = 60.0, 3600.0, 86_400.0, 31_557_600.0

_AROUND_S = 10.0
"""What set-up, collection and report of a run take about, beside its media."""


def seconds_of(plan: Plan) -> float:
    """How long a run takes, about, before one was played."""
    return plan.duration_ns / 1e9 + _AROUND_S


def length(seconds: float) -> str:
    """A length of time, roughly."""
    for unit, size in (("years", YEAR_S), ("days", DAY_S), ("h", HOUR_S), ("min", MINUTE_S)):
        if seconds >= 2 * size:
            return f"{round(seconds / size):,} {unit}".replace(",", " ")
    return f"{max(1, round(seconds))} s"


def count(number: int) -> str:
    """A number with its digits in groups of three."""
    return f"{number:,}".replace(",", " ")


class Progress:
    """Says a line for each run that is done with. `total`: how many there are, at most where not `exact`."""

    def __init__(self, total: int, *, exact: bool, began_s: float) -> None:
        self._total = total
        self._exact = exact
        self._began_s = began_s
        self._there = 0
        self._done = 0

    def line(self, news: News, now_s: float) -> str | None:
        """The line of a run that is done with at a time, or None for one that had been played before."""
        self._done += 1
        if not news.new:
            self._there += 1
            return None if news.result else f"no scenario: {news.why}"
        played = self._done - self._there
        left_s = (now_s - self._began_s) / played * (self._total - self._done)
        most = "" if self._exact else "at most "
        rest = f"about {most}{length(left_s)} left" if self._done < self._total else "the last one"
        return f"{count(self._done)} of {most}{count(self._total)}  {_said(news)}  {news.label}  {rest}"


def _said(news: News) -> str:
    if news.result is None:
        return f"lost ({news.why})"
    return f"{news.result.verdict}{_after(news.result)}"


def _after(result: SweepResult) -> str:
    return f" after {result.attempts} runs" if result.attempts > 1 else ""
