"""A run, on the inside of its sandbox: reads the plan from the run directory, builds the testbed, plays, collects.

The host side holds a pipe to standard input. When that is closed, or the host side has died, the run stops early and
keeps what it recorded.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic_ns
from typing import NoReturn

from hostio.commands import CommandError
from hostio.files import write_whole
from hostio.stacks import write_stacks_on_signal
from hostio.storage import is_of_storage, sentence
from relay_app.sessions.directory import DirectoryError
from results.run_files.documents import dump, dump_line
from results.run_files.events import End
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.run_dir import RunDir
from scenarios.run.fault_player import play
from scenarios.run.testbed import Testbed
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.run_control import SANDBOX_FOLDER, EventLog, StopSignal
from topologies.link_backend import LinkError
from topologies.sandbox import set_up_sandbox

_EXPECTED = (ProcessError, CommandError, LinkError, DirectoryError)


def main(run_dir: str, told: int) -> NoReturn:
    """Run the plan of a run directory. The last event written, an End, says how it ended; expected errors are in it.

    It goes to the descriptor `told` as well: the run directory may take nothing any more.
    """
    try:
        write_stacks_on_signal()
        run = RunDir(Path(run_dir))
        end = _attempt(lambda: _run(read_plan(run.plan), run), run)
        end = _attempt(lambda: _recorded(end, run), run, end)
        os.write(told, dump_line(end).encode())
    finally:
        # Not by the interpreter's own exit: multiprocessing waits there, without limit, for every process that still
        # runs. When this one has ended, process 1 of its namespace, the kernel ends them.
        os._exit(0)


def _attempt(act: Callable[[], End], run: RunDir, reached: End | None = None) -> End:
    """What `act` returns; if it fails an End that says so, but for what is known of it, `reached`."""
    try:
        return act()
    except _EXPECTED as error:
        return _failed(str(error), reached)
    except Exception as error:
        if isinstance(error, OSError) and is_of_storage(error, run.root):
            return _failed(sentence(error, run.root), reached)
        with suppress(OSError):
            traceback.print_exc()
        return _failed("an error in blipnet itself; logs/runner.log has it", reached)


def _failed(why: str, reached: End | None) -> End:
    if reached:
        return replace(reached, failure=reached.failure or why)
    now_ns = monotonic_ns()
    return End(at_ns=now_ns, media_end_ns=now_ns, interrupted=False, failure=why)


def _recorded(end: End, run: RunDir) -> End:
    EventLog(run.events).add(end)
    return end


def _run(plan: Plan, run: RunDir) -> End:
    log = EventLog(run.events)
    log.begin("set-up", "entering the sandbox")
    set_up_sandbox(SANDBOX_FOLDER)
    testbed = Testbed.build(plan, run, log)
    end = _attempt(lambda: play(testbed, plan, log, StopSignal(sys.stdin.fileno())), run)
    collected = _attempt(lambda: _collect(testbed, run, log, end), run, end)
    # What a process could not write comes first: that the controller or a counter failed follows from the same cause.
    return replace(end, failure=end.failure or next(testbed.unwritten(), None) or collected.failure)


def _collect(testbed: Testbed, run: RunDir, log: EventLog, end: End) -> End:
    """Stop everything and write the machine report; the end, as it was.

    The media processes are stopped even if the controller failed to stop: their records are in memory until then.
    """
    try:
        log.begin("collection", "stopping the controller")
        testbed.stop_controller()
    finally:
        report = testbed.finish(log)
        log.begin("collection", "writing machine.json")
        write_whole(run.machine, dump(report))
    return end
