"""The netem link back end: impairments by the kernel, set and read back by one tc process that runs all the time.

To start tc for each change would take milliseconds, by which a fault would be late.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hostio.commands import CommandError, batch_lines, run_batch
from hostio.timing import wait_until
from topologies.back_ends import NETEM
from topologies.capabilities import refusal
from topologies.interface_names import switch_port
from topologies.link_backend import Applied, Apply, LinkCounters, LinkEnd, LinkError, Verify, ports_up, set_ports
from topologies.link_state import LinkState
from topologies.model import Direction, Topology
from topologies.netem.shaping import Shaping, equivalent, netem_seed, shaping
from topologies.netem.tc_commands import counting, shape, unshape
from topologies.netem.tc_output import Tally, flow_drops, has_mtu, media_count, mtu_drops, shapings, tallies
from topologies.tc.batch import Changed, Found, Row, TcBatch

_DRAIN_S = 2.0
_POLL_S = 0.01


class NetemLinks:
    """A LinkBackend for the veth pairs of `topology`, in the network namespace in which it is made.

    netem has one counter for packets dropped by its loss model and because its delay line was full. Its drops are
    therefore counted as the loss that was set at the time, and as overflow if none was. It counts no packets that it
    duplicates, corrupts or reorders, nor those lost at a port that is down.
    """

    capabilities = NETEM

    def __init__(
        self,
        topology: Topology,
        states: Mapping[Direction, LinkState],
        seed: int | None = None,
        media_ports: tuple[int, int] | None = None,
    ) -> None:
        """Apply the first states; LinkError. `seed`: None if this machine's netem takes none.

        `media_ports`: first and last UDP port of media; media frames received in each direction are counted.
        """
        self._seed = seed
        self._changes = 0
        self._port = {direction: _source_port(topology, direction) for direction in topology.directions}
        self._ends = {direction: (port,) for direction, port in self._port.items()}
        self._states = {direction: LinkState() for direction in topology.directions}
        self._shapings = dict.fromkeys(topology.directions, Shaping())
        self._ports = dict.fromkeys(self._port.values(), True)
        self._vanished = dict.fromkeys(topology.directions, 0)
        self._losses = {direction: _Losses() for direction in topology.directions}
        self._counts_media = media_ports is not None
        self._tc: TcBatch | None = TcBatch()
        try:
            self._count_media(media_ports)
            self.prepare(states)()()
            self._require_mtus()
        except LinkError:
            self.close()
            raise

    def _count_media(self, ports: tuple[int, int] | None) -> None:
        if ports is not None:
            commands = (command for port in self._port.values() for command in counting(port, ports))
            try:
                self._running().change(batch_lines(commands)).read()
            except CommandError as error:
                raise LinkError(f"media on the links could not be counted: {error}") from error

    def _require_mtus(self) -> None:
        """LinkError unless each port with an MTU has the filter for it; those of flows are no longer there to be read
        when a change has been made."""
        filters, _ = self._show()
        for direction, port in self._port.items():
            if self._shapings[direction].mtu and not has_mtu(filters[port]):
                raise LinkError(f"{port} was given an MTU and reads back without")

    def prepare(self, states: Mapping[Direction, LinkState]) -> Apply:
        """Attribute the drops so far to the present states, and build the commands for tc; LinkError."""
        for direction, state in states.items():
            if reason := refusal("netem", NETEM, state):
                raise LinkError(f"{direction}: {reason}")
        self._changes += 1
        wanted = {
            direction: shaping(state, self._shapings[direction], self._seed_of(direction))
            for direction, state in states.items()
        }
        _, found = self._show()
        self._attribute(tallies(found), self._states)
        batch = batch_lines(
            command
            for direction, setting in wanted.items()
            for command in shape(self._port[direction], setting, self._shapings[direction])
        )
        return lambda: self._apply(wanted, {**self._states, **states}, batch)

    def _apply(self, wanted: Mapping[Direction, Shaping], after: Mapping[Direction, LinkState], batch: str) -> Verify:

        ports = ports_up(after, self._ends)
        first_ns = time.monotonic_ns()
        self._set_ports(ports, up=True)
        changed = self._running().change(batch, self._filtered())
        lowered = self._set_ports(ports, up=False)
        last_ns = time.monotonic_ns() if lowered else changed.done_ns
        return lambda: self._verify(wanted, after, changed, (first_ns, last_ns))

    def _verify(
        self,
        wanted: Mapping[Direction, Shaping],
        after: Mapping[Direction, LinkState],
        changed: Changed,
        took_effect_ns: tuple[int, int],
    ) -> Applied:
        try:
            filters, found = changed.read()
        except CommandError as error:
            raise LinkError(f"links could not be set: {error}") from error
        either = {direction: state if _loses(state) else after[direction] for direction, state in self._states.items()}
        self._attribute(tallies(found), either)
        for direction in wanted:
            self._vanished[direction] += flow_drops(filters.get(self._port[direction], ()))
        self._shapings.update(wanted)
        self._states = dict(after)
        _require_equivalent({self._port[direction]: setting for direction, setting in wanted.items()}, shapings(found))
        return Applied(*took_effect_ns, time.monotonic_ns())

    def counters(self) -> Mapping[Direction, LinkCounters]:
        """Counters of every direction. netem does not count what it receives: `received` is the sum of frames released,
        lost, and still in the delay line."""
        filters, found = self._show()
        tally_of = tallies(found)
        return {
            direction: self._counters(direction, tally_of[port], filters.get(port, []))
            for direction, port in self._port.items()
        }

    def watch(self, from_ns: int, until_ns: int) -> None:
        """Does nothing: the kernel does not report how late it is."""

    def end(self) -> LinkEnd:
        """Wait until the delay lines are empty, at most 2 s; netem cannot be stopped without losing what it holds."""
        wait_until(lambda: not any(each.queued for each in self.counters().values()), _DRAIN_S, _POLL_S)
        ports = list(self._port.values()) if self._counts_media else []
        filters, _ = self._show(ports)
        onto_link = {direction: media_count(filters[port]) for direction, port in self._port.items() if filters}
        return LinkEnd(self.counters(), None, onto_link)

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

    def _show(self, ports: Sequence[str] | None = None) -> Found:
        """All queueing disciplines, and the filters of `ports`; None: of the ports whose filters drop. LinkError."""
        try:
            return self._running().show(self._filtered() if ports is None else ports)
        except CommandError as error:
            raise LinkError(f"links could not be read: {error}") from error

    def _attribute(self, found: Mapping[str, Tally], states: Mapping[Direction, LinkState]) -> None:
        """Attribute what netem dropped since the last call to these states."""
        for direction, port in self._port.items():
            if port in found:
                self._losses[direction] = self._losses[direction].and_then(found[port], states[direction])

    def _filtered(self) -> list[str]:
        """Ports that have a filter of flows or of the MTU now."""
        shapings = self._shapings
        return [port for each, port in self._port.items() if shapings[each].flows or shapings[each].mtu]

    def _seed_of(self, direction: Direction) -> int | None:
        return None if self._seed is None else netem_seed(self._seed, direction, self._changes)

    def _counters(self, direction: Direction, tally: Tally, filters: Sequence[Row]) -> LinkCounters:
        losses = self._losses[direction].and_then(tally, self._states[direction])
        lost_flow, lost_mtu = self._vanished[direction] + flow_drops(filters), mtu_drops(filters)
        return LinkCounters(
            received=tally.sent + tally.dropped + tally.bucket_dropped + tally.queued + lost_flow + lost_mtu,
            released=tally.sent,
            lost_blackhole=losses.blackhole,
            lost_flow=lost_flow,
            lost_loss=losses.loss,
            lost_queue=tally.bucket_dropped,
            lost_overflow=losses.overflow,
            lost_mtu=lost_mtu,
        )

    def _set_ports(self, ports: Mapping[str, bool], *, up: bool) -> bool:
        """Set those ports up (or down) that are not; whether there were any. LinkError."""
        if not set_ports(self._ports, ports, up=up):
            return False
        self._ports.update({port: up for port, wanted in ports.items() if wanted is up})
        return True


@dataclass(frozen=True, slots=True)
class _Losses:
    """netem's own drops so far, by the state that was set at the time."""

    blackhole: int = 0
    loss: int = 0
    overflow: int = 0

    def and_then(self, tally: Tally, state: LinkState) -> _Losses:
        """These losses and what was dropped since, up to `tally`, under `state`."""
        new = tally.dropped - self.blackhole - self.loss - self.overflow
        if state.blackhole:
            return replace(self, blackhole=self.blackhole + new)
        if state.loss:
            return replace(self, loss=self.loss + new)
        return replace(self, overflow=self.overflow + new)


def _loses(state: LinkState) -> bool:
    return state.blackhole or state.loss is not None


def _require_equivalent(wanted: Mapping[str, Shaping], found: Mapping[str, Shaping]) -> None:
    for port, setting in wanted.items():
        got = found.get(port, Shaping())
        if not equivalent(setting, got):
            raise LinkError(f"{port} was set to {setting} and reads back as {got}")


def _source_port(topology: Topology, direction: Direction) -> str:
    return switch_port(*topology.ordinals(direction))
