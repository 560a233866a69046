"""Switches as targets of faults: their flow tables and connections to the controller, and the daemon that runs all.

One process, ovs-vswitchd, runs every switch of a run. So a flow table and a connection are a switch's own, and a
process to freeze is not.
"""

from __future__ import annotations

import signal

from controller.routing_rules import DIRECT_PRIORITY
from hostio.process_handle import ProcessHandle
from hostio.timing import wait_until
from results.run_files.faults import Cut, Forget, Freeze, ProcessFault
from scenarios.language.timeline import TimedEdge
from scenarios.process_faults.fault_target import Connections
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.supervised import END_WITHIN_S, PreparedEdge
from topologies import switch_tables as tables
from topologies.openvswitch import daemon_pid

_RETURNS_WITHIN_S = 5.0
_DIRECT = f"priority={DIRECT_PRIORITY},"


class SwitchTarget:
    """The switch of a cluster; `name` is its bridge. `connection`: to its controller, if a fault cuts it."""

    def __init__(self, name: str, connection: Connections | None) -> None:
        self._name = name
        self._connection = connection
        self._controller = tables.controller_of(name)
        self._rules: frozenset[str] = frozenset()
        self._emptying: tables.EmptyTable | None = None
        self._closing: tables.Begun | None = None
        self._opening: tables.Begun | None = None

    def prepare_successor(self) -> None:
        """Does nothing: a switch has none."""

    def prepare(self, fault: ProcessFault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:  # noqa: ARG002 (protocol)
        """Prepare an edge of a fault; ProcessError if its action is not possible on a switch."""
        starts = edge.edge == "start"
        match fault.action:
            case Forget(offline) if starts:
                return self._prepare_forgetting(offline=offline)
            case Forget(offline):
                return self._prepare_return(offline=offline)
            case Cut() if self._connection:
                return self._connection.prepare_cut(cut=starts)
        raise ProcessError(f"the switch {self._name} has no fault {fault.what}")

    def release(self) -> None:
        """Undo the effects of a fault that was not played to its end."""
        if self._emptying:
            self._emptying.close()
        if self._connection:
            self._connection.release()

    def _prepare_forgetting(self, *, offline: bool) -> PreparedEdge:
        self._rules = self._direct_rules()
        emptying = self._emptying = tables.EmptyTable(self._name)

        def apply() -> None:
            # The table first: its command waits for the word, and that which closes the connection has yet to start.
            emptying.apply()
            self._closing = tables.disconnect(self._name) if offline else None

        def has_forgotten() -> bool:
            if self._closing:
                self._closing.finish()
            return bool(self._rules) and not self._direct_rules() & self._rules

        return PreparedEdge(apply, has_forgotten)

    def _prepare_return(self, *, offline: bool) -> PreparedEdge:
        """A connection that is open is closed first, as the controller gives its rules to a switch that connects."""

        def apply() -> None:
            self._closing = None if offline else tables.disconnect(self._name)
            self._opening = tables.connect(self._name, self._controller) if offline else None

        def has_returned() -> bool:
            if self._closing:
                self._closing.finish()
            (self._opening or tables.connect(self._name, self._controller)).finish()
            return wait_until(self._is_as_before, _RETURNS_WITHIN_S)

        return PreparedEdge(apply, has_returned)

    def _is_as_before(self) -> bool:
        """Whether it has its rules again, which only a controller that it is connected to gives it."""
        return self._rules <= self._direct_rules()

    def _direct_rules(self) -> frozenset[str]:
        """Those of the direct paths, which a controller gives a switch that connects, and takes away from none."""
        return frozenset(rule for rule in tables.flow_rules(self._name) if _DIRECT in rule)


class SwitchDaemon:
    """The process that runs all switches of a run."""

    def __init__(self) -> None:
        self._process = ProcessHandle(daemon_pid())

    def prepare_successor(self) -> None:
        """Does nothing: no fault ends it."""

    def prepare(self, fault: ProcessFault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:  # noqa: ARG002 (protocol)
        """Prepare SIGSTOP or SIGCONT; ProcessError for any other action."""
        if not isinstance(fault.action, Freeze):
            raise ProcessError(f"the switches have no fault {fault.what}")
        frozen = edge.edge == "start"

        def has_changed() -> bool:
            states = self._process.states()
            return states == {"T"} if frozen else bool(states) and "T" not in states

        number = signal.SIGSTOP if frozen else signal.SIGCONT
        return PreparedEdge(lambda: self._process.send(number), lambda: wait_until(has_changed, END_WITHIN_S))

    def release(self) -> None:
        """Have it go on."""
        self._process.send(signal.SIGCONT)
