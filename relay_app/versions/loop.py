"""Loop: transit goes to a partner relay, to share the load of a region through which many reroutes lead.

Every relay picks its partner by the same rule: the first cluster that is neither itself nor an end of the call. Two
relays that may both carry a call's transit pick each other, so it goes A → C → D → C, where the path log shows that it
has passed before, and is dropped. Streams that start or end in a relay's own cluster are no transit and go the usual
way: without a reroute, or with fewer than four clusters, no stream goes to a partner.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from hostio.mmsg import socket_address
from hostio.timing import S
from relay_app.ports import LANE_PORT
from relay_app.sessions.directory import StreamRecord
from relay_app.sessions.session_table import NextHops
from relay_app.streams import lane_of
from relay_app.versions.v2026_05_20 import BulkFetch
from relay_app.versions.version import Version


class PartnerRelays(NextHops):
    """Sends transit to a partner."""

    def _transit(self, record: StreamRecord) -> npt.NDArray[Any]:
        concerned = {self._ordinal, record.source, record.destination}
        partners = [ordinal for ordinal in sorted(self._addresses) if ordinal not in concerned]
        if self._ordinal in (record.source, record.destination) or not partners:
            return super()._transit(record)
        return socket_address(self._addresses[partners[0]], LANE_PORT + lane_of(record.ssrc))


VERSION = Version(BulkFetch, stale_ns=S, hops=PartnerRelays)
