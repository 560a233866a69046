"""A run made by arithmetic, to take its reroutes apart: a blackhole at 4 s, packets over the relay from 4.28 s on.

Delays are 31.15 ms direct, 15.3 ms to the relay at us-central and 25.25 ms from there (from us-east; else the other way
round); stream number i has its packets i / 8 ms after every multiple of 20 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from synthetic_media import START
from synthetic_run import Blip

from controller.decisions import Decision, HealthChange
from controller.settings import Detector
from hostio.timing import S
from results.metrics.analysis import Evidence, analyse
from results.metrics.network_figures import LaneRow, RerouteRow
from results.metrics.reroutes import reroute_rows
from results.report.report import read_evidence
from results.run_files.documents import ControllerRecord, Event
from results.run_files.events import FaultEdge
from results.run_files.faults import Freeze, Process, ProcessFault

DIRECT, LEG, LAST_LEG = 31.15, 15.3, 25.25
SEEN, DECIDED, WRITTEN, INSTALLED, MOVED, RETURNED = 4.25, 4.2505, 4.252, 4.255, 4.28, 9.1
ALL = tuple(range(16))


def ns(at_s: float) -> int:
    return START + round(at_s * S)


def decision(via: str | None = "us-central", *, lanes: Sequence[int] = ALL, seen: float = SEEN) -> Decision:
    """Onto the relay at us-central or, from RETURNED on, off it."""
    reason = "us-east→us-west: no probe for 250 ms" if via else "clean for 3 s"
    times = [seen, DECIDED, DECIDED, INSTALLED, WRITTEN] if via else [RETURNED] * 5
    seen_ns, decided_ns, sent_ns, installed_ns, written_ns = map(ns, times)
    return Decision(
        "us-east",
        "us-west",
        via,
        tuple(lanes),
        reason,
        seen_ns,
        decided_ns,
        sent_ns,
        installed_ns,
        written_ns=written_ns,
    )


def frozen(cluster: str) -> ProcessFault:
    return ProcessFault("relay-freeze", 4 * S, 6 * S, Process("relay", cluster), Freeze())


def change(source: str, destination: str, at_s: float = SEEN, *, canary: bool = False) -> HealthChange:
    detector: Detector = "relay-canary" if canary else "link"
    return HealthChange(source, destination, "clean", "down", ns(at_s), "no probe for 250 ms", detector)


WATCHED = (change("us-west", "us-east"), change("us-east", "us-west"), decision(), decision(None))


def watched_blip(folder: Path, kept_ms: float = 0.0) -> Evidence:
    """The fault is applied at 4 s exactly. `kept_ms`: for how long the relay keeps packets."""
    evidence = read_evidence(Blip(sessions=4, rerouted_s=MOVED, kept_ms=kept_ms).write(folder / "run"))
    return replace(evidence, events=tuple(map(_punctual, evidence.events)), decisions=WATCHED)


def _punctual(event: Event) -> Event:
    if isinstance(event, FaultEdge) and event.edge == "start":
        return replace(event, applied_first_ns=ns(4.0))
    return event


def rows_of(evidence: Evidence, decisions: Sequence[ControllerRecord] | None = None) -> list[RerouteRow]:
    told = evidence if decisions is None else replace(evidence, decisions=tuple(decisions))
    return reroute_rows(told, analyse(told))


def row_of(evidence: Evidence, decisions: Sequence[ControllerRecord] | None = None) -> RerouteRow:
    (row,) = rows_of(evidence, decisions)
    return row


def lane_of_first_stream(evidence: Evidence, row: RerouteRow) -> LaneRow:
    """The lane of the stream whose packets are at multiples of 20 ms, alone on it."""
    stream = evidence.recording.streams[0]
    (lane,) = [each for each in row.by_lane if each.lane == stream.lane]
    assert (lane.directions, stream.source) == (1, "us-east")
    return lane
