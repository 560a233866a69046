"""The life of single packets of a stream: sent, each hop, what a link or a relay did to it, received. Pure.

Of a packet that arrived the relays come from its path log, and the links from the direct paths between these. Of one
that did not, only what was recorded where it ended is known, and when. A hop has no time of its own:
nothing records it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from relay_app.streams import Stream
from results.ledger.packet_fates import fate_name, reason_name
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import NEVER, Ints, located
from results.metrics.paths import path_ordinals, tells_route
from results.run_files.records import Rows
from topologies.link_backend import FATES, HELD
from topologies.model import Topology


@dataclass(frozen=True, slots=True)
class Step:
    """A place that a packet came to."""

    where: str
    """`client CLUSTER`, `link A→B`, `relay CLUSTER`, or `not told`."""
    what: str
    """What became of it there: `sent`, `passed`, `lost: CAUSE`, `received`, …"""
    at: float | None
    """When, s since the media start; null: nothing records it."""


@dataclass(frozen=True, slots=True)
class PacketLife:
    """A packet of a stream."""

    seq: int
    """Its sequence number, extended (RFC 3550 A.1)."""
    sent_at: float
    """When it was sent, s since the media start."""
    one_way_ms: float | None
    """From then until the first copy was received; null: none was."""
    fate: str
    """`received`, `lost`, or `under way` when the media ended."""
    steps: list[Step]
    """All that is known of its way."""


@dataclass(frozen=True, slots=True, eq=False)
class StreamRecords:
    """The records of one stream. `first`: row in Packets of its first one, `count`: how many there are; `noted`: steps
    that links and relays recorded, by row in Packets, with their time, CLOCK_MONOTONIC ns."""

    stream: Stream
    first: int
    count: int
    noted: Mapping[int, Sequence[tuple[int, Step]]]


def stream_records(evidence: Evidence, analysis: Analysis, index: int) -> StreamRecords:
    """The records of a measured stream, by its index."""
    matched = analysis.matched
    stream, rows = matched.streams[index], np.flatnonzero(matched.packets.stream == index)
    noted: dict[int, list[tuple[int, Step]]] = {}
    for row, at_ns, where, what in (*_on_links(evidence, analysis, stream), *_in_relays(evidence, analysis, stream)):
        if len(rows) and rows[0] <= row <= rows[-1]:
            noted.setdefault(row, []).append((at_ns, Step(where, what, analysis.seconds(at_ns))))
    for row, where, at_ns in _at_other_listeners(analysis):
        noted.setdefault(row, []).append((at_ns, Step(where, "lost: taken SSRC", analysis.seconds(at_ns))))
    ordered = {row: sorted(steps, key=lambda step: step[0]) for row, steps in noted.items()}
    return StreamRecords(stream, int(rows[0]) if len(rows) else 0, len(rows), ordered)


Noted = tuple[int, int, str, str]
"""Row in Packets, time, place, and what happened."""


def _on_links(evidence: Evidence, analysis: Analysis, stream: Stream) -> Iterator[Noted]:
    directions = evidence.plan.topology.directions
    for row, frame in _of_stream(evidence.recording.link_fates, analysis, stream):
        what = int(frame["what"])
        name = "under way at the end" if what == HELD else _said(FATES[what])
        yield row, int(frame["at_ns"]), f"link {directions[int(frame['direction'])]}", name


def _said(fate: str) -> str:
    return f"lost: {fate_name(fate)}" if fate.startswith("lost_") else fate_name(fate)


def _in_relays(evidence: Evidence, analysis: Analysis, stream: Stream) -> Iterator[Noted]:
    for cluster, rows in evidence.recording.relay_fates.items():
        for row, dropped in _of_stream(rows, analysis, stream):
            yield row, int(dropped["at_ns"]), f"relay {cluster}", f"lost: {reason_name(int(dropped['reason']))}"


def _of_stream(rows: Rows, analysis: Analysis, stream: Stream) -> Iterator[tuple[int, Rows]]:
    """Records of packets with a stream's SSRC, each with its row in Packets."""
    mine = rows[rows["ssrc"] == stream.carried_ssrc]
    if len(mine):
        packets = located(analysis.matched.streams, analysis.matched.packets, mine)
        yield from zip(packets.tolist(), mine, strict=True)


