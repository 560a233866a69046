"""The supervisor of a run: what it allows, what it says of a run that hangs, and what it leaves."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hostio.stacks import members
from hostio.timing import wait_until
from results.run_files.documents import Event, dump_line
from results.run_files.events import Begun, MediaStart
from results.run_files.run_dir import RunDir
from scenarios.run.limits import Allowances
from scenarios.run.supervisor import Supervisor
from topologies.sandbox import Sandbox

pytestmark = pytest.mark.waits

PROJECT = Path(__file__).resolve().parents[2]
LONG = 1000.0
QUICK = 0.1


class Mischief:
    """A watcher that acts once, as soon as the events have a word; `then`: what it does at the next look."""

    def __init__(
        self,
        run: RunDir,
        word: str = "",
        act: Callable[[], object] = lambda: None,
        then: Callable[[], object] = lambda: None,
    ) -> None:
        self._run, self._word = run, word
        self._acts = [act, then]
        self.told_to_stop = False

    def look(self) -> None:
        if self._acts and self._run.events.exists() and self._word in self._run.events.read_text():
            self._acts.pop(0)()

    def stopping(self) -> None:
        self.told_to_stop = True


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    run = RunDir(tmp_path / "run")
    run.log("x").parent.mkdir(parents=True)
    return run


@contextmanager
def started(argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, cwd=PROJECT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()


def allowed(set_up: float = LONG, media: float = LONG, collection: float = LONG, stopping: float = QUICK) -> Allowances:
    return Allowances(set_up, media, collection, saving_s=20, stopping_s=stopping)


WRITTEN: dict[str, list[Event]] = {
    "set-up": [Begun("set-up", "warming the relays", 1)],
    "media": [Begun("set-up", "warming the relays", 1), MediaStart(2)],
    "collection": [MediaStart(2), Begun("collection", "stopping the controller", 3)],
}
STEPS = {"set-up": "warming the relays", "media": "playing the timeline", "collection": "stopping the controller"}


@pytest.mark.parametrize("stage", WRITTEN)
def test_a_stage_that_exceeds_its_allowance_is_named_with_its_step(run: RunDir, stage: str) -> None:
    run.events.write_text("".join(map(dump_line, WRITTEN[stage])))
    allowances = {each: QUICK if each == stage else LONG for each in ("set-up", "media", "collection")}
    with started(["sleep", "1000"]) as process:
        limits = allowed(allowances["set-up"], allowances["media"], allowances["collection"])
        supervisor = Supervisor(process, run, limits)
        why = supervisor.wait(Mischief(run))
        assert process.poll() is not None
    assert re.fullmatch(
        rf"its {stage} was not done within 0.1 s, and hung for \d+ s in: {STEPS[stage]}; "
        r"logs/hung.log says what every process waited for",
        why or "",
    )
    assert not supervisor.interrupted


def test_a_run_that_ends_in_time_is_left_alone(run: RunDir) -> None:
    with started(["true"]) as process:
        assert Supervisor(process, run, allowed()).wait(Mischief(run)) is None
    assert not run.hung.exists()


def test_time_in_which_the_supervisor_itself_did_not_run_is_not_the_runs(run: RunDir) -> None:
    """As when the whole machine was paused: 100 s pass from one look to the next."""
    run.events.write_text(dump_line(MediaStart(2)))
    ticks = itertools.count(0, 100)
    with started(["sleep", "1000"]) as process:
        supervisor = Supervisor(process, run, allowed(media=99), clock=lambda: float(next(ticks)))
        assert supervisor.wait(Mischief(run, then=process.kill)) is None
    assert next(ticks) > 99


def test_a_run_whose_directory_is_removed_is_ended(run: RunDir) -> None:
    run.events.write_text(dump_line(MediaStart(2)))
    with started(["sleep", "1000"]) as process:
        supervisor = Supervisor(process, run, allowed())
        assert supervisor.wait(Mischief(run, act=lambda: shutil.rmtree(run.root))) == (
            f"{run.root} was removed while it lasted"
        )
        assert process.poll() is not None
    assert not run.root.exists()


def test_a_watcher_that_cannot_read_does_not_end_the_run(run: RunDir) -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    run.events.write_text(dump_line(MediaStart(2)))
    with started(["sleep", "1000"]) as process:
        assert Supervisor(process, run, allowed()).wait(Mischief(run, act=fail, then=process.kill)) is None


def test_a_watcher_whom_nobody_reads_any_more_is_heard(run: RunDir) -> None:
    """As when the output of the command is piped to one that has ended: the command is to end."""

    def fail() -> None:
        raise BrokenPipeError

    run.events.write_text(dump_line(MediaStart(2)))
    with started(["sleep", "1000"]) as process, pytest.raises(BrokenPipeError):
        Supervisor(process, run, allowed()).wait(Mischief(run, act=fail))


def test_events_that_cannot_be_parsed_do_not_end_the_run(run: RunDir) -> None:
    run.events.write_text("{broken\n")
    with started(["sleep", "1000"]) as process:
        assert Supervisor(process, run, allowed()).wait(Mischief(run, then=process.kill)) is None


def test_an_interrupt_of_a_run_that_does_not_stop_ends_it_and_says_where_it_was(run: RunDir) -> None:
    run.events.write_text("".join(map(dump_line, WRITTEN["media"])))
    watcher = Mischief(run, act=lambda: signal.raise_signal(signal.SIGINT))
    with started(["sleep", "1000"]) as process:
        supervisor = Supervisor(process, run, allowed())
        why = supervisor.wait(watcher) or ""
        assert process.poll() is not None
    assert why.startswith("it did not stop within 0.1 s of the interrupt, and hung for ")
    assert supervisor.interrupted
    assert watcher.told_to_stop


def in_sandbox(run: RunDir, how: str) -> list[str]:
    script = "import sys; sys.path.insert(0, 'tests/scenarios'); import hanging_run as h; h.main(*sys.argv[1:])"
    return Sandbox("root").command([sys.executable, "-c", script, str(run.root), how])


@pytest.mark.root
@pytest.mark.parametrize("how", ["in a system call", "deaf to signals", "but stops when asked"])
def test_a_run_that_hangs_is_ended_and_what_its_processes_held_is_kept(run: RunDir, how: str) -> None:
    """The keeper of the records is stopped in order although the run's first process cannot do it."""
    found: list[int] = []
    with started(in_sandbox(run, how)) as process:
        supervisor = Supervisor(process, run, allowed(collection=0.3, stopping=0.3))
        why = supervisor.wait(Mischief(run, "machine.json", lambda: found.extend(members(process.pid))))
    assert "in: writing machine.json; logs/hung.log says" in (why or "")
    if how != "but stops when asked":
        assert (run.root / "records").read_text() == "kept"
    assert len(found) > 2
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in found), 30), "something outlived the run"
    threads = run.hung.read_text()
    assert "keeper" in threads
    assert "S (sleeping)" in threads
    assert "in receive" in run.log("keeper").read_text(), "the Python stacks of a process that waits"


@pytest.mark.root
def test_a_second_interrupt_ends_a_run_at_once(run: RunDir) -> None:
    class Impatient(Mischief):
        def stopping(self) -> None:
            threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

    with started(in_sandbox(run, "in a system call")) as process:
        watcher = Impatient(run, "machine.json", lambda: signal.raise_signal(signal.SIGINT))
        supervisor = Supervisor(process, run, allowed(stopping=LONG))
        assert supervisor.wait(watcher) == "it was interrupted again while it stopped"
        assert process.poll() is not None
