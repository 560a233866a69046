"""Takes each reroute of a run apart: the rows of `reroutes` in the summary (docs/reroutes.md). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from controller.decisions import Decision, ends_text, overlap
from results.metrics.analysis import Analysis, Evidence
from results.metrics.interruptions import Interruption
from results.metrics.network_figures import LaneRow, RerouteParts, RerouteRow
from results.metrics.relay_figures import moves_stream
from results.metrics.reroute_causes import Cause, cause_of, seen_by
from results.metrics.reroute_packets import MediaOfMoves, MovedStream, way_of
from results.metrics.reroute_parts import Instants, Silence, parts_of

T = TypeVar("T", int, float)


@dataclass(frozen=True, slots=True, eq=False)
class _Lane:
    """A lane of a move: what became of its streams, and of the lane before and after."""

    lane: int
    streams: tuple[MovedStream, ...]
    before: Decision | None
    returned_ns: int | None


def reroute_rows(evidence: Evidence, analysis: Analysis) -> list[RerouteRow]:
    """One row per move onto a relay, in the order of installation; none if the media never started."""
    moves = [move for move in evidence.moves if move.relays] if analysis.start_ns else []
    media = MediaOfMoves.of(evidence, analysis) if moves else None
    return [_row(evidence, media, move) for move in moves if media]


def _row(evidence: Evidence, media: MediaOfMoves, move: Decision) -> RerouteRow:
    seen = seen_by(evidence, move)
    cause = cause_of(evidence, move, seen)
    streams = [(index, each) for index, each in enumerate(media.analysis.matched.streams) if moves_stream(move, each)]
    lanes = [
        _lane(evidence, media, move, cause, lane, [index for index, each in streams if each.lane == lane])
        for lane in move.lanes
    ]
    rows = [_lane_row(media, move, cause, lane) for lane in lanes if lane.streams]
    longest = max(rows, key=lambda row: row.interruption_ms or 0.0, default=None)
    seconds = media.analysis.seconds
    return RerouteRow(
        link=ends_text(move),
        via=move.relays[0],
        then=move.then,
        lanes=list(move.lanes),
        directions=sum(row.directions for row in rows),
        reason=move.reason,
        detector=seen.detector if seen else None,
        fault_at=seconds(cause.at_ns) if cause else None,
        seen_at=seconds(move.seen_ns),
        repaired_at=_seconds(media, move.repaired_ns),
        decided_at=seconds(move.decided_ns),
        flow_mods_sent_at=None if move.written_ns is None else seconds(move.written_ns),
        barrier_at=seconds(move.installed_ns),
        installed_at=seconds(move.installed_ns),
        relay_first_output_at=_first(row.relay_first_output_at for row in rows),
        first_packet_at=_first(row.first_packet_at for row in rows),
        media_recovered_at=_recovered_at(media, lanes),
        returned_at=_seconds(media, _first(lane.returned_ns for lane in lanes)),
        interruption_ms=longest.interruption_ms if longest else None,
        parts=longest.parts if longest else None,
        by_lane=rows,
        reordered=_total(row.reordered for row in rows),
    )


def _lane(
    evidence: Evidence, media: MediaOfMoves, move: Decision, cause: Cause | None, lane: int, streams: Sequence[int]
) -> _Lane:
    others = [each for each in evidence.moves if lane in each.lanes and overlap(each, move)]
    later = [each for each in others if each.decided_ns > move.decided_ns]
    following = min(later, key=_decided_ns, default=None)
    return _Lane(
        lane,
        tuple(media.moved(move, index, _begun_ns(move, cause), following) for index in streams),
        max((each for each in others if each.decided_ns < move.decided_ns), key=_decided_ns, default=None),
        next((each.installed_ns for each in later if not each.relays), None),
    )


def _begun_ns(move: Decision, cause: Cause | None) -> int:
    """From when on packets may have taken the new path because of a move. Switches make it by themselves once the fault
    is there, and the controller may hear of it late."""
    if move.repaired_ns is None:
        return move.decided_ns
    return cause.at_ns if cause else move.repaired_ns


def _decided_ns(move: Decision) -> int:
    return move.decided_ns


def _lane_row(media: MediaOfMoves, move: Decision, cause: Cause | None, lane: _Lane) -> LaneRow:
    silent = [(each, each.interruption) for each in lane.streams if each.interruption]
    longest = max(silent, key=lambda pair: pair[1].length_ns, default=None)
    return LaneRow(
        lane=lane.lane,
        directions=len(lane.streams),
        first_packet_sent_at=_seconds(media, _first(each.sent_ns for each in lane.streams)),
        relay_first_output_at=_seconds(media, _first(each.output_ns for each in lane.streams)),
        first_packet_at=_seconds(media, _first(each.received_ns for each in lane.streams)),
        media_recovered_at=_recovered_at(media, [lane]),
        returned_at=_seconds(media, lane.returned_ns),
        interruption_ms=round(longest[1].length_ns / 1e6, 3) if longest else None,
        parts=_parts(media, move, cause, lane.before, *longest) if longest else None,
        reordered=_total(each.reordered for each in lane.streams),
    )


def _parts(
    media: MediaOfMoves,
    move: Decision,
    cause: Cause | None,
    before: Decision | None,
    moved: MovedStream,
    silent: Interruption,
) -> RerouteParts:
    way = way_of(moved.stream.source, moved.stream.destination, before)
    instants = Instants(
        fault_ns=cause.at_ns if cause else None,
        seen_ns=move.seen_ns,
        decided_ns=move.decided_ns,
        installed_ns=move.installed_ns,
        sent_ns=moved.sent_ns,
        output_ns=moved.output_ns,
    )
    silence = Silence(silent.started_ns, silent.length_ns, None if silent.still else silent.ended_ns)
    return parts_of(instants, silence, cause.beyond_ns(media.topology, way) if cause else None)


def _recovered_at(media: MediaOfMoves, lanes: Sequence[_Lane]) -> float | None:
    silent = [each.interruption for lane in lanes for each in lane.streams if each.interruption]
    if any(each.still for each in silent):
        return None
    return _seconds(media, max((each.ended_ns for each in silent), default=None))


def _first(times: Iterable[T | None]) -> T | None:
    return min((each for each in times if each is not None), default=None)


def _total(counts: Iterable[int | None]) -> int | None:
    told = [each for each in counts if each is not None]
    return sum(told) if told else None


def _seconds(media: MediaOfMoves, at_ns: int | None) -> float | None:
    return None if at_ns is None else media.analysis.seconds(at_ns)
