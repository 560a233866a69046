"""The netem link back end: impairment by the kernel, set and read back through one long-lived `tc`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from topologies.commands import CommandError, run_batch
from topologies.links import Applied, LinkCounters, LinkError, LinkState
from topologies.model import Direction, Topology
from topologies.names import switch_port
from topologies.netem import Shaping, Tally, reads_back, shape, shaping, shapings, tallies, unshape
from topologies.ports import ports_up, set_ports
from topologies.tc_batch import Change, TcBatch


class NetemLinks:
    """A LinkBackend for `topology`'s veth pairs, in the network namespace in which it is made.

    netem counts a packet lost at random and one that found its delay line full alike. So what it drops while a
    direction has random loss counts as loss, and what it drops otherwise counts as overflow.
    """

    name = "netem"

    def __init__(self, topology: Topology, states: Mapping[Direction, LinkState]) -> None:
        """Put the first states in force; LinkError if they cannot be."""
        self._port = {direction: _source_port(topology, direction) for direction in topology.directions}
        self._ends = {direction: (port,) for direction, port in self._port.items()}
        self._states = {direction: LinkState() for direction in topology.directions}
        self._shapings = dict.fromkeys(topology.directions, Shaping())
        self._ports = dict.fromkeys(self._port.values(), True)
        self._losses = {direction: _Losses() for direction in topology.directions}
        self._tc: TcBatch | None = TcBatch()
        self.apply(states)

    def apply(self, states: Mapping[Direction, LinkState]) -> Applied:
        """Change these directions in place, back to back; LinkError if one does not read back as it was set."""
        after = {**self._states, **states}
        wanted = {direction: shaping(states[direction], self._shapings[direction]) for direction in states}
        ports = ports_up(after, self._ends)
        first_ns = time.monotonic_ns()
        self._set_ports(ports, up=True)
        change = self._shape(wanted)
        lowered = self._set_ports(ports, up=False)
        last_ns = time.monotonic_ns() if lowered else change.done_ns
        self._read_back(change, wanted, after)
        return Applied(first_ns, last_ns, time.monotonic_ns())

    def counters(self) -> Mapping[Direction, LinkCounters]:
        """Counters of every direction; `received` is what left, was lost, or is still in netem's delay line."""
        try:
            found = tallies(self._running().show())
        except CommandError as error:
            raise LinkError(f"links could not be read: {error}") from error
        return {direction: self._counters(direction, found[port]) for direction, port in self._port.items()}

    def lateness_p99_ns(self) -> int | None:
        """The kernel does not tell."""
        return None

    def close(self) -> None:
        """Remove all shaping; idempotent."""
        if self._tc is None:
            return
        self._tc.close()
        self._tc = None
        run_batch([unshape(port) for direction, port in self._port.items() if self._shapings[direction].netem])

    def _running(self) -> TcBatch:
        if self._tc is None:
            raise LinkError("the links are closed")
        return self._tc

    def _shape(self, wanted: Mapping[Direction, Shaping]) -> Change:
        commands = [command for direction in wanted for command in shape(self._port[direction], wanted[direction])]
        try:
            return self._running().change(commands)
        except CommandError as error:
            raise LinkError(f"links could not be set: {error}") from error

    def _read_back(
        self, change: Change, wanted: Mapping[Direction, Shaping], states: Mapping[Direction, LinkState]
    ) -> None:
        """Put down the drops to the states they fell in, those amid the change to either, and verify."""
        either = {direction: state if state.loss else states[direction] for direction, state in self._states.items()}
        self._attribute(tallies(change.before), self._states)
        self._attribute(tallies(change.after), either)
        self._shapings.update(wanted)
        self._states = dict(states)
        _verify({self._port[direction]: setting for direction, setting in wanted.items()}, shapings(change.after))

    def _attribute(self, found: Mapping[str, Tally], states: Mapping[Direction, LinkState]) -> None:
        """Put down to these states what has been dropped since the last time."""
        for direction, port in self._port.items():
            if port in found:
                self._losses[direction] = self._losses[direction].and_then(found[port], states[direction])

    def _counters(self, direction: Direction, tally: Tally) -> LinkCounters:
        losses = self._losses[direction].and_then(tally, self._states[direction])
        gone = tally.sent + tally.dropped + tally.bucket_dropped
        return LinkCounters(
            received=gone + tally.queued,
            released=tally.sent,
            lost_loss=losses.loss,
            lost_queue=tally.bucket_dropped,
            lost_overflow=losses.overflow,
        )

    def _set_ports(self, ports: Mapping[str, bool], *, up: bool) -> bool:
        """Whether there were any to set."""
        if not set_ports(self._ports, ports, up=up):
            return False
        self._ports.update({port: up for port, wanted in ports.items() if wanted is up})
        return True


@dataclass(frozen=True, slots=True)
class _Losses:
    """netem's own drops so far, by the state in force when they happened."""

    loss: int = 0
    overflow: int = 0

    def and_then(self, tally: Tally, state: LinkState) -> _Losses:
        """The drops up to `tally`, since the last one under `state`."""
        new = tally.dropped - self.loss - self.overflow
        return _Losses(self.loss + new, self.overflow) if state.loss else _Losses(self.loss, self.overflow + new)


def _verify(wanted: Mapping[str, Shaping], found: Mapping[str, Shaping]) -> None:
    for port, setting in wanted.items():
        got = found.get(port, Shaping())
        if not reads_back(setting, got):
            raise LinkError(f"{port} was set to {setting} and reads back as {got}")


def _source_port(topology: Topology, direction: Direction) -> str:
    return switch_port(topology.cluster(direction.source).ordinal, topology.cluster(direction.destination).ordinal)
