"""The life of a session around its interruptions, at a time, or as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from controller.decisions import concerns, ends_text
from relay_app.streams import Stream
from results.inspection.packet_life import PacketLife, StreamRecords, links_told, lives, stream_records
from results.metrics.analysis import Analysis, Evidence
from results.metrics.interruptions import Interruption
from results.metrics.matching import NEVER, Ints
from results.run_files.events import FaultEdge
from topologies.model import route_name

AROUND = 3
"""So many packets are shown before and after an interruption."""

AT_NS = 100_000_000
"""Packets are shown that were sent so long before and after a time."""


@dataclass(frozen=True, slots=True)
class Window:
    """Packets of a stream that follow each other."""

    why: str
    """Why they are shown."""
    packets: list[PacketLife]


@dataclass(frozen=True, slots=True)
class StreamLife:
    """One direction of the session."""

    source: str
    destination: str
    ssrc: str
    """As Wireshark shows it."""
    media: str
    lane: int
    sent: int
    received: int
    lost: int
    interruptions: int
    windows: list[Window]


@dataclass(frozen=True, slots=True)
class Happening:
    """A fault or a reroute that concerns the session's clusters."""

    at: float
    """s since the media start."""
    what: str


@dataclass(frozen=True, slots=True)
class SessionLife:
    """A session of a run."""

    scenario: str
    seed: int
    session: str
    links_told: bool
    """Whether what links did to single packets was recorded; else losses on links have no place."""
    happenings: list[Happening]
    """In the order of their times."""
    streams: list[StreamLife]
    unmeasured: list[str]
    """Directions, as source→destination, of which the record of an end is missing."""


def session_names(evidence: Evidence) -> list[str]:
    """The names of all sessions of a run."""
    return list(dict.fromkeys(stream.session for stream in evidence.recording.streams))


def session_life(
    evidence: Evidence, analysis: Analysis, session: str, *, at_ns: int | None = None, every: bool = False
) -> SessionLife:
    """The life of a session of `session_names`: around its interruptions; with `at_ns`, since the media start, around
    that time; with `every` all of it."""
    measured = [index for index, each in enumerate(analysis.matched.streams) if each.session == session]
    streams = [analysis.matched.streams[index] for index in measured]
    return SessionLife(
        evidence.plan.scenario,
        evidence.plan.seed,
        session,
        links_told(evidence),
        sorted(_happenings(evidence, analysis, streams), key=lambda each: each.at),
        [_stream(evidence, analysis, index, at_ns, every=every) for index in measured],
        [f"{each.source}→{each.destination}" for each in analysis.matched.unrecorded if each.session == session],
    )


def _stream(evidence: Evidence, analysis: Analysis, index: int, at_ns: int | None, *, every: bool) -> StreamLife:
    records = stream_records(evidence, analysis, index)
    own = slice(records.first, records.first + records.count)
    interruptions = [each for each in analysis.interruptions if each.stream == records.stream]
    stream, arrived = records.stream, analysis.matched.packets.arrived_in(own)
    windows = _windows(analysis, records, interruptions, at_ns, every=every)
    return StreamLife(
        stream.source,
        stream.destination,
        f"0x{stream.carried_ssrc:08x}",
        stream.media,
        stream.lane,
        records.count,
        int(np.count_nonzero(arrived)),
        int(np.count_nonzero(analysis.fate.lost[own])),
        len(interruptions),
        [Window(why, list(lives(evidence, analysis, records, rows))) for why, rows in windows],
    )


def _windows(
    analysis: Analysis, records: StreamRecords, interruptions: list[Interruption], at_ns: int | None, *, every: bool
) -> Iterator[tuple[str, Ints]]:
    """The rows in Packets that are shown, each with why."""
    rows = np.arange(records.first, records.first + records.count)
    if every:
        yield "all packets", rows
    elif at_ns is not None:
        sent_ns = analysis.matched.packets.sent_ns[rows] - analysis.start_ns
        yield f"at {at_ns / 1e9:g} s", rows[np.abs(sent_ns - at_ns) <= AT_NS]
    else:
        for each in interruptions:
            still = ", and did not end" if each.still else ""
            begun, length_ms = analysis.seconds(each.started_ns), each.length_ns / 1e6
            why = f"interruption of {length_ms:.1f} ms from {begun:.3f} s{still}"
            yield why, rows[_around(analysis, rows, each)]


def _around(analysis: Analysis, rows: Ints, each: Interruption) -> slice:
    """From before the packet that was heard last until after the one that was heard next, in order of sending."""
    received_ns = analysis.matched.packets.received_ns[rows]
    before = np.flatnonzero((received_ns != NEVER) & (received_ns <= each.started_ns))
    after = np.flatnonzero(received_ns >= each.ended_ns)
    first = int(before[received_ns[before].argmax()]) if len(before) else 0
    last = int(after[received_ns[after].argmin()]) if len(after) and not each.still else len(rows) - 1
    return slice(max(0, min(first, last) + 1 - AROUND), max(first, last) + AROUND)


def _happenings(evidence: Evidence, analysis: Analysis, streams: list[Stream]) -> Iterator[Happening]:
    yield from _faults(evidence, analysis)
    for one in {frozenset((each.source, each.destination)): each for each in streams}.values():
        lanes = {each.lane for each in streams}
        for move in evidence.moves:
            both = (one.source, one.destination), (one.destination, one.source)
            if any(concerns(move, *ends) for ends in both) and lanes & set(move.lanes):
                way = route_name(move.relays)
                yield Happening(analysis.seconds(move.in_force_ns), f"{ends_text(move)} {way}: {move.reason}")


def _faults(evidence: Evidence, analysis: Analysis) -> Iterator[Happening]:
    words = {"start": "begins", "level": "changes", "end": "ends"}
    for edge in evidence.of(FaultEdge):
        fault = evidence.plan.faults[edge.fault]
        where = f" on {fault.where}" if fault.where else ""
        yield Happening(analysis.seconds(edge.applied_first_ns), f"{fault.what}{where} {words[edge.edge]}")


def alike(one: PacketLife, other: PacketLife) -> bool:
    """Whether two packets had the same life but for its times."""
    steps = [[(step.where, step.what) for step in each.steps] for each in (one, other)]
    return one.fate == other.fate and steps[0] == steps[1]


def in_runs(packets: list[PacketLife]) -> list[list[PacketLife]]:
    """Packets that follow each other and are alike, together."""
    runs: list[list[PacketLife]] = [packets[:1]] if packets else []
    for one, other in pairwise(packets):
        if alike(one, other):
            runs[-1].append(other)
        else:
            runs.append([other])
    return runs