def _at_other_listeners(analysis: Analysis) -> Iterator[tuple[int, str, int]]:
    collided, streams = analysis.matched.collided, analysis.matched.streams
    columns = (collided.packet.tolist(), collided.stream.tolist(), collided.received_ns.tolist())
    for packet, stream, at_ns in zip(*columns, strict=True):
        yield packet, f"client {streams[stream].destination}", at_ns


def lives(evidence: Evidence, analysis: Analysis, records: StreamRecords, rows: Ints) -> Iterator[PacketLife]:
    """The lives of some packets of a stream, by their rows in Packets."""
    packets, copies = analysis.matched.packets, _later_copies(analysis, records)
    for row in rows.tolist():
        received_ns, sent_ns = int(packets.received_ns[row]), int(packets.sent_ns[row])
        arrived = received_ns != NEVER
        way = _way(evidence, analysis, records, row) if arrived else _end(evidence, records, row)
        yield PacketLife(
            int(packets.seq[row]),
            analysis.seconds(sent_ns),
            round((received_ns - sent_ns) / 1e6, 3) if arrived else None,
            "received" if arrived else "lost" if analysis.fate.lost[row] else "under way",
            [
                Step(f"client {records.stream.source}", "sent", analysis.seconds(sent_ns)),
                *way,
                *(_arrival(analysis, records, "received", at_ns) for at_ns in ([received_ns] if arrived else [])),
                *(_arrival(analysis, records, "a copy received", at_ns) for at_ns in copies.get(row, ())),
            ],
        )


def _arrival(analysis: Analysis, records: StreamRecords, what: str, at_ns: int) -> Step:
    return Step(f"client {records.stream.destination}", what, analysis.seconds(at_ns))


def _later_copies(analysis: Analysis, records: StreamRecords) -> Mapping[int, list[int]]:
    """When copies after the first arrived, by row in Packets."""
    arrivals, packets = analysis.matched.arrivals, analysis.matched.packets
    last = records.first + records.count
    copied = np.flatnonzero(packets.copies[records.first : last] > 1) + records.first
    found: dict[int, list[int]] = {}
    for at in np.flatnonzero(np.isin(arrivals.packet, copied)).tolist():
        found.setdefault(int(arrivals.packet[at]), []).append(int(arrivals.received_ns[at]))
    return {row: sorted(times)[1:] for row, times in found.items()}


def _way(evidence: Evidence, analysis: Analysis, records: StreamRecords, row: int) -> Iterator[Step]:
    """The places that a packet passed which arrived, with what was noted of it on the way."""
    noted = {step.where: step for _, step in records.noted.get(row, ())}
    stream, topology = records.stream, evidence.plan.topology
    if not tells_route(evidence.plan, stream):
        yield Step("not told", "it carries no log of the relays that it passed", None)
        yield from noted.values()
        return
    passed = list(_places(int(analysis.matched.packets.path[row]), stream, topology))
    yield from (noted.get(where, Step(where, "passed", None)) for where in passed)
    yield from (step for where, step in noted.items() if where not in passed)


def _places(path: int, stream: Stream, topology: Topology) -> Iterator[str]:
    """The relays of a path log, and the links between them; of a stream that no relay carries the links alone."""
    names = {cluster.ordinal: cluster.name for cluster in topology.clusters}
    relays = [names[each] for each in path_ordinals(path) if each in names]
    if not relays:
        yield from (f"link {hop}" for hop in topology.hops(stream.source, stream.destination))
        return
    yield f"relay {relays[0]}"
    for one, other in pairwise(relays):
        yield from (f"link {hop}" for hop in topology.hops(one, other))
        yield f"relay {other}"


def _end(evidence: Evidence, records: StreamRecords, row: int) -> Iterator[Step]:
    """What was noted of a packet that did not arrive."""
    noted = [step for _, step in records.noted.get(row, ())]
    yield from noted
    if any(step.what.startswith(("lost", "under way")) for step in noted):
        return
    if links_told(evidence):
        yield Step("not told", "no record says where it ended", None)
    else:
        back_end = evidence.plan.environment.link_backend if evidence.plan.environment else "the link back end"
        yield Step("not told", f"{back_end} does not record what links do to single packets", None)


def links_told(evidence: Evidence) -> bool:
    """Whether the link back end recorded what it did to single packets."""
    return evidence.plan.link_capabilities.notes_frames
