"""Sweep files of one-blip, and an executor that judges without playing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from sweep_results import values

from results.verdict.summary import Verdict
from scenarios.language.library import LIBRARY
from scenarios.sweeps.execution import Ended, Lost, Played
from scenarios.sweeps.jobs import Job
from scenarios.sweeps.loading import Sweep, load_sweep

ONE_BLIP = LIBRARY / "one-blip.yaml"
HEAD = f"name: sizes\nscenario: {ONE_BLIP}\n"
COUNTS = "axes:\n  - {set: sessions.0.count, values: [10, 20, 60], name: count}\n"

BILLION = """\
axes:
  - {set: events.0.for, from: 1ms, to: 1s, steps: 1000}
  - {set: controller.hold, from: 1ms, to: 1s, steps: 1000}
repeats: 1000
"""

Judge = Callable[[Job, int], Verdict | None]
"""The verdict of a job in its n-th run, from 0; None: it is lost."""


def sweep_of(folder: Path, text: str) -> Sweep:
    path = folder / "sweep.yaml"
    path.write_text(HEAD + text)
    return load_sweep(path)


def jobs_of(sweep: Sweep) -> list[Job]:
    jobs = [each for each in sweep.maker.jobs() if isinstance(each, Job)]
    assert len(jobs) == len({each.key for each in jobs})
    return jobs


class Judged:
    """Machines that end jobs in the order in which they got them. `machines`: their names, each of which takes one."""

    def __init__(self, judge: Judge, machines: tuple[str, ...] = ("a",)) -> None:
        self._judge = judge
        self._machines = machines
        self._runs: dict[str, int] = {}
        self._waiting: list[tuple[Job, str]] = []
        self.played: list[tuple[str, str]] = []
        self.stopped = 0
        self.most = 0

    @property
    def in_flight(self) -> int:
        return len(self._machines)

    def submit(self, job: Job, avoid: Collection[str]) -> None:
        others = [each for each in self._machines if each not in avoid]
        self._waiting.append((job, (others or self._machines)[0]))
        self.most = max(self.most, len(self._waiting))

    def next_ended(self) -> Ended:
        job, machine = self._waiting.pop(0)
        number = self._runs[job.key] = self._runs.get(job.key, -1) + 1
        self.played.append((job.key, machine))
        verdict = self._judge(job, number)
        return (
            Lost(job.key, machine, "it was lost") if verdict is None else Played(job.key, machine, values(verdict), 1.0)
        )

    def stop(self) -> None:
        self.stopped += 1
