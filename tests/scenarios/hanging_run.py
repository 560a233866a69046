"""What a run is to its supervisor: process 1 of a sandbox, which starts a process, writes its events, and hangs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic_ns

from hostio.control import Ready, Stop, Stopped, receive, tell
from hostio.stacks import write_stacks_on_signal
from results.run_files.events import MediaStart
from results.run_files.run_dir import RunDir
from scenarios.supervision.processes import spawn
from scenarios.supervision.run_control import EventLog, StopSignal


def keep(target: str, control: Connection) -> None:
    """Hold records in memory, and write them when told to stop, as media processes do."""
    tell(control, Ready())
    while not isinstance(receive(control), Stop):
        pass
    Path(target).write_text("kept")
    tell(control, Stopped({}))


def fail_to_write(error: Exception, control: Connection) -> None:
    """Meet this error when told to stop."""
    tell(control, Ready())
    receive(control)
    raise error


def open_what_nobody_reads(run: RunDir) -> None:
    """Held by the kernel, for ever."""
    os.mkfifo(run.root / "fifo")
    os.close(os.open(run.root / "fifo", os.O_WRONLY))


def freeze(_: RunDir) -> None:
    """Not to be woken by anything but a signal from outside; process 1 cannot stop itself."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signal.sigwait({signal.SIGUSR2})


def obey(_: RunDir) -> None:
    """Stop as soon as that is asked."""
    StopSignal(sys.stdin.fileno()).by(monotonic_ns() + 10**12)


HANGS: dict[str, Callable[[RunDir], None]] = {
    "in a system call": open_what_nobody_reads,
    "deaf to signals": freeze,
    "but stops when asked": obey,
}


def main(root: str, how: str) -> None:
    write_stacks_on_signal()
    run = RunDir(Path(root))
    log = EventLog(run.events)
    log.begin("set-up", "starting a process")
    keeper = spawn("keeper", keep, str(run.root / "records"), run.log("keeper"))
    keeper.await_ready(60)
    log.add(MediaStart(monotonic_ns()))
    log.begin("collection", "writing machine.json")
    HANGS[how](run)
    os._exit(0)
