"""A run, on the inside of its sandbox: reads the plan from the run directory, builds the testbed, plays, collects.

The host side holds a pipe to standard input. When that is closed, or the host side has died, the run stops early and
keeps what it recorded.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from time import monotonic_ns

from hostio.commands import CommandError
from relay_app.sessions.directory import DirectoryError
from results.run_files.documents import dump
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


def run_in_sandbox(run_dir: str) -> int:
    """Run the plan of a run directory. The last event written, an End, says how it ended; expected errors are in it.

    Returns the exit code: EX_SOFTWARE after any other error, whose traceback is then on standard error.
    """
    run = RunDir(Path(run_dir))
    log = EventLog(run.events)
    try:
        end = _run(read_plan(run.plan), run, log, StopSignal(sys.stdin.fileno()))
    except _EXPECTED as error:
        end = _failed(str(error))
    except Exception:
        traceback.print_exc()
        log.add(_failed("an error in blipnet itself; logs/runner.log has it"))
        return os.EX_SOFTWARE
    log.add(end)
    return os.EX_OK


def _run(plan: Plan, run: RunDir, log: EventLog, stop: StopSignal) -> End:
    set_up_sandbox(SANDBOX_FOLDER)
    testbed = Testbed.build(plan, run, log)
    try:
        return play(testbed, plan, log, stop)
    finally:
        _collect(testbed, run)


def _collect(testbed: Testbed, run: RunDir) -> None:
    """Stop everything and write the machine report.

    The media processes are stopped even if the controller failed to stop: their records are in memory until then.
    """
    try:
        testbed.stop_controller()
    finally:
        run.machine.write_text(dump(testbed.finish()))


def _failed(why: str) -> End:
    now_ns = monotonic_ns()
    return End(at_ns=now_ns, media_end_ns=now_ns, interrupted=False, failure=why)
