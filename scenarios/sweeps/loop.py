"""The loop of a sweep: looks first whether a result is there, hands out what is not, keeps what comes back."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from results.sweeps.result import SweepResult
from scenarios.errors import ScenarioError
from scenarios.sweeps.execution import Ended, Executor, Lost, Played
from scenarios.sweeps.jobs import Job
from scenarios.sweeps.store import Store


@dataclass(slots=True)
class _Open:
    """A job that has no result yet. `tried`: the machines that played it; `seconds`: what it has taken."""

    job: Job
    tried: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class News:
    """A job that is done with. `result`: None, where it was lost or makes no scenario, as `why` says."""

    label: str
    result: SweepResult | None
    why: str
    new: bool


class Loop:
    """Plays jobs until each has its result. `attempts`: runs of one job at most, if they are inconclusive or lost.

    `tell` is called with each job that is done with, in the order in which they are.
    """

    def __init__(self, store: Store, executor: Executor, attempts: int, tell: Callable[[News], None]) -> None:
        self._store = store
        self._executor = executor
        self._attempts = attempts
        self._tell = tell
        self._again: deque[_Open] = deque()
        self._open: dict[str, _Open] = {}

    def run(self, jobs: Iterable[Job | ScenarioError]) -> Counter[str]:
        """Play all; how many have each verdict, those that were there among them, and how many are `lost`."""
        counted: Counter[str] = Counter()
        fresh = self._missing(jobs, counted)
        try:
            while True:
                self._hand_out(fresh)
                if not self._open:
                    return counted
                self._take_in(self._executor.next_ended(), counted)
        finally:
            self._executor.stop()

    def _missing(self, jobs: Iterable[Job | ScenarioError], counted: Counter[str]) -> Iterator[_Open]:
        """The jobs without a result; tells of the others."""
        for job in jobs:
            if isinstance(job, ScenarioError):
                counted["lost"] += 1
                self._tell(News(job.file, None, job.problem, new=False))
            elif job.key in self._open or any(each.job.key == job.key for each in self._again):
                continue  # a relay kind may be there by its name and by its folder
            elif (found := self._store.find(job.key)) is not None:
                counted[found.verdict] += 1
                self._tell(News(job.label, found, "", new=False))
            else:
                yield _Open(job)

    def _hand_out(self, fresh: Iterator[_Open]) -> None:
        while len(self._open) < self._executor.in_flight:
            one = self._again.popleft() if self._again else next(fresh, None)
            if one is None:
                return
            self._open[one.job.key] = one
            self._executor.submit(one.job, one.tried)

    def _take_in(self, ended: Ended, counted: Counter[str]) -> None:
        one = self._open.pop(ended.key)
        one.tried.append(ended.machine)
        if isinstance(ended, Played):
            one.seconds += ended.seconds
        decided = isinstance(ended, Played) and ended.values.verdict != "inconclusive"
        if not decided and len(one.tried) < self._attempts:
            self._again.append(one)
            return
        if isinstance(ended, Lost):
            counted["lost"] += 1
            self._tell(News(one.job.label, None, ended.why, new=True))
            return
        if ended.page:
            self._store.keep_page(ended.key, ended.page)
        result = _result(one, ended)
        self._store.commit(result)
        counted[result.verdict] += 1
        self._tell(News(one.job.label, result, "", new=True))


def _result(one: _Open, ended: Played) -> SweepResult:
    point = dict(one.job.point)
    return SweepResult(
        one.job.key, point, one.job.repeat, len(one.tried), ended.machine, round(one.seconds, 3), ended.values
    )
