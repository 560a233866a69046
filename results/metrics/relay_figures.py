"""Figures of each relay: cache hits at a reroute, fetches, queue, locks, catch-up time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from controller.decisions import Decision, concerns
from relay_app.locks.report import Durations, LockReport
from relay_app.records import FETCH, RELAY_COUNTERS, FetchOutcome
from relay_app.streams import Stream
from results.metrics.analysis import Analysis, Evidence
from results.metrics.figure_types import LengthQuantiles
from results.metrics.matching import Flags, Ints
from results.metrics.paths import passes
from results.metrics.streams import Floats, quantile
from results.metrics.system_figures import RelayFigures
from results.run_files.faults import ProcessFault
from results.run_files.machine import MachineReport, ProcessId
from results.run_files.records import Rows
from results.run_files.relay_lives import life_at

_DROPPED = "dropped_"


def relay_figures(evidence: Evidence, analysis: Analysis) -> dict[str, RelayFigures]:
    """Figures of every relay that left samples, by cluster."""
    relays = evidence.recording.relays
    return {name: _figures(evidence, analysis, name, rows) for name, rows in relays.items() if len(rows)}


def _figures(evidence: Evidence, analysis: Analysis, cluster: str, samples: Rows) -> RelayFigures:
    last, locks = samples[-1], evidence.locks.get(cluster, LockReport())
    moved = moved_streams(evidence, analysis, cluster)
    fetches = evidence.recording.fetches.get(cluster, np.empty(0, FETCH))
    delays = first_forwarded(evidence, analysis, cluster, moved)
    asked = asked_in_media(evidence, analysis, fetches)
    worst = max(locks.locks, key=lambda row: row.wait.total_ns, default=None)
    return RelayFigures(
        version=evidence.plan.relays.version_of(cluster),
        kinds=kinds_served(evidence, cluster),
        received=int(last["received"]),
        forwarded=int(last["forwarded"]),
        dropped={name.removeprefix(_DROPPED): int(last[name]) for name in RELAY_COUNTERS if name.startswith(_DROPPED)},
        receive_buffer=lane_drops(evidence.machine, cluster),
        cached=int(last["cached"]),
        moved=len(moved),
        hit_percent=_hit_percent(samples, fetches, moved),
        first_forwarded_ms=lengths_ms(np.array([*delays.values()], np.int64)),
        never_forwarded=len(moved) - len(delays),
        catch_up_ms=catch_up_ms(analysis, moved, delays),
        fetched_keys=len(asked),
        fetches_per_key=round(len(asked) / max(1, len(np.unique(asked[["life", "ssrc"]]))), 3),
        fetch_ms=lengths_ms(asked["answered_ns"] - asked["asked_ns"]),
        queue_most=int((samples["fetching"] + samples["queued"]).max()),
        waiting_most_kib=int(samples["waiting_bytes"].max()) >> 10,
        lock_wait_ms=_durations_ms(worst.wait if worst else None),
        lock_hold_ms=_durations_ms(worst.hold if worst else None),
        lock_waiters_most=max((row.most_waiters for row in locks.locks), default=0),
        lock_held_across_io_ms=round(sum(row.total_ns for row in locks.held_across_io) / 1e6, 3),
        lock_inversions=len(locks.inversions),
        stalls=len(locks.stalls),
    )


def kinds_served(evidence: Evidence, cluster: str) -> list[str]:
    """The relay kind of each life of a cluster's relay that served, in order."""
    faults = enumerate(evidence.plan.faults)
    ends = [number for number, fault in faults if isinstance(fault, ProcessFault) and fault.ends_relay_of(cluster)]
    succeeded = sum((number, "end") in evidence.fault_edges for number in ends)
    return list(evidence.plan.relay_kinds(cluster)[: 1 + succeeded])


def asked_in_media(evidence: Evidence, analysis: Analysis, fetches: Rows) -> Rows:
    """The rows of FETCH that were asked for after the media start, without those that failed by plan."""
    return fetches[(fetches["asked_ns"] >= analysis.start_ns) & ~_failed_by_plan(evidence, fetches)]


def _failed_by_plan(evidence: Evidence, fetches: Rows) -> Flags:
    """Flags fetches without answer during a fault on the directory: they are due to the fault, not to the relay."""
    failed = fetches["outcome"] == FetchOutcome.FAILED
    faulty = np.zeros(len(fetches), dtype=bool)
    for applied in evidence.applied_faults:
        if isinstance(applied.fault, ProcessFault) and applied.fault.process.kind == "directory":
            faulty |= applied.meets(fetches["asked_ns"], fetches["answered_ns"])
    excused: Flags = failed & faulty
    return excused


