"""Real small programs under supervision: ready by sd_notify(3) or a line, stopped by SIGTERM, killed at a deadline."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic_ns

import pytest

from hostio.process_handle import ProcessHandle
from hostio.timing import S, wait_until
from results.run_files.faults import Action, Freeze, Kill, Part, Process, ProcessFault
from scenarios.language.timeline import EdgeName, TimedEdge
from scenarios.process_faults.fault_target import FaultTarget
from scenarios.supervision.process_kind import AfterEnd, EndedProcessCounters
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.ready_signals import Answers, NotifySocket, OutputLine, OutputLines
from scenarios.supervision.supervised import SupervisedProcess

WITHIN_S = 20.0
LONGER_THAN_ANY_TEST_S = 3600.0
FOREVER = "signal.pause()"
NOTIFY = """\
import os, signal, socket, sys
def tell(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as endpoint:
        endpoint.sendto(text, os.environ["NOTIFY_SOCKET"])
"""
READY = f'{NOTIFY}tell(b"READY=1")\n{FOREVER}'
IGNORES_SIGTERM = f'{NOTIFY}signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntell(b"READY=1")\nwhile True: {FOREVER}'
WITH_A_CHILD = f"{NOTIFY}child = os.fork()\nif child: tell(b'READY=1\\nMAINPID=%d' % os.getpid())\n{FOREVER}"


class NotifyingKind:
    """A program of that text in every life, as a relay that is not ours would be."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.text = text
        self.lives: list[Program] = []
        self.signals: list[NotifySocket] = []
        self.collected: list[int] = []

    def start(self, life: int) -> Program:
        self.signals.append(NotifySocket(self.folder / f"notify-{life}"))
        ready = self.signals[-1]
        command = CommandLine([sys.executable, "-c", self.text], ready, environment=ready.environment)
        self.lives.append(Program("foreign", command, self.folder / "log", standing_by=life > 0))
        return self.lives[-1]

    def prepare_end(self, life: Program) -> AfterEnd:
        number = self.lives.index(life)

        def collect(ended: EndedProcessCounters) -> None:
            assert life.gone(0), "what it leaves is read once it is gone"
            self.collected.append(number)
            ended.counters["collected"] += 1

        return AfterEnd(collect, lambda: None)

    def close(self) -> None:
        for life in self.lives:
            life.signal(signal.SIGKILL)
            assert life.gone(WITHIN_S)
            life.close()
        for each in self.signals:
            each.close()


MakeKind = Callable[[str], NotifyingKind]


@pytest.fixture
def make_kind(tmp_path: Path) -> Iterator[MakeKind]:
    kinds: list[NotifyingKind] = []

    def make(text: str) -> NotifyingKind:
        folder = tmp_path / str(len(kinds))
        folder.mkdir()
        kinds.append(NotifyingKind(folder, text))
        return kinds[-1]

    yield make
    for kind in kinds:
        kind.close()


def in_seconds(seconds: float) -> int:
    return monotonic_ns() + round(seconds * S)


def test_it_is_ready_when_it_says_so_and_death_by_sigterm_is_a_clean_end(make_kind: MakeKind) -> None:
    process = SupervisedProcess(make_kind(READY))
    process.serving.await_ready(WITHIN_S)
    process.stop(WITHIN_S)
    assert process.running is None


def test_a_handler_that_exits_with_0_is_a_clean_end_and_another_exit_code_is_not(make_kind: MakeKind) -> None:
    handled = f'{NOTIFY}signal.signal(signal.SIGTERM, lambda *_: sys.exit(%d))\ntell(b"READY=1")\n{FOREVER}'
    clean, unclean = (SupervisedProcess(make_kind(handled % code)) for code in (0, 7))
    for process in (clean, unclean):
        process.serving.await_ready(WITHIN_S)
    clean.stop(WITHIN_S)
    with pytest.raises(ProcessError, match="foreign ended with exit code 7; its log is"):
        unclean.stop(WITHIN_S)


def test_other_notifications_do_not_make_it_ready(make_kind: MakeKind) -> None:
    kind = make_kind(f'{NOTIFY}tell(b"STATUS=not READY=1 yet")\ntell(b"READY=10\\nX=1")\nsys.exit(3)')
    process = SupervisedProcess(kind)
    with pytest.raises(ProcessError, match="foreign ended before it was ready; its log is"):
        process.serving.await_ready(LONGER_THAN_ANY_TEST_S)


def test_it_is_ready_by_one_assignment_of_many(make_kind: MakeKind) -> None:
    kind = make_kind(f'{NOTIFY}tell(b"STATUS=binding")\ntell(b"STATUS=serving\\nREADY=1")\n{FOREVER}')
    SupervisedProcess(kind).serving.await_ready(WITHIN_S)


def test_one_that_does_not_get_ready_in_time_is_named(make_kind: MakeKind) -> None:
    process = SupervisedProcess(make_kind(f"import signal\n{FOREVER}"))
    with pytest.raises(ProcessError, match=r"foreign is not ready after 0\.1 s \(.*READY=1.*\); its log is"):
        process.serving.await_ready(0.1)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    command = CommandLine([str(tmp_path / "missing")], Answers(lambda: True))
    with pytest.raises(ProcessError, match=r"foreign cannot be started: .*missing"):
        Program("foreign", command, tmp_path / "log")


def test_one_that_ignores_sigterm_is_killed_at_its_deadline_and_that_is_counted(make_kind: MakeKind) -> None:
    kind = make_kind(IGNORES_SIGTERM)
    process = SupervisedProcess(kind, ends=1)
    process.serving.await_ready(WITHIN_S)
    edge = process.prepare_stop(in_seconds(0.2))
    edge.apply()
    assert edge.verify()
    assert process.ended_counters.counters == {"killed": 1, "collected": 1}


def test_one_that_ends_in_order_is_not_counted_as_killed(make_kind: MakeKind) -> None:
    process = SupervisedProcess(make_kind(READY), ends=1)
    process.serving.await_ready(WITHIN_S)
    edge = process.prepare_stop(in_seconds(WITHIN_S))
    edge.apply()
    assert edge.verify()
    assert process.ended_counters.counters == {"collected": 1}


def test_a_kill_ends_what_it_started_as_well(make_kind: MakeKind) -> None:
    process = SupervisedProcess(make_kind(WITH_A_CHILD), ends=1)
    process.serving.await_ready(WITHIN_S)
    (child,) = children(process.serving.pid)
    edge = process.prepare_kill()
    edge.apply()
    assert edge.verify()
    assert not child.states() - {"Z", "X"}
    child.close()


def test_a_child_that_outlives_sigterm_is_killed_with_its_group(make_kind: MakeKind) -> None:
    stubborn = f"{NOTIFY}if not os.fork(): signal.signal(signal.SIGTERM, signal.SIG_IGN); tell(b'READY=1')\n{FOREVER}"
    process = SupervisedProcess(make_kind(stubborn), ends=1)
    process.serving.await_ready(WITHIN_S)
    edge = process.prepare_stop(in_seconds(0.2))
    edge.apply()
    assert edge.verify()
    assert process.ended_counters.counters["killed"] == 1


def test_a_freeze_stops_all_of_it_and_release_undoes_it(make_kind: MakeKind) -> None:
    process = SupervisedProcess(make_kind(WITH_A_CHILD))
    process.serving.await_ready(WITHIN_S)
    (child,) = children(process.serving.pid)
    frozen = process.prepare_freeze(frozen=True)
    frozen.apply()
    assert frozen.verify()
    assert child.states() == {"T"}
    process.release()
    assert wait_until(lambda: "T" not in process.serving.states() | child.states(), WITHIN_S)
    child.close()


def test_a_successor_that_cannot_stand_by_starts_when_it_takes_over(make_kind: MakeKind) -> None:
    kind = make_kind(READY)
    process = SupervisedProcess(kind, ends=1)
    served: list[Program] = []
    process.serving.await_ready(WITHIN_S)
    process.do_in_each_life(served.append)
    process.prepare_successor()
    assert len(kind.lives) == 2
    assert not kind.lives[1].intact(), "it could hold what the first has open"
    killed = process.prepare_kill()
    killed.apply()
    assert killed.verify()
    succeeded = process.prepare_succession()
    succeeded.apply()
    assert succeeded.verify()
    assert process.serving is kind.lives[1]
    assert process.lives == 2
    assert served == kind.lives
    assert kind.collected == [0]
    process.stop(WITHIN_S)


def test_one_that_ended_by_itself_is_not_put_down_to_the_fault(make_kind: MakeKind) -> None:
    process = SupervisedProcess(make_kind(READY), ends=1)
    process.serving.await_ready(WITHIN_S)
    edge = process.prepare_kill()
    process.serving.signal(signal.SIGTERM)
    assert process.serving.gone(WITHIN_S)
    with pytest.raises(ProcessError, match="foreign had ended before the fault"):
        edge.apply()
    with pytest.raises(ProcessError, match="foreign has ended"):
        process.prepare_stop(in_seconds(1))


def test_lines_that_come_together_are_told_apart_and_input_starts_and_ends_it(tmp_path: Path) -> None:
    """As the controller does: two lines in one write, stands by, begins on input, ends with its input."""
    text = (
        "import sys\nsys.stdout.write('a\\nstanding by\\n'); sys.stdout.flush()\ninput(); print('ready', flush=True)\n"
    )
    lines = OutputLines()
    command = CommandLine(
        [sys.executable, "-c", text + "sys.stdin.read()"],
        ready=OutputLine("ready", lines, "ready"),
        standing_by=OutputLine("standing by", lines, "standing by"),
        output=lines,
        stops_at_end_of_input=True,
    )
    program = Program("lines", command, tmp_path / "log", standing_by=True)
    program.await_signal(OutputLine("a", lines, "a"), WITHIN_S)
    program.await_standing_by(WITHIN_S)
    program.take_over()
    assert program.intact()
    program.ask_to_stop()
    assert program.final_report(WITHIN_S) is None
    assert not program.intact()
    program.close()


def children(pid: int) -> list[ProcessHandle]:
    return [ProcessHandle(int(child)) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("part", ["both", "server", "adapter"])
def test_a_part_of_a_relay_is_struck_alone_and_the_other_is_left_as_it_is(make_kind: MakeKind, part: Part) -> None:
    kinds = {"server": make_kind(READY), "adapter": make_kind(READY)}
    processes = {name: SupervisedProcess(kind, ends=1) for name, kind in kinds.items()}
    for process in processes.values():
        process.serving.await_ready(WITHIN_S)
    target = FaultTarget(processes["adapter"], server=processes["server"])
    struck = {*kinds} if part == "both" else {part}

    def play(action: Action, edge: EdgeName) -> None:
        fault = ProcessFault("a word", 0, S, Process("relay", "here"), action, part)
        prepared = target.prepare(fault, TimedEdge(0, 0, edge), in_seconds(WITHIN_S))
        prepared.apply()
        assert prepared.verify()

    play(Freeze(), "start")
    assert {name for name, process in processes.items() if process.serving.states() == {"T"}} == struck
    play(Freeze(), "end")
    play(Kill(), "start")
    assert {name for name, process in processes.items() if process.running is None} == struck
    play(Kill(), "end")
    assert {name for name, process in processes.items() if process.lives == 2} == struck
    assert all(process.serving.intact() for process in processes.values())


@pytest.mark.parametrize("part", ["both", "server", "adapter"])
def test_a_relay_without_parts_is_struck_as_a_whole(make_kind: MakeKind, part: Part) -> None:
    process = SupervisedProcess(make_kind(READY))
    process.serving.await_ready(WITHIN_S)
    fault = ProcessFault("a word", 0, S, Process("relay", "here"), Freeze(), part)
    frozen = FaultTarget(process).prepare(fault, TimedEdge(0, 0, "start"), in_seconds(WITHIN_S))
    frozen.apply()
    assert frozen.verify()
    assert process.serving.states() == {"T"}
