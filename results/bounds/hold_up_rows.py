"""What the machine held up, in sum, for people who ask why an interval is wide. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from results.bounds.held_up import late_packets, of_place
from results.bounds.spans import Spans
from results.metrics.analysis import Analysis, Evidence
from results.metrics.machine_summary import HoldUpRow
from results.run_files.hold_ups import HoldUpPlace, HoldUps, RunDelayPlace
from topologies.model import Topology


def hold_up_rows(evidence: Evidence, analysis: Analysis, found: HoldUps) -> list[HoldUpRow]:
    """A row for each part that was held up, longest total first."""
    rows = [*_exact(evidence, analysis, found), *_waits(evidence.plan.topology, analysis, found)]
    return sorted(rows, key=lambda row: -row.total_ms)


def _exact(evidence: Evidence, analysis: Analysis, found: HoldUps) -> Iterator[HoldUpRow]:
    yield from _row(analysis, "packets to send", Spans.union(*late_packets(analysis)))
    for place in HoldUpPlace:
        for number in np.unique(found.late["number"][found.late["place"] == place]).tolist():
            spans = of_place(evidence, found.late[found.late["number"] == number], place)
            yield from _row(analysis, _name(evidence.plan.topology, place.name, number), spans)


def _row(analysis: Analysis, what: str, spans: Spans) -> Iterator[HoldUpRow]:
    lengths = spans.until_ns - spans.from_ns
    if len(lengths):
        longest = int(np.argmax(lengths))
        at = analysis.seconds(int(spans.from_ns[longest]))
        yield HoldUpRow(what, round(int(lengths.sum()) / 1e6, 3), round(int(lengths[longest]) / 1e6, 3), at)


def _waits(topology: Topology, analysis: Analysis, found: HoldUps) -> Iterator[HoldUpRow]:
    for place in RunDelayPlace:
        of_kind = found.waits[found.waits["place"] == place]
        for number in np.unique(of_kind["number"]).tolist():
            mine = of_kind[of_kind["number"] == number]
            most = int(np.argmax(mine["delay_ns"]))
            yield HoldUpRow(
                f"threads of {_name(topology, place.name, number)}",
                round(int(mine["delay_ns"].sum()) / 1e6, 3),
                round(int(mine["delay_ns"][most]) / 1e6, 3),
                analysis.seconds(int(mine["from_ns"][most])),
            )


def _name(topology: Topology, place: str, number: int) -> str:
    """`core 0`, `links`, or a kind of process with the cluster of this ordinal."""
    if place == HoldUpPlace.CORE.name:
        return f"core {number}"
    if place == HoldUpPlace.LINK.name:
        return "links"
    clusters = [cluster.name for cluster in topology.clusters if cluster.ordinal == number]
    return " ".join([place.lower(), *clusters])
