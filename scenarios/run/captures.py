"""The captures of a run: a supervised dumpcap for each file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import monotonic_ns, time_ns

from results.run_files.captured import CaptureEnd
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.run.capture_commands import BEGUN, CaptureFile, capture_files, command, counts_of
from scenarios.supervision.processes import START_WITHIN_S, ProcessError
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.ready_signals import Answers
from topologies.sandbox import in_network_of

_STOP_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.01


class Captures:
    """None runs before `start`. `host_pids`: a process in the network of each host that is captured, by cluster."""

    def __init__(self, plan: Plan, run: RunDir, host_pids: Mapping[str, int]) -> None:
        self._plan = plan
        self._run = run
        self._host_pids = host_pids
        self._running: list[tuple[CaptureFile, Program]] = []

    def start(self) -> None:
        """Start them; on return all packets are captured. ProcessError if one does not begin in 10 s."""
        files = capture_files(self._plan.captured, self._plan.topology)
        if files:
            self._run.capture(files[0].stem).parent.mkdir(exist_ok=True)
        self._running = [(each, self._program(each)) for each in files]
        for _, program in self._running:
            program.await_ready(START_WITHIN_S)

    def stop(self) -> Iterator[CaptureEnd]:
        """Stop them; yields how each ended. ProcessError if one had failed, or does not end."""
        ended = [not program.intact() for _, program in self._running]
        for _, program in self._running:
            program.ask_to_stop()
        for (each, program), full in zip(self._running, ended, strict=True):
            program.final_report(_STOP_WITHIN_S)
            if not program.gone(0):
                raise ProcessError(f"{program.name} does not end; its log is {program.log}")
            program.close()
            yield self._end(each, program.log, full)
        self._running = []

    def _end(self, file: CaptureFile, log: Path, full: bool) -> CaptureEnd:
        path, counts = self._run.capture(file.stem), counts_of(_text(log))
        if counts is None:
            raise ProcessError(f"{path.name} has no end; the log of its capture is {log}")
        changed_ns = monotonic_ns() - max(0, time_ns() - path.stat().st_mtime_ns)
        return CaptureEnd(str(path.relative_to(self._run.root)), *counts, full, changed_ns)

    def _program(self, file: CaptureFile) -> Program:
        name, comment = f"capture-{file.stem}", f"Blipnet: {self._plan.scenario}, seed {self._plan.seed}"
        argv, log = command(file.points, self._run.capture(file.stem), comment), self._run.log(name)
        if file.cluster is not None:
            argv = in_network_of(self._host_pids[file.cluster], argv)
        environment = {"TMPDIR": os.environ["TMPDIR"]} if "TMPDIR" in os.environ else {}
        begun = Answers(_says(log, BEGUN), every_s=_LOOK_EVERY_S)
        return Program(name, CommandLine(argv, begun, environment, inherits_environment=False), log)


def _says(log: Path, words: str) -> Callable[[], bool]:
    return lambda: words in _text(log)


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
