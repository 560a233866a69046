"""Gray: hands media on to the ports of the next release, which no relay opens yet.

Traffic between relays was to get lanes of its own, and the sending half shipped first. Such a relay answers everything,
counts every packet as forwarded, holds no lock and drops nothing; its links are clean. What ends in its cluster is
heard, and nothing that goes any further: moved to it, a call falls silent for as long as it stays there.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from hostio.mmsg import socket_address
from hostio.timing import S
from relay_app.sessions.directory import StreamRecord
from relay_app.sessions.session_table import NextHops
from relay_app.streams import LANE_PORT, LANES, lane_of
from relay_app.versions.v2026_05_20 import BulkFetch
from relay_app.versions.version import Version


class NextReleaseLanes(NextHops):
    """To other relays on a range of ports of its own, right behind the lanes."""

    def _transit(self, record: StreamRecord) -> npt.NDArray[Any]:
        port = LANE_PORT + LANES + lane_of(record.ssrc)
        return socket_address(self._addresses[record.destination], port)


VERSION = Version(BulkFetch, stale_ns=S, hops=NextReleaseLanes)
