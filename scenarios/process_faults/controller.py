"""The place of the controller: ends it, puts a new one there, and cuts the switches off from it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns

from hostio.timing import S
from results.run_files.plan import Fault
from scenarios.process_faults.process_fault import END_WITHIN_S, START_WITHIN_S, PreparedEdge
from scenarios.run.services import ControllerProcess, ServiceError
from scenarios.run.timeline import TimedEdge
from topologies.fabric import CONTROLLER_PORT
from topologies.tc.control_cut import ControlCut


class ControllerTarget:
    """`start` makes a controller: the first begins at once, the others stand by. `telemetry`: the socket it binds."""

    def __init__(self, start: Callable[[bool], ControllerProcess], telemetry: Path) -> None:
        self._start = start
        self._telemetry = telemetry
        self._deaths = 0
        self._spare: ControllerProcess | None = None
        self._spare_stands_by = False
        self._cut: ControlCut | None = None
        self.process: ControllerProcess | None = start(False)
        """The controller; None while there is none."""

    def expect(self, faults: tuple[Fault, ...]) -> None:
        """Start the controller that is to follow, if one is, and make a cut possible; it does not wait."""
        self._deaths = sum(fault.what == "controller-restart" for fault in faults)
        self._start_spare()
        if any(fault.what == "controller-cut" for fault in faults):
            self._cut = ControlCut(CONTROLLER_PORT)

    @property
    def serving(self) -> ControllerProcess:
        """The controller; ServiceError if there is none."""
        if self.process is None:
            raise ServiceError("there is no controller")
        return self.process

    def prepare_successor(self) -> None:
        """Have the next controller stand by, if one is to come."""
        self._start_spare()
        if self._spare is not None and not self._spare_stands_by:
            self._spare.await_milestone("standing by", START_WITHIN_S)
            self._spare_stands_by = True

    def prepare(self, fault: Fault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:
        """Make an edge of a fault ready."""
        if fault.what == "controller-cut":
            cut = self._cutting()
            return PreparedEdge(cut.begin if edge.edge == "start" else cut.end, cut.verify)
        if edge.edge == "end":
            return self._succession()
        self.prepare_successor()
        controller = self.serving
        return PreparedEdge(controller.ask_to_stop, lambda: self._ended(controller, deadline_ns))

    def release(self) -> None:
        """The switches reach it again."""
        if self._cut is not None:
            self._cut.end()

    def stop(self, timeout_s: float) -> None:
        """End the controller, if there is one; ServiceError if it had failed."""
        if self.process is not None:
            self.process.stop(timeout_s)

    def _start_spare(self) -> None:
        if self._spare is None and self._deaths:
            self._spare = self._start(True)
            self._deaths -= 1

    def _cutting(self) -> ControlCut:
        if self._cut is None:
            raise ServiceError("no cut was made ready")
        return self._cut

    def _ended(self, controller: ControllerProcess, deadline_ns: int) -> bool:
        """A controller that has not ended by its deadline is killed, as a supervisor would."""
        try:
            controller.stop(max(0, deadline_ns - monotonic_ns()) / S)
        except ServiceError:
            if controller.process.poll() is not None:
                raise
            controller.process.kill()
        self.process = None
        try:
            controller.process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            return False
        self._telemetry.unlink(missing_ok=True)
        return True

    def _succession(self) -> PreparedEdge:
        successor = self._spare
        if successor is None:
            raise ServiceError("no controller stands by")

        def take_over() -> None:
            successor.begin()
            successor.await_milestone("listening", START_WITHIN_S)
            self.process, self._spare, self._spare_stands_by = successor, None, False

        return PreparedEdge(take_over, lambda: successor.process.poll() is None)
