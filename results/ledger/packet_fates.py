"""What was noted down of single packets, by place and cause, and which packets those were. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from relay_app.records import HELD as RELAY_HELD
from relay_app.records import LEFT, UNREAD, DropReason
from relay_app.streams import RESERVED_SSRCS
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import UNMATCHED, Ints, located
from results.run_files.records import Rows
from topologies.link_backend import FATES, HELD

UNDER_WAY = "under way"
LOST = "lost_"

Kind = Literal["lost", "under way", "duplicated", "corrupted"]

_HELD_REASONS = {
    RELAY_HELD: "kept back by its version",
    UNREAD: "in its receive buffers",
    LEFT: "left behind when it ended",
}


@dataclass(frozen=True, slots=True, eq=False)
class PacketFates:
    """Notes of one place and cause. `packets`: rows in Packets, one per note; `canaries`: notes on canaries."""

    cause: str
    kind: Kind
    packets: Ints
    canaries: int


def reason_name(reason: int) -> str:
    """What a relay calls the reason in a row of RELAY_FATE."""
    return _HELD_REASONS.get(reason) or DropReason(reason).name.lower().replace("_", " ")


def fate_name(what: str) -> str:
    """What a link calls one of its fates."""
    return "vanished flow" if what == "lost_flow" else what.removeprefix(LOST).replace("_", " ")


def packet_fates(evidence: Evidence, analysis: Analysis) -> Iterator[PacketFates]:
    """All of a run: those of the links in the order of the topology, then those of the relays."""
    frames = evidence.recording.link_fates
    for number, direction in enumerate(evidence.plan.topology.directions):
        yield from _of_link(str(direction), frames[frames["direction"] == number], analysis)
    for cluster, rows in evidence.recording.relay_fates.items():
        for reason in np.unique(rows["reason"]).tolist():
            kind: Kind = "under way" if reason >= RELAY_HELD else "lost"
            cause = f"relay {cluster}: {reason_name(reason)}"
            yield _fates(cause, kind, rows[rows["reason"] == reason], analysis)


def _of_link(link: str, rows: Rows, analysis: Analysis) -> Iterator[PacketFates]:
    for what in np.unique(rows["what"]).tolist():
        name = UNDER_WAY if what == HELD else FATES[what]
        cause = UNDER_WAY if what == HELD else fate_name(name)
        kind: Kind = "lost" if name.startswith(LOST) else name  # type: ignore[assignment]
        yield _fates(f"link {link}: {cause}", kind, rows[rows["what"] == what], analysis)


def _fates(cause: str, kind: Kind, rows: Rows, analysis: Analysis) -> PacketFates:
    ssrc = rows["ssrc"].astype(np.int64)
    canary = (ssrc >= RESERVED_SSRCS.start) & (ssrc < RESERVED_SSRCS.stop)
    packets = located(analysis.matched.streams, analysis.matched.packets, rows)
    return PacketFates(cause, kind, packets[packets != UNMATCHED], int(np.count_nonzero(canary)))


def per_packet(found: Sequence[PacketFates], kind: Kind, packets: int) -> Ints:
    """How many notes of a kind each packet has."""
    rows = np.concatenate([np.empty(0, np.int64), *(each.packets for each in found if each.kind == kind)])
    counted: Ints = np.bincount(rows, minlength=packets)
    return counted
