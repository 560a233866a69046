"""What loss and delay make of each stream: bursts, concealed seconds, ratings by the E-model. Pure; times in ns.

Packets that may have been in flight at the media end take no part, as with the loss ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from relay_app.streams import Stream
from results.metrics.bursts import Bursts, bursts_of
from results.metrics.concealment import Concealment, concealment_of
from results.metrics.e_model import burst_ratio, fullband_r, narrowband_r
from results.metrics.matching import Flags, Ints, Matched, Packets
from results.metrics.streams import Fates, Floats

_MS = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """Loss and delay of streams; columns with an entry for each. `packets`: received and `lost`; `runs`: of lost
    packets in a row; `packet_ns`: media time that a packet stands for, in the mean; `delay_ns`: mean one-way delay, nan
    if nothing arrived."""

    packets: Ints
    lost: Ints
    runs: Ints
    packet_ns: Floats
    delay_ns: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """Of all measured streams, in their order."""

    loss: Loss
    bursts: Bursts
    concealment: Concealment

    def of_streams(self, chosen: Flags) -> Quality:
        """That of some streams, the others with 0 packets, so that their numbers stay."""
        return Quality(_only(self.loss, chosen), _only(self.bursts, chosen), _only(self.concealment, chosen))

    def of_stream(self, number: int) -> Quality:
        """That of one stream, alone in its columns."""
        return Quality(_row(self.loss, number), _row(self.bursts, number), _row(self.concealment, number))

    @property
    def narrowband_r(self) -> Floats:
        """R of each stream of which anything arrived, or was lost."""
        return narrowband_of(self.loss)

    @property
    def fullband_r(self) -> Floats:
        """As `narrowband_r`."""
        return fullband_of(self.loss)


Table = TypeVar("Table", Loss, Bursts, Concealment)


def _only(table: Table, chosen: Flags) -> Table:
    columns = (getattr(table, field.name) for field in fields(table))
    return type(table)(*(np.where(chosen, column, 0) for column in columns))


def _row(table: Table, number: int) -> Table:
    return type(table)(*(getattr(table, field.name)[number : number + 1] for field in fields(table)))


def narrowband_of(loss: Loss) -> Floats:
    """R of the streams that have packets."""
    rated = loss.packets > 0
    ratio = burst_ratio(
        loss.lost[rated].astype(float), loss.runs[rated].astype(float), loss.packets[rated].astype(float)
    )
    return narrowband_r(_percent(loss, rated), ratio, _delay_ms(loss, rated))


def fullband_of(loss: Loss) -> Floats:
    """R of the streams that have packets."""
    rated = loss.packets > 0
    return fullband_r(_percent(loss, rated), _delay_ms(loss, rated))


def _percent(loss: Loss, rated: Flags) -> Floats:
    found: Floats = 100 * loss.lost[rated] / loss.packets[rated]
    return found


def _delay_ms(loss: Loss, rated: Flags) -> Floats:
    return np.nan_to_num(loss.delay_ns[rated]) / _MS


def quality_of(matched: Matched, fate: Fates, intervals: Mapping[str, int]) -> Quality:
    """The quality of all measured streams."""
    packets, streams = matched.packets, len(matched.streams)
    lasts_ns = media_time(packets, matched.streams, intervals)
    judged = np.flatnonzero(~fate.in_flight) if fate.in_flight.any() else slice(None)
    stream, due_ns, lasts_ns = packets.stream[judged], packets.due_ns[judged], lasts_ns[judged]
    lost = fate.lost[judged]
    return Quality(
        _loss(packets, stream, lost, lasts_ns, streams),
        bursts_of(stream, lost, lasts_ns, streams),
        concealment_of(stream, due_ns, lost, lasts_ns, streams),
    )


def media_time(packets: Packets, streams: tuple[Stream, ...], intervals: Mapping[str, int]) -> Ints:
    """The media time that each packet stands for: until the next of its stream is due, but no more than the nominal
    packet interval, so that a pause of the speaker is no media; of the last one that interval."""
    longest_ns = np.array([intervals.get(each.media, 0) for each in streams], np.int64)[packets.stream]
    until_ns = np.diff(packets.due_ns, append=0)
    last = np.diff(packets.stream, append=-1) != 0
    found: Ints = np.where(last, longest_ns, np.clip(until_ns, 0, longest_ns))
    return found


def _loss(packets: Packets, stream: Ints, lost: Flags, lasts_ns: Ints, streams: int) -> Loss:
    begins = lost & ~(np.append(False, lost[:-1]) & (np.diff(stream, prepend=-1) == 0))[: len(lost)]
    judged = np.bincount(stream, minlength=streams)
    arrived = packets.arrived
    delay_ns = np.bincount(packets.stream[arrived], (packets.received_ns - packets.sent_ns)[arrived], streams)
    received = np.bincount(packets.stream[arrived], minlength=streams)
    return Loss(
        judged,
        np.bincount(stream[lost], minlength=streams),
        np.bincount(stream[begins], minlength=streams),
        _ratio(np.bincount(stream, lasts_ns, streams), judged, 0.0),
        _ratio(delay_ns, received, np.nan),
    )


def _ratio(sums: Floats | Ints, counts: Ints, without: float) -> Floats:
    found: Floats = np.divide(sums, counts, out=np.full(len(sums), without), where=counts > 0)
    return found
