"""Plays plans for `run` and `suite`, in this machine's sandbox or in a virtual machine of their own.

A run that came to no verdict by itself ends in an exception, after what it recorded was reported: KeyboardInterrupt,
BugError, GuestError.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from hostio.machine_lock import BUSY, LockError, machine
from results.run_files.document_error import DocumentError
from results.run_files.documents import read
from results.run_files.plan import Environment, Plan
from results.run_files.run_dir import RunDir
from results.verdict.summary import RUN_FAILED, Summary
from scenarios.cli.bug_report import report_bug
from scenarios.cli.console import Console
from scenarios.cli.doctor import Diagnosis
from scenarios.cli.environment import environment_for
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode
from scenarios.cli.guest_error import GuestError
from scenarios.cli.json_progress import following_in_json
from scenarios.cli.kept_inputs import keep_inputs
from scenarios.errors import BugError, MachineError, ProgramError, RunSpoiltError
from scenarios.language.inputs import Arguments, arguments_in
from scenarios.paths import OutputError, new_root, new_run_dir
from scenarios.run.limits import machine_s
from scenarios.run.means import require_means
from scenarios.run.room import require_room
from scenarios.suites.attempts import Attempt, attempted, spoilt_by_machine
from scenarios.vm.machine import Clock
from scenarios.vm.run import run_scenario_in_machine
from scenarios.vm.wall_time import virtual_wall_s
from topologies.sandbox import Sandbox

if TYPE_CHECKING:
    from scenarios.run.host_side import Outcome

PrintLine = Callable[[str], None]


class Shown(Protocol):
    """Shows a run while it lasts, and its analysis: a `scenarios.run.supervisor.Watcher` that is told its steps."""

    def look(self) -> None:
        """As of a watcher."""

    def stopping(self) -> None:
        """As of a watcher."""

    def analysing(self, step: str, share: float) -> None:
        """Show that a step of the analysis begins, of which a share, 0 to 1, is done."""


@dataclass(frozen=True, slots=True)
class Show:
    """What is shown while runs are played. `quiet`: nothing on standard output; `json`: progress as JSON lines."""

    quiet: bool = False
    json: bool = False

    def console(self) -> Console:
        """Where it is shown."""
        return Console(quiet=self.quiet)


AS_TEXT = Show()


def decide(play: Callable[[], Attempt], plan: Plan, at_most: int) -> ExitCode:
    """Play a plan in the sandbox until it is decided, at most so often; the exit code of its verdict."""
    return VERDICT_CODES[decided(play, plan, at_most)[-1].summary.verdict]


def decided(play: Callable[[], Attempt], plan: Plan, at_most: int, show: Show = AS_TEXT) -> tuple[Attempt, ...]:
    """Play a plan in the sandbox until it is decided, at most so often; show its summary and what to do without one."""
    console = show.console()
    made = attempted(play, at_most, console.say)
    last = made[-1]
    console.show_summary(last.summary, RunDir(last.root))
    console.show_attempts(made)
    if spoilt_by_machine(made):
        minutes = ceil(virtual_wall_s(plan.duration_ns, Clock("virtual", plan.clock_shift)) / 60)
        console.say(
            "This machine did not let a run be decided. A virtual machine whose clock counts instructions is not "
            f"disturbed by it: add --vm --clock virtual, which takes up to about {minutes} minutes"
        )
    return made


def decide_in_machine(play: Callable[[], Attempt], at_most: int) -> ExitCode:
    """Play a plan in a virtual machine until it is decided, at most so often; the exit code of its verdict."""
    return VERDICT_CODES[decided_in_machine(play, at_most)[-1].summary.verdict]


def decided_in_machine(play: Callable[[], Attempt], at_most: int, show: Show = AS_TEXT) -> tuple[Attempt, ...]:
    """Play a plan in a virtual machine until it is decided, at most so often."""
    console = show.console()
    made = attempted(play, at_most, console.say)
    console.show_attempts(made)
    return made


@dataclass(frozen=True, slots=True)
class InSandbox:
    """Plays plans that have their environment in a sandbox; their run directories go to `out`."""

    sandbox: Sandbox
    environment: Environment
    out: Path
    show: Show = AS_TEXT
    made_of: Arguments | None = None
    """What a plan was made of whose command does not say it."""

    @classmethod
    def on(cls, diagnosis: Diagnosis, out: Path, show: Show = AS_TEXT) -> InSandbox:
        """That of a machine that was diagnosed; MachineError if it cannot run scenarios."""
        return cls(*diagnosis.require(), out, show)

    def prepared(self, plan: Plan) -> Plan:
        """The plan with its environment; MachineError if this machine lacks what it asks for, or is too small."""
        require_means(plan)
        return replace(plan, environment=environment_for(plan, self.environment))

    def play(self, plan: Plan, label: str = "") -> Attempt:
        """Run a plan once. With a label, which a suite sets, only the progress bar is shown."""
        with own_machine() as held:
            require_room(plan, self.out)
            run = new_run_dir(plan.scenario, self.out)
            keep_inputs(self.made_of or arguments_in(plan.command), run)
            console = self.show.console()
            with following_in_json(plan, run) if self.show.json else console.following(plan, run, label) as watcher:
                outcome = self._outcome(plan, run, watcher, held)
        if (outcome.interrupted or outcome.bug or outcome.unwritten) and not label:
            console.show_summary(outcome.summary, run)
        if outcome.bug:
            raise BugError(f"{run.root}: {outcome.failure or 'a bug in Blipnet itself; logs/runner.log has it'}")
        if outcome.interrupted:
            raise KeyboardInterrupt
        if outcome.cannot_start:
            raise ProgramError(outcome.failure)
        if outcome.failure:
            print(f"{RUN_FAILED}{outcome.failure}", file=sys.stderr)
        elif outcome.unwritten:
            raise RunSpoiltError(outcome.unwritten)
        return Attempt(outcome.summary, run.root, outcome.failure or lack_of_room(run.root))

    def _outcome(self, plan: Plan, run: RunDir, watcher: Shown, held: int) -> Outcome:
        from scenarios.run.host_side import run_plan

        try:
            return run_plan(plan, run, self.sandbox, watcher, held=(held,), told=watcher.analysing)
        except (DocumentError, OutputError, RunSpoiltError, OSError, ModuleNotFoundError):
            raise
        except Exception as error:
            raise BugError(report_bug(error, run.log("runner").parent)) from error


@dataclass(frozen=True, slots=True)
class InMachine:
    """Plays a scenario file in a virtual machine; its run directories go to `out`, and its output to `print_line`."""

    file: Path
    options: list[str]
    out: Path
    clock: Clock
    print_line: PrintLine

    def play(self, plan: Plan) -> Attempt:
        """Run the file once; each line of output is printed behind the wall time, s."""
        with own_machine():
            require_room(plan, self.out)
            root, begin = new_root(plan.scenario, self.out.resolve()), monotonic()
            code = run_scenario_in_machine(
                self.file.resolve(),
                self.options,
                root,
                self.clock,
                lambda line: self.print_line(f"{monotonic() - begin:5.0f} s │ {line}"),
                machine_s(plan, virtual=self.clock.kind == "virtual"),
            )
        if code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if code not in VERDICT_CODES.values():
            raise GuestError(code, root)
        try:
            summary = read(Summary, RunDir(root).summary)
        except DocumentError as error:
            raise GuestError(code, root) from error
        same = "on the virtual clock a repetition would be the same run" if self.clock.kind == "virtual" else None
        return Attempt(summary, root, same)


@contextmanager
def own_machine() -> Iterator[int]:
    """Wait until no other run has this machine, with a line if one has; the lock's descriptor. MachineError."""
    try:
        with machine(lambda: print(BUSY, file=sys.stderr, flush=True)) as held:
            yield held
    except LockError as error:
        raise MachineError(str(error)) from error


def lack_of_room(root: Path) -> str | None:
    """Why another run like that in `root` has no room where it lies; None if it has."""
    try:
        taken = sum(path.lstat().st_size for path in root.rglob("*"))
        free = shutil.disk_usage(root).free
    except OSError as error:
        return f"{root}: {error.strerror}"
    if free >= taken:
        return None
    return f"{free / 1e6:.0f} MB are free where {root} lies, and it took {taken / 1e6:.0f} MB"
