"""Figures of WebRTC calls over TURN servers, by packets at the peers' hosts, beside what getStats() told. Pure.

A peer connection that is begun anew has streams of its own, with other SSRCs; to a listener they are one direction.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hostio.timing import MS, S
from relay_app.records import RELAYED_PACKET
from relay_app.webrtc_calls import Call, CallGroup, calls_of
from results.metrics.analysis import Analysis, Evidence
from results.metrics.beside_sessions import WebrtcFigures
from results.metrics.figure_types import Quantiles
from results.metrics.matching import Ints
from results.metrics.relay_figures import quantile_ms
from results.run_files.peer_log import InboundStream, PeerRecord
from results.run_files.records import Rows

_SEQUENCES = 1 << 16

STILL_NS = 1 * S
"""How long before the media end the last packet must have arrived for a direction to be interrupted still."""


@dataclass(frozen=True, slots=True, eq=False)
class RelayedStream:
    """The packets of an SSRC: those sent, in order, with when they arrived first, ns; -1: never.

    `stats`: what getStats() of the receiving peer told; None: nothing.
    """

    sent_ns: Ints
    arrived_ns: Ints
    stats: InboundStream | None

    @property
    def lost(self) -> int:
        """Packets that did not arrive."""
        return int(np.count_nonzero(self.arrived_ns < 0))

    @property
    def lost_after_last(self) -> int:
        """Of these, those sent after the last one that arrived."""
        arrived = np.flatnonzero(self.arrived_ns >= 0)
        return len(self.arrived_ns) - (int(arrived[-1]) + 1 if len(arrived) else 0)

    @property
    def stats_off(self) -> int | None:
        """By how much packetsLost differs from the losses of which a receiver can know."""
        return None if self.stats is None else abs(self.stats.lost - (self.lost - self.lost_after_last))


@dataclass(frozen=True, slots=True, eq=False)
class CallDirection:
    """One direction of a call. `heard`: the rows of its packets that arrived, in order of time; `losses_ns`: from when
    the receiving peer last received to when it found a peer connection lost."""

    call: Call
    streams: tuple[RelayedStream, ...]
    heard: Rows
    losses_ns: tuple[tuple[int, int], ...]

    def silences_ns(self, end_ns: int) -> tuple[Ints, Ints]:
        """From when to when nothing arrived, of each two packets in a row; the last until the media end. Empty if
        nothing arrived."""
        at_ns = self.heard["at_ns"].astype(np.int64)
        return at_ns, np.append(at_ns[1:], max(end_ns, int(at_ns[-1]))) if len(at_ns) else at_ns


def call_directions(evidence: Evidence) -> dict[str, list[CallDirection]]:
    """Both directions of every call, by group."""
    found: dict[str, list[CallDirection]] = {group.name: [] for group in evidence.plan.webrtc}
    for call in calls_of(evidence.plan.webrtc):
        for ends in ((call.group.a, call.group.b), (call.group.b, call.group.a)):
            found[call.group.name].append(_direction(evidence, call, *ends))
    return found


def webrtc_figures(evidence: Evidence, analysis: Analysis) -> dict[str, WebrtcFigures]:
    """Figures of each group of calls, by name."""
    clusters = {int(ipaddress.IPv4Address(each.address)): each.name for each in evidence.plan.topology.clusters}
    directions = call_directions(evidence)
    return {
        group.name: _figures(evidence, group, directions[group.name], clusters, analysis.end_ns)
        for group in evidence.plan.webrtc
    }


def extended(seq: Ints, first: int) -> Ints:
    """16-bit sequence numbers in the order of their packets, without wrap; `first` is before or at the first one."""
    if not len(seq):
        return seq
    begin = first + (int(seq[0]) - first) % _SEQUENCES
    half = _SEQUENCES // 2
    steps = (np.diff(seq) + half) % _SEQUENCES - half
    result: Ints = begin + np.concatenate([np.zeros(1, np.int64), np.cumsum(steps)])
    return result


def stream_of(sent: Rows, heard: Rows, stats: InboundStream | None) -> RelayedStream:
    """The packets of one SSRC, of RELAYED_PACKET rows where they were sent and where they arrived, in order of time."""
    first = int(sent["seq"][0]) if len(sent) else 0
    numbers, index = np.unique(extended(sent["seq"].astype(np.int64), first), return_index=True)
    arrived_ns = np.full(len(numbers), -1, np.int64)
    arrived, when = np.unique(extended(heard["seq"].astype(np.int64), first), return_index=True)
    known = np.isin(arrived, numbers)
    arrived_ns[np.searchsorted(numbers, arrived[known])] = heard["at_ns"][when[known]]
    return RelayedStream(sent["at_ns"][index].astype(np.int64), arrived_ns, stats)


def _direction(evidence: Evidence, call: Call, source: str, destination: str) -> CallDirection:
    sender, listener = (evidence.peers.get(call.peer_name(end)) for end in (source, destination))
    ssrcs = sorted(sender.sent) if sender else []
    out, back = (_rows(evidence, end, ssrcs, outgoing=end == source) for end in (source, destination))
    inbound: Mapping[int, InboundStream] = listener.inbound if listener else {}
    streams = (stream_of(out[out["ssrc"] == ssrc], back[back["ssrc"] == ssrc], inbound.get(ssrc)) for ssrc in ssrcs)
    return CallDirection(call, tuple(streams), back, tuple(_losses(listener, back)))


def _rows(evidence: Evidence, cluster: str, ssrcs: Sequence[int], *, outgoing: bool) -> Rows:
    rows = evidence.recording.relayed.get(cluster, np.empty(0, RELAYED_PACKET))
    rows = rows[np.isin(rows["ssrc"], ssrcs) & (rows["outgoing"] == outgoing)]
    ordered: Rows = rows[np.argsort(rows["at_ns"], kind="stable")]
    return ordered


def _losses(listener: PeerRecord | None, heard: Rows) -> Iterator[tuple[int, int]]:
    for lost_ns in sorted(listener.lost_ns.values()) if listener else ():
        if len(before := heard["at_ns"][heard["at_ns"] <= lost_ns]):
            yield int(before[-1]), lost_ns


def _figures(
    evidence: Evidence, group: CallGroup, directions: Sequence[CallDirection], clusters: Mapping[int, str], end_ns: int
) -> WebrtcFigures:
    streams = [stream for each in directions for stream in each.streams]
    sent, lost = sum(len(each.sent_ns) for each in streams), sum(each.lost for each in streams)
    from_ns, until_ns = silences(directions, end_ns)
    servers = Counter(clusters.get(int(server), "") for each in directions for server in each.heard["server"])
    return WebrtcFigures(
        between=[group.a, group.b],
        turn=list(group.turn),
        calls=group.count,
        restarts=sum(_restarts(evidence, call) for call in calls_of(evidence.plan.webrtc) if call.group == group),
        sent=sent,
        received=sent - lost,
        lost=lost,
        lost_after_last=sum(each.lost_after_last for each in streams),
        received_by_server={name: servers[name] for name in sorted(servers)},
        one_way_ms=_quantiles_ms(*one_way(streams)),
        longest_interruption_ms=_longest_ms(until_ns - from_ns),
        still_interrupted=sum(_is_silent(each, end_ns) for each in directions),
        noticed_ms=_longest_ms(np.array([until - since for each in directions for since, until in each.losses_ns])),
        stats_lost=_sum(each.stats.lost if each.stats else None for each in streams),
        stats_off=_sum(each.stats_off for each in streams),
    )


def silences(directions: Sequence[CallDirection], end_ns: int) -> tuple[Ints, Ints]:
    """All silences of these directions, from and until, ns."""
    none = np.empty(0, np.int64)
    found = [each.silences_ns(end_ns) for each in directions]
    return np.concatenate([none, *(each[0] for each in found)]), np.concatenate([none, *(each[1] for each in found)])


def one_way(streams: Sequence[RelayedStream]) -> tuple[Ints, Ints]:
    """When each packet that arrived was sent, and when it arrived, ns."""
    sent_ns = np.concatenate([np.empty(0, np.int64), *(each.sent_ns for each in streams)])
    arrived_ns = np.concatenate([np.empty(0, np.int64), *(each.arrived_ns for each in streams)])
    return sent_ns[arrived_ns >= 0], arrived_ns[arrived_ns >= 0]


def _restarts(evidence: Evidence, call: Call) -> int:
    """Peer connections after the first that both peers connected."""
    peers = [evidence.peers.get(call.peer_name(end)) for end in (call.group.a, call.group.b)]
    numbers = [set(peer.connected_ns) if peer else set() for peer in peers]
    return len(set.intersection(*numbers) - {0})


def _is_silent(direction: CallDirection, end_ns: int) -> bool:
    return not len(direction.heard) or end_ns - int(direction.heard["at_ns"][-1]) >= STILL_NS


def _quantiles_ms(sent_ns: Ints, arrived_ns: Ints) -> Quantiles:
    return Quantiles(quantile_ms(arrived_ns - sent_ns, 0.5), quantile_ms(arrived_ns - sent_ns, 0.99))


def _longest_ms(lengths_ns: Ints) -> float | None:
    return round(int(lengths_ns.max()) / MS, 3) if len(lengths_ns) else None


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Their sum; None if one is not known, or there is none."""
    told = list(numbers)
    return sum(each for each in told if each is not None) if told and None not in told else None
