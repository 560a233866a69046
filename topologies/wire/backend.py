"""The runner's side of the userspace wire."""

from __future__ import annotations

import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import TypeVar

from hostio.control import Failed, Ready, Stop
from hostio.histogram import lateness_of
from hostio.lateness_compiled import hold_ups_of
from topologies.back_ends import USERSPACE
from topologies.interface_names import switch_port, wire_port
from topologies.link_backend import Applied, Apply, LinkCounters, LinkEnd, LinkError, Verify, ports_up, set_ports
from topologies.link_state import LinkState
from topologies.model import Direction, Topology
from topologies.wire.messages import (
    BankSwitched,
    Finish,
    Prepare,
    Prepared,
    ReadCounters,
    Reading,
    SwitchBank,
    Watch,
    Watched,
)

_ANSWER_WITHIN_S = 10.0
_READY_WITHIN_S = 120.0
"""The process compiles its loop first if nobody has."""

Answer = TypeVar("Answer")


class UserspaceWire:
    """A LinkBackend over the connection to a wire process that carries `topology` and began with `states`."""

    capabilities = USERSPACE

    def __init__(self, topology: Topology, states: Mapping[Direction, LinkState], control: Connection) -> None:
        self._ends = {direction: _ends(topology, direction) for direction in topology.directions}
        self._states = dict(states)
        self._control = control
        self._ports = dict.fromkeys(ports_up(states, self._ends), True)

    def wait_ready(self) -> None:
        """Until the process carries frames and the ports are as the first states have them; LinkError if it ended."""
        if self._receive(_READY_WITHIN_S) != Ready():
            raise LinkError("the wire process did not say that it is ready")
        self._set_ports(ports_up(self._states, self._ends), up=False)

    def prepare(self, states: Mapping[Direction, LinkState]) -> Apply:
        """Have the process ready to change these directions at one instant."""
        after = {**self._states, **states}
        ports = ports_up(after, self._ends)
        self._ask(Prepare(states), Prepared)
        return lambda: self._switch(after, ports)

    def _switch(self, after: Mapping[Direction, LinkState], ports: Mapping[str, bool]) -> Verify:
        """Ports go up before the instant and down after it.

        So no frame is sent towards a port that is down, and a port-down is seen once nothing passes any more.
        """
        raised_ns = self._set_ports(ports, up=True)
        changed = self._ask(SwitchBank(), BankSwitched)
        lowered_ns = self._set_ports(ports, up=False)
        self._states = dict(after)
        times = [at_ns for at_ns in (raised_ns, changed.at_ns, lowered_ns) if at_ns is not None]
        return lambda: Applied(min(times), max(times), time.monotonic_ns())

    def counters(self) -> Mapping[Direction, LinkCounters]:
        """Counters of every direction."""
        return self._ask(ReadCounters(), Reading).counters

    def watch(self, from_ns: int, until_ns: int) -> None:
        """Count how late frames are released that are due from then until then."""
        self._ask(Watch(from_ns, until_ns), Watched)

    def end(self) -> LinkEnd:
        """What the links hold stays held, and is among the fates that the process leaves."""
        reading = self._ask(Finish(), Reading)
        return LinkEnd(reading.counters, lateness_of(reading.lateness), {}, hold_ups_of(reading.lateness))

    def close(self) -> None:
        """Tell the process to stop; idempotent."""
        if self._control.closed:
            return
        try:
            self._control.send(Stop())
        except BrokenPipeError:
            return
        finally:
            self._control.close()

    def _set_ports(self, ports: Mapping[str, bool], *, up: bool) -> int | None:
        """When they were set, or None if none was."""
        if not set_ports(self._ports, ports, up=up):
            return None
        self._ports.update({port: up for port, wanted in ports.items() if wanted is up})
        return time.monotonic_ns()

    def _ask(self, request: Prepare | SwitchBank | Watch | ReadCounters | Finish, answer: type[Answer]) -> Answer:
        try:
            self._control.send(request)
        except OSError as broken:
            raise LinkError("the wire process has ended") from broken
        got = self._receive()
        if isinstance(got, Failed):
            raise LinkError(f"the wire process failed: {got.why}")
        if not isinstance(got, answer):
            raise LinkError(f"the wire process answered {got!r}")
        return got

    def _receive(self, within_s: float = _ANSWER_WITHIN_S) -> object:
        try:
            if self._control.poll(within_s):
                return self._control.recv()
        except (EOFError, OSError) as ended:
            raise LinkError("the wire process has ended") from ended
        raise LinkError(f"the wire process did not answer within {within_s:g} s")


def _ends(topology: Topology, direction: Direction) -> tuple[str, ...]:
    """What goes down with a direction: its switch port, and the wire's far end, so that the peer loses carrier."""
    i, j = topology.ordinals(direction)
    return switch_port(i, j), wire_port(j, i)
