"""The table of interruptions: every one of them, in the order in which they began. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields

from results.analysis import Analysis, relays_passed, route_name
from results.interruptions import Interruption
from topologies.model import Topology


@dataclass(frozen=True, slots=True)
class InterruptionRow:
    """A line of `interruptions.csv`; its fields are the columns. `resumed_via` is empty if it never resumed."""

    session: str
    source: str
    destination: str
    ssrc: str
    started_at_s: float
    length_ms: float
    packets_lost: int
    still_interrupted: bool
    resumed_via: str


def interruption_rows(analysis: Analysis, topology: Topology) -> Iterator[InterruptionRow]:
    """Every interruption; the SSRC in hexadecimal, as Wireshark shows it."""
    for each in analysis.interruptions:
        yield InterruptionRow(
            session=each.stream.session,
            source=each.stream.source,
            destination=each.stream.destination,
            ssrc=f"0x{each.stream.ssrc:08x}",
            started_at_s=analysis.seconds(each.started_ns),
            length_ms=round(each.length_ns / 1e6, 3),
            packets_lost=each.packets_lost,
            still_interrupted=each.still,
            resumed_via=_resumed_via(each, topology),
        )


def interruptions_csv(rows: Iterator[InterruptionRow]) -> str:
    """The table as CSV with a heading."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(InterruptionRow)])
    writer.writerows([_cell(value) for value in astuple(row)] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """Booleans in lower case: every reader of CSV knows those."""
    return str(value).lower() if isinstance(value, bool) else value


def _resumed_via(interruption: Interruption, topology: Topology) -> str:
    if interruption.still:
        return ""
    stream = interruption.stream
    return route_name(relays_passed(interruption.resumed_path, topology, (stream.source, stream.destination)))
