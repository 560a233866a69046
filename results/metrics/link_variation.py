"""How much of silences in which no packet is missing the emulated links explain. Pure; times in ns.

Such a silence parted a packet and the next in sequence, which was sent an interval later: so it lasted no longer than
an interval and the most by which the links can have delayed the next more than the packet. A longer one is due to
something else, such as a relay that held packets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from relay_app.streams import Stream
from results.metrics.delay_bounds import DelayBounds, Transits
from results.metrics.matching import NEVER, Flags, Ints, Packets
from results.metrics.nearly_ordered import NO_ROW


class Parting(NamedTuple):
    """Silences, by rows of Packets; columns of equal length.

    `begin`, `end`: of whoever was silent, the first row and the one behind the last. `started_ns`: arrival of the last
    packet before it. `after`: the row that ended it. `furthest`: the row latest in sequence of those heard before.
    """

    begin: Ints
    end: Ints
    started_ns: Ints
    after: Ints
    furthest: Ints

    def chosen(self, rows: Flags) -> Parting:
        """Some of them."""
        return Parting(*(column[rows] for column in self))


def explained_ns(packets: Packets, streams: Sequence[Stream], parting: Parting, bounds: DelayBounds) -> Ints:
    """How much of each the links explain; 0 where the packets that it parted did not both arrive."""
    row = _parted_rows(packets, parting)
    known = row != NO_ROW
    found = np.zeros(len(row), np.int64)
    earlier, later = (Transits.of(packets, rows) for rows in (row[known], row[known] + 1))
    found[known] = bounds.variation_ns(streams, earlier, later)
    return found


def _parted_rows(packets: Packets, parting: Parting) -> Ints:
    """A row heard before each silence, of which the next in sequence was heard after it; NO_ROW if there is none, or
    the next did not arrive."""
    row = parting.after - 1
    going: Ints = np.arange(len(row))
    while len(going):
        going = going[_heard_after(packets, parting, row, going)]
        row[going] -= 1
    row = np.where(row < parting.begin, parting.furthest, row)
    found = (row >= parting.begin) & (row + 1 < parting.end)
    for place in (row, row + 1):
        found[found] = packets.received_ns[place[found]] != NEVER
    return np.where(found, row, NO_ROW)


def _heard_after(packets: Packets, parting: Parting, row: Ints, which: Ints) -> Flags:
    """Flags those of some silences whose row was heard after they began."""
    own = row[which]
    found: Flags = own >= parting.begin[which]
    found[found] = packets.received_ns[own[found]] > parting.started_ns[which[found]]
    return found
