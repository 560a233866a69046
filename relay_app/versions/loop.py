"""Loop: transit goes to a partner relay, which was to share the load of a region that many detours lead through.

Every relay names the same kind of partner: the first cluster that is neither itself nor an end of the call. Two relays
that are both asked to carry a call's transit name each other, so it goes A → C → D → C, where the path log shows that
it has been. What starts or ends in a relay's own cluster is not transit and goes its usual way: without a reroute
nothing is ever handed to a partner, and where there is no fourth cluster there is none to name.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from hostio.mmsg import socket_address
from hostio.timing import S
from relay_app.sessions.directory import StreamRecord
from relay_app.sessions.session_table import NextHops
from relay_app.streams import LANE_PORT, lane_of
from relay_app.versions.v2026_05_20 import BulkFetch
from relay_app.versions.version import Version


class PartnerRelays(NextHops):
    """Transit by way of a partner."""

    def _transit(self, record: StreamRecord) -> npt.NDArray[Any]:
        concerned = {self._ordinal, record.source, record.destination}
        partners = [ordinal for ordinal in sorted(self._addresses) if ordinal not in concerned]
        if self._ordinal in (record.source, record.destination) or not partners:
            return super()._transit(record)
        return socket_address(self._addresses[partners[0]], LANE_PORT + lane_of(record.ssrc))


VERSION = Version(BulkFetch, stale_ns=S, hops=PartnerRelays)
