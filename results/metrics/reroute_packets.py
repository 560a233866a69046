"""What the packets of a stream tell of a reroute: when they took the new path, and whom it found silent. Pure; ns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from controller.decisions import Decision
from hostio.timing import MS
from relay_app.records import RELAY_FATE
from relay_app.streams import Stream
from results.metrics.analysis import Analysis, Evidence
from results.metrics.interruptions import Interruption
from results.metrics.matching import UNMATCHED, Flags, Ints, located
from results.metrics.paths import path_ordinals, tells_route
from results.metrics.streams import LONGEST_GUARD_NS
from results.run_files.plan import Plan
from topologies.model import Topology

_NEVER_NS = 1 << 62
"""After every time of a run."""

_HEARD_WITHIN_NS = 250 * MS
"""By so long after lanes are back on a direct path that is good something is heard over it."""


@dataclass(frozen=True, slots=True)
class MovedStream:
    """A stream that a reroute moved. Of the packets that took the new path: `sent_ns`, when the first was sent;
    `received_ns`, when the first that arrived did; `output_ns`, when the last relay gave that out. `interruption`: the
    silence in which the reroute found the stream, or which it made. `reordered`: how many packets are out of order
    because they or what overtook them took the new path, and the others not; None: they do not tell."""

    stream: Stream
    sent_ns: int | None
    output_ns: int | None
    received_ns: int | None
    interruption: Interruption | None
    reordered: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Overtaken:
    """Packets out of order, ordered by stream: index of the stream, row in Packets, and that of the first to arrive of
    those sent later."""

    stream: Ints
    packet: Ints
    by: Ints

    @classmethod
    def of(cls, analysis: Analysis) -> Overtaken:
        """Those of a run."""
        order = analysis.order
        late = np.flatnonzero(order.reordered)
        packet = order.packet[late]
        return cls(analysis.matched.packets.stream[packet], packet, order.packet[late - order.extent[late]])

    def across(self, index: int, first: int, over: Flags) -> int:
        """How many of a stream took the one path, and what overtook them the other. `over`: flags those of its packets
        that took the one, of which `first` is the row of the first."""
        own = slice(*np.searchsorted(self.stream, [index, index + 1]).tolist())
        return int(np.count_nonzero(over[self.packet[own] - first] != over[self.by[own] - first]))


@dataclass(frozen=True, slots=True, eq=False)
class Unforwarded:
    """Packets that a relay did not forward, ordered by stream: index of the stream, when sent, when it had them."""

    stream: Ints
    sent_ns: Ints
    at_ns: Ints

    def sent_first_ns(self, index: int, from_ns: int, until_ns: int) -> int | None:
        """When the first was sent of those of a stream that it had from `from_ns` on, and that were sent before
        `until_ns`."""
        start, stop = np.searchsorted(self.stream, [index, index + 1]).tolist()
        sent_ns, at_ns = self.sent_ns[start:stop], self.at_ns[start:stop]
        return _least(sent_ns[(at_ns >= from_ns) & (sent_ns < until_ns)])


def way_of(source: str, destination: str, move: Decision | None) -> tuple[str, ...]:
    """Clusters between which, and over whose relays, packets go after a move of their lane; None: the direct path."""
    relays = () if move is None else move.relays if move.a == source else move.relays[::-1]
    return (source, *relays, destination)


@dataclass(frozen=True, slots=True, eq=False)
class MediaOfMoves:
    """The packets and silences of a run, as reroutes are taken apart by them."""

    plan: Plan
    analysis: Analysis
    overtaken: Overtaken
    interruptions: Mapping[int, Sequence[Interruption]]
    """By SSRC, in order."""
    unforwarded: Mapping[str, Unforwarded] = field(default_factory=dict)
    """By cluster of the relay."""

    @classmethod
    def of(cls, evidence: Evidence, analysis: Analysis) -> MediaOfMoves:
        """Those of a run with reroutes."""
        by_ssrc: dict[int, list[Interruption]] = {}
        for each in analysis.interruptions:
            by_ssrc.setdefault(each.stream.ssrc, []).append(each)
        relays = {relay for move in evidence.moves for relay in move.relays}
        unforwarded = {relay: _unforwarded(evidence, analysis, relay) for relay in relays}
        return cls(evidence.plan, analysis, Overtaken.of(analysis), by_ssrc, unforwarded)

    @property
    def topology(self) -> Topology:
        """That of the run."""
        return self.plan.topology

    def moved(self, move: Decision, index: int, from_ns: int, following: Decision | None) -> MovedStream:
        """What a reroute did to a stream. `from_ns`: when it was decided, or its cause began; `following`: the next
        move of its lane."""
        until_ns, left_ns = (following.decided_ns, following.installed_ns) if following else (_NEVER_NS, _NEVER_NS)
        packets, stream = self.analysis.matched.packets, self.analysis.matched.streams[index]
        rows = slice(*np.searchsorted(packets.stream, [index, index + 1]).tolist())
        sent_ns, received_ns = packets.sent_ns[rows], packets.received_ns[rows]
        way = way_of(stream.source, stream.destination, move)
        on_it = (received_ns >= from_ns) & (sent_ns < left_ns)
        on_it[on_it] = self._took(way, packets.path[rows][on_it])
        over = on_it & (sent_ns < until_ns)
        received, sent = _least(received_ns[over]), _least(sent_ns[over])
        dropped = self.unforwarded[way[1]].sent_first_ns(index, from_ns, until_ns)
        firsts = [each for each in (sent, dropped) if each is not None]
        last_leg_ns = self.topology.one_way_ns(*way[-2:])
        return MovedStream(
            stream,
            min(firsts, default=None),
            None if received is None else received - last_leg_ns,
            received,
            self._silence(stream, move, from_ns, received, following),
            self.overtaken.across(index, rows.start, on_it) if tells_route(self.plan, stream) else None,
        )

    def _took(self, way: Sequence[str], paths: Ints) -> Flags:
        """Flags the path logs that have, besides the ends, the relays of a way and no others."""
        ordinals = [self.topology.cluster(name).ordinal for name in way]
        flags: Flags = np.zeros(len(paths), bool)
        for path in set(paths.tolist()):
            if _between(path, ordinals) == set(ordinals[1:-1]):
                flags |= paths == path
        return flags

    def _silence(
        self, stream: Stream, move: Decision, from_ns: int, received_ns: int | None, following: Decision | None
    ) -> Interruption | None:
        """The first to end after `from_ns`, and to begin before anything came over the new path; if nothing did, at
        most as long after the installation as a packet may have been under way before. One that the return to the
        direct path did not end either is no reroute's."""
        begun_by_ns = move.installed_ns + LONGEST_GUARD_NS if received_ns is None else received_ns
        own = self.interruptions.get(stream.ssrc, ())
        found = next((each for each in own if each.ended_ns >= from_ns and each.started_ns < begun_by_ns), None)
        taken_back = following if following and not following.relays and received_ns is None else None
        if found and taken_back and found.ended_ns > taken_back.installed_ns + _HEARD_WITHIN_NS:
            return None
        return found


def _between(path: int, ordinals: Sequence[int]) -> set[int]:
    return set(path_ordinals(path)) - {ordinals[0], ordinals[-1]}


def _least(times_ns: Ints) -> int | None:
    return int(times_ns.min()) if len(times_ns) else None


def _unforwarded(evidence: Evidence, analysis: Analysis, relay: str) -> Unforwarded:
    fates = evidence.recording.relay_fates.get(relay, np.empty(0, RELAY_FATE))
    packets = analysis.matched.packets
    row = located(analysis.matched.streams, packets, fates)
    known = row != UNMATCHED
    row, at_ns = row[known], fates["at_ns"][known]
    order = np.argsort(packets.stream[row], kind="stable")
    return Unforwarded(packets.stream[row[order]], packets.sent_ns[row[order]], at_ns[order])