def moved_streams(evidence: Evidence, analysis: Analysis, cluster: str) -> dict[int, int]:
    """The streams that reroutes moved onto a cluster's relay before the media end.

    Key: index in the measured streams; value: when its first such move was installed, CLOCK_MONOTONIC ns, or when the
    first packet after it was due, if there was a call and speech only later. Without any it was not moved.
    """
    moved: dict[int, int] = {}
    for move in (each for each in evidence.moves if cluster in each.relays and each.in_force_ns < analysis.end_ns):
        for index, stream in enumerate(analysis.matched.streams):
            if index not in moved and moves_stream(move, stream):
                moved_ns = _used_from(evidence, analysis, move, index)
                moved |= {} if moved_ns is None else {index: moved_ns}
    return moved


def _used_from(evidence: Evidence, analysis: Analysis, move: Decision, index: int) -> int | None:
    """From when on a stream used the path of a move, ns; None if nothing was due until the next move of its lane."""
    packets, speech, stream = analysis.matched.packets, analysis.speech, analysis.matched.streams[index]
    start, stop = np.searchsorted(packets.stream, [index, index + 1]).tolist()
    row = start + int(np.searchsorted(packets.due_ns[start:stop], move.in_force_ns))
    if row == stop:
        return move.in_force_ns if speech.ends_ns[index] >= analysis.end_ns else None
    due_ns, interval_ns = int(packets.due_ns[row]), analysis.intervals.get(stream.media, 0)
    if due_ns - move.in_force_ns <= interval_ns or (row > start and speech.turn[row] == speech.turn[row - 1]):
        return move.in_force_ns
    later = (each for each in evidence.moves if each.in_force_ns > move.in_force_ns and moves_stream(each, stream))
    return due_ns if due_ns < min((each.in_force_ns for each in later), default=analysis.end_ns) else None


def moves_stream(move: Decision, stream: Stream) -> bool:
    """Whether a move concerns a stream: a relayed one between its pair, on one of its lanes. One under the SSRC of
    another goes where that does."""
    between = stream.taken is None and concerns(move, stream.source, stream.destination)
    return stream.relayed and between and stream.lane in move.lanes


def lane_drops(machine: MachineReport | None, cluster: str) -> int:
    """Packets dropped at the receive buffers of a relay's lanes, which are its only UDP sockets."""
    return sum(row.drops for row in machine.sockets_of(ProcessId("relay", cluster))) if machine else 0


def _hit_percent(samples: Rows, fetches: Rows, moved: Mapping[int, int]) -> float | None:
    """Share of moved streams for which the relay fetched no record after the first move, in the same life, %."""
    if not moved:
        return None
    first_ns = min(moved.values())
    found = fetches[(fetches["asked_ns"] >= first_ns) & (fetches["life"] == life_at(samples, first_ns))]
    asked = len(np.unique(found["ssrc"][found["outcome"] != FetchOutcome.UNKNOWN])) if len(found) else 0
    return round(100 * max(0, len(moved) - asked) / len(moved), 3)


def first_forwarded(evidence: Evidence, analysis: Analysis, cluster: str, moved: Mapping[int, int]) -> dict[int, int]:
    """Time from a stream's move to the arrival of its first packet over the relay, ns, by index of the stream."""
    packets = analysis.matched.packets
    over = packets.arrived & passes(packets.path, evidence.plan.topology.cluster(cluster).ordinal)
    return dict(_delays(packets.stream[over], packets.received_ns[over], moved))


def _delays(stream: Ints, received_ns: Ints, moved: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    # `stream` is sorted: the packets of a stream are found by binary search, not by a pass over all packets for each.
    starts = np.searchsorted(stream, [*moved], side="left").tolist()
    stops = np.searchsorted(stream, [*moved], side="right").tolist()
    for (index, moved_ns), start, stop in zip(moved.items(), starts, stops, strict=True):
        times = received_ns[start:stop]
        after = times[times >= moved_ns]
        if len(after):
            yield index, int(after.min()) - moved_ns


def catch_up_ms(analysis: Analysis, moved: Mapping[int, int], delays: Mapping[int, int]) -> float | None:
    """Time from the first move until the last moved stream was served, or to the media end, ms."""
    if not moved:
        return None
    first_ns = min(moved.values())
    served = [moved[index] + delays[index] if index in delays else analysis.end_ns for index in moved]
    return round((max(served) - first_ns) / 1e6, 3)


def _durations_ms(durations: Durations | None) -> LengthQuantiles:
    if durations is None or not durations.count:
        return LengthQuantiles(None, None, None)
    return LengthQuantiles(*(round(ns / 1e6, 3) for ns in (durations.p50_ns, durations.p99_ns, durations.max_ns)))


def lengths_ms(lengths_ns: Ints | Floats) -> LengthQuantiles:
    """Median, 99th percentile and maximum of lengths, in ms."""
    return LengthQuantiles(quantile_ms(lengths_ns, 0.5), quantile_ms(lengths_ns, 0.99), quantile_ms(lengths_ns, 1.0))


def quantile_ms(values_ns: Ints | Floats, share: float) -> float | None:
    """A quantile in ms; None without values."""
    found = quantile(values_ns, share)
    return None if found is None else round(found / 1e6, 3)
