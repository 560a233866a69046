"""A run, on the inside of its sandbox: reads the plan from the run directory, builds the testbed, plays, collects.

The host side holds a pipe to standard input. When that is closed, or the host side has died, the run stops early and
keeps what it recorded.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from hostio.files import write_whole
from hostio.means import allow_descriptors
from hostio.privileges import forbid_new_privileges
from hostio.realtime import favour_session
from hostio.stacks import write_stacks_on_signal
from results.run_files.documents import dump, dump_line
from results.run_files.events import End
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.run_dir import RunDir
from scenarios.run.ends import attempt
from scenarios.run.fault_player import play
from scenarios.run.means import means_needed
from scenarios.run.testbed import Testbed
from scenarios.supervision.run_control import SANDBOX_FOLDER, EventLog, StopSignal
from topologies.sandbox import set_up_sandbox


def run_in_sandbox(run_dir: str, told: int) -> int:
    """Run the plan of a run directory. The last event written, an End, says how it ended; expected errors are in it.

    It goes to the descriptor `told` as well: the run directory may take nothing any more. Returns the exit code:
    EX_SOFTWARE after any other error, whose traceback is then on standard error.
    """
    os.set_inheritable(told, False)
    write_stacks_on_signal()
    run = RunDir(Path(run_dir))
    end = attempt(lambda: _run(read_plan(run.plan), run), run.root)
    end = attempt(lambda: _recorded(end, run), run.root, end)
    os.write(told, dump_line(end).encode())
    return os.EX_SOFTWARE if end.bug else os.EX_OK


def _recorded(end: End, run: RunDir) -> End:
    EventLog(run.events).add(end)
    return end


def _run(plan: Plan, run: RunDir) -> End:
    log = EventLog(run.events)
    log.begin("set-up", "entering the sandbox")
    set_up_sandbox(SANDBOX_FOLDER)
    allow_descriptors(means_needed(plan).descriptors)
    forbid_new_privileges()
    favour_session(os.getpid())
    testbed = Testbed.build(plan, run, log)
    end = attempt(lambda: play(testbed, plan, log, StopSignal(sys.stdin.fileno())), run.root)
    collected = attempt(lambda: _collect(testbed, run, log, end), run.root, end)
    # What a process could not write comes first: that the controller or a counter failed follows from the same cause.
    failed = next(testbed.failures(), None)
    why = end.failure or (failed and failed.why) or collected.failure
    return replace(end, failure=why, bug=end.bug or collected.bug or bool(failed and failed.bug))


def _collect(testbed: Testbed, run: RunDir, log: EventLog, end: End) -> End:
    """Stop everything and write the machine report; the end, as it was.

    The media processes are stopped even if the controller failed to stop: their records are in memory until then.
    """
    try:
        log.begin("collection", "stopping the controller")
        testbed.stop_controller()
        log.begin("collection", "reading the flow tables")
        write_whole(run.flow_tables, dump(testbed.flow_tables()))
    finally:
        report = testbed.finish(log)
        log.begin("collection", "writing machine.json")
        write_whole(run.machine, dump(report))
    return end
