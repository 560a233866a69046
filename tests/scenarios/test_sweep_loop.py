"""Every job gets its result, once, whatever happens meanwhile."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
from sweep_lab import COUNTS, Judged, jobs_of, sweep_of
from sweep_results import result

from results.run_files.document_error import DocumentError
from results.verdict.summary import Verdict
from scenarios.errors import MachineError, ScenarioError
from scenarios.sweeps.execution import Ended
from scenarios.sweeps.jobs import Job
from scenarios.sweeps.loop import Loop, News
from scenarios.sweeps.progress import Progress, length
from scenarios.sweeps.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "store")
    found.begin("name: sizes\n")
    return found


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    return jobs_of(sweep_of(tmp_path, COUNTS))


def played(store: Store, executor: Judged, jobs: list[Job], attempts: int = 3) -> tuple[Counter[str], list[News]]:
    told: list[News] = []
    return Loop(store, executor, attempts, told.append).run(jobs), told


def test_each_result_is_kept_and_not_played_again(store: Store, jobs: list[Job]) -> None:
    first = Judged(lambda job, _: "fail" if job.point["count"] == 60 else "pass")
    assert played(store, first, jobs)[0] == {"pass": 2, "fail": 1}
    assert {each.point["count"]: each.verdict for each in store.results()} == {10: "pass", 20: "pass", 60: "fail"}
    again = Judged(lambda _, __: "pass")
    counted, told = played(store, again, jobs)
    assert (counted, again.played) == ({"pass": 2, "fail": 1}, [])
    assert [each.new for each in told] == [False] * 3


def test_the_report_of_a_run_is_found_wherever_it_was_played(store: Store) -> None:
    here, there, without = (result({"count": count}, "fail", key=f"k{count}") for count in (1, 2, 3))
    (store.root / here.played.run).mkdir(parents=True)
    (store.root / here.played.run / "report.html").write_text("here")
    there = replace(there, played=replace(there.played, run="/on/another/machine"))
    store.keep_page(there.key, "there")
    found = [store.page_of(each) for each in (here, there, without)]
    assert found == ["runs/k1/report.html", "pages/k2.html", None]
    assert (store.root / "pages" / "k2.html").read_text() == "there"


def test_no_more_are_handed_out_than_the_executor_takes(store: Store, jobs: list[Job]) -> None:
    executor = Judged(lambda _, __: "pass", machines=("a", "b"))
    played(store, executor, jobs)
    assert executor.most == 2
    assert len(executor.played) == 3


def test_an_inconclusive_run_goes_to_another_machine_so_often_at_most(store: Store, jobs: list[Job]) -> None:
    executor = Judged(lambda _, __: "inconclusive", machines=("a", "b"))
    counted, told = played(store, executor, jobs[:1], attempts=3)
    assert counted == {"inconclusive": 1}
    assert [machine for _, machine in executor.played] == ["a", "b", "a"]
    (kept,) = store.results()
    assert (kept.attempts, kept.seconds, kept.machine) == (3, 3.0, "a")
    assert [each.new for each in told] == [True]


def test_the_first_run_that_is_decided_counts(store: Store, jobs: list[Job]) -> None:
    verdicts: tuple[Verdict | None, ...] = ("inconclusive", None, "fail", "pass")
    executor = Judged(lambda _, number: verdicts[number])
    assert played(store, executor, jobs[:1], attempts=4)[0] == {"fail": 1}


def test_a_lost_run_has_no_result_and_is_told(store: Store, jobs: list[Job]) -> None:
    counted, told = played(store, Judged(lambda _, __: None), jobs[:1], attempts=2)
    assert (counted, store.count()) == ({"lost": 1}, 0)
    assert [(each.result, each.why) for each in told] == [(None, "it was lost")]


def test_what_makes_no_scenario_is_told_and_the_others_are_played(store: Store, jobs: list[Job]) -> None:
    told: list[News] = []
    wrong = ScenarioError("--set x=1", "it is wrong", None)
    counted = Loop(store, Judged(lambda _, __: "pass"), 1, told.append).run([wrong, *jobs])
    assert counted == {"lost": 1, "pass": 3}
    assert told[0].why == "--set x=1: it is wrong"


class Interrupted(Judged):
    """Ends two jobs, and is then interrupted."""

    def next_ended(self) -> Ended:
        if len(self.played) == 2:
            raise KeyboardInterrupt
        return super().next_ended()


def test_an_interrupt_stops_what_is_played_and_keeps_what_is_done(store: Store, jobs: list[Job]) -> None:
    executor = Interrupted(lambda _, __: "pass")
    with pytest.raises(KeyboardInterrupt):
        played(store, executor, jobs)
    assert (executor.stopped, store.count()) == (1, 2)
    rest = Judged(lambda _, __: "pass")
    assert played(store, rest, jobs)[0] == {"pass": 3}
    assert [key for key, _ in rest.played] == [jobs[2].key]


class Broken(Judged):
    """A machine that cannot play."""

    def submit(self, job: Job, avoid: Collection[str]) -> None:  # noqa: ARG002
        raise MachineError("no room")


def test_a_machine_that_cannot_play_ends_the_sweep(store: Store, jobs: list[Job]) -> None:
    executor = Broken(lambda _, __: "pass")
    with pytest.raises(MachineError, match="no room"):
        played(store, executor, jobs)
    assert executor.stopped == 1


def test_a_result_is_committed_once(store: Store) -> None:
    assert store.commit(result({"count": 1}, "pass", key="k"))
    assert not store.commit(result({"count": 1}, "fail", key="k"))
    found = store.find("k")
    assert found is not None
    assert found.verdict == "pass"
    assert [path.name for path in (store.root / "done").iterdir()] == ["k.json"]


def test_a_draft_of_a_result_is_none(store: Store) -> None:
    """As a kill between writing and linking leaves it."""
    (store.root / "done" / ".k.1.draft").write_text("{")
    assert (store.count(), store.find("k")) == (0, None)


def test_a_result_that_cannot_be_read_is_named(store: Store) -> None:
    store.commit(result({"count": 1}, "pass", key="k"))
    path = store.root / "done" / "k.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 9}))
    with pytest.raises(DocumentError, match=r"k\.json: format 9 is of another version"):
        store.find("k")
    path.write_text("{")
    with pytest.raises(DocumentError, match=r"k\.json: .*; remove the file, and the run is played again"):
        [*store.results()]


def test_the_time_left_is_that_of_runs_like_those_that_were_played() -> None:
    progress = Progress(5, exact=True, began_s=100.0)
    done, there = result({"count": 1}, "pass"), result({"count": 2}, "fail")
    assert progress.line(News("count=1", there, "", new=False), 100.0) is None
    line = progress.line(News("count=2", done, "", new=True), 160.0)
    assert line == "2 of 5  pass  count=2  about 3 min left"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (119, "119 s"), (7199, "120 min"), (4e5, "5 days"), (3.2e10, "1 014 years")]
)
def test_lengths_of_time_are_rough(seconds: float, text: str) -> None:
    assert length(seconds) == text
