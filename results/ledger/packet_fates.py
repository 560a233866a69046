"""Records of single packets (lost, held, duplicated, corrupted) by place and cause, joined with those sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from relay_app.drop_reasons import DropReason
from relay_app.records import HELD as RELAY_HELD
from relay_app.records import LEFT, UNREAD
from relay_app.refreshes import REFRESH_SSRCS
from relay_app.streams import RESERVED_SSRCS
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import UNMATCHED, Flags, Ints, located
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

_OTHER_NAMES = {"lost_flow": "vanished flow", "lost_mtu": "beyond the MTU"}


@dataclass(frozen=True, slots=True, eq=False)
class PacketFates:
    """The records of one place and cause. `packets`: row in Packets of each; `canaries`, `refreshes`: how many are of
    canaries, and of refreshes of permissions."""

    cause: str
    kind: Kind
    packets: Ints
    canaries: int
    refreshes: int = 0


def reason_name(reason: int) -> str:
    """Text for the reason in a row of RELAY_FATE."""
    return _HELD_REASONS.get(reason) or DropReason(reason).name.lower().replace("_", " ")


def fate_name(what: str) -> str:
    """Text for a fate of a link's frame."""
    return _OTHER_NAMES.get(what) or what.removeprefix(LOST).replace("_", " ")


def packet_fates(evidence: Evidence, analysis: Analysis) -> Iterator[PacketFates]:
    """The fates in a run: those on links, in the order of the topology, then those in relays, and last at listeners of
    other streams."""
    frames = evidence.recording.link_fates
    packets = _packets_of(frames, analysis)
    for number, direction in enumerate(evidence.plan.topology.directions):
        here = frames["direction"] == number
        yield from _of_link(str(direction), frames[here], packets[here])
    for cluster, rows in evidence.recording.relay_fates.items():
        yield from _of_relay(cluster, rows, _packets_of(rows, analysis))
    yield from _of_listeners(analysis)


def _packets_of(rows: Rows, analysis: Analysis) -> Ints:
    # For all rows at once: each call makes a search key over all packets.
    return located(analysis.matched.streams, analysis.matched.packets, rows)


def _of_link(link: str, rows: Rows, packets: Ints) -> Iterator[PacketFates]:
    for what in np.unique(rows["what"]).tolist():
        name = UNDER_WAY if what == HELD else FATES[what]
        cause = UNDER_WAY if what == HELD else fate_name(name)
        kind: Kind = "lost" if name.startswith(LOST) else name  # type: ignore[assignment]
        chosen = rows["what"] == what
        yield _fates(f"link {link}: {cause}", kind, rows[chosen], packets[chosen])


def _of_relay(cluster: str, rows: Rows, packets: Ints) -> Iterator[PacketFates]:
    for reason in np.unique(rows["reason"]).tolist():
        kind: Kind = "under way" if reason >= RELAY_HELD else "lost"
        chosen = rows["reason"] == reason
        yield _fates(f"relay {cluster}: {reason_name(reason)}", kind, rows[chosen], packets[chosen])


def _of_listeners(analysis: Analysis) -> Iterator[PacketFates]:
    """Packets that came to the listener of the stream whose SSRC they have, which discards them (RFC 3550 §8.2)."""
    collided, streams = analysis.matched.collided, analysis.matched.streams
    clusters = np.array([streams[index].destination for index in collided.stream.tolist()], dtype=object)
    for cluster in dict.fromkeys(clusters.tolist()):
        yield PacketFates(f"client {cluster}: taken SSRC", "lost", collided.packet[clusters == cluster], canaries=0)


def _fates(cause: str, kind: Kind, rows: Rows, packets: Ints) -> PacketFates:
    """Fates of record rows, `packets` being the row in Packets of each, or UNMATCHED."""
    canaries = int(np.count_nonzero(is_canary(rows["ssrc"])))
    refreshes = int(np.count_nonzero(is_refresh(rows["ssrc"])))
    return PacketFates(cause, kind, packets[packets != UNMATCHED], canaries, refreshes)


def is_of_stream(evidence: Evidence, rows: Rows) -> Flags:
    """Flags record rows of a stream of the run, of a canary or of a refresh. A relay that is a program may have made
    others."""
    ssrcs = [stream.ssrc for stream in evidence.recording.streams]
    found: Flags = np.isin(rows["ssrc"], ssrcs) | is_canary(rows["ssrc"]) | is_refresh(rows["ssrc"])
    return found


def is_canary(ssrc: NDArray[np.uint32]) -> Flags:
    """Flags SSRCs of the controller's canaries."""
    found: Flags = (ssrc >= RESERVED_SSRCS.start) & (ssrc < RESERVED_SSRCS.stop)
    return found


def is_refresh(ssrc: NDArray[np.uint32]) -> Flags:
    """Flags SSRCs of refreshes of permissions, and of checks of consent."""
    found: Flags = (ssrc >= REFRESH_SSRCS.start) & (ssrc < REFRESH_SSRCS.stop)
    return found


def per_packet(found: Sequence[PacketFates], kind: Kind, packets: int) -> Ints:
    """Number of records of a kind, by packet."""
    rows = np.concatenate([np.empty(0, np.int64), *(each.packets for each in found if each.kind == kind)])
    counted: Ints = np.bincount(rows, minlength=packets)
    return counted
