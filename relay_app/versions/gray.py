"""Gray: forwards to the ports of the next release, which no relay opens yet.

Traffic between relays was to get lanes of its own, and the sending half was released first. Such a relay answers every
request, counts every packet as forwarded, holds no lock and drops nothing; its links are clean. Streams that end in its
cluster are heard. Streams that it passes on to another relay are not: a call rerouted over it is silent meanwhile.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from hostio.mmsg import socket_address
from hostio.timing import S
from relay_app.ports import LANE_PORT, LANES
from relay_app.sessions.directory import StreamRecord
from relay_app.sessions.session_table import NextHops
from relay_app.streams import lane_of
from relay_app.versions.v2026_05_20 import BulkFetch
from relay_app.versions.version import Version


class NextReleaseLanes(NextHops):
    """Sends to other relays on a range of ports of its own, the 16 behind the lanes."""

    def _transit(self, record: StreamRecord) -> npt.NDArray[Any]:
        port = LANE_PORT + LANES + lane_of(record.ssrc)
        return socket_address(self._addresses[record.destination], port)


VERSION = Version(BulkFetch, stale_ns=S, hops=NextReleaseLanes)
