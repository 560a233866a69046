"""Round-trip times that follow from distances. Pure."""

from __future__ import annotations

import math

from topologies.model import Position

_EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""

KM_PER_MS = 200.0
"""Light in fibre: two thirds of its speed in a vacuum."""

FIBRE_FACTOR = 1.9
"""What detours of the fibre and equipment add: on links of known length and round-trip time from Dallas, 1.87 and 1.89
(`topologies/catalogue/us-6.yaml`)."""

LEAST_RTT_MS = 0.1
"""Between sites at one place."""


def great_circle_km(here: Position, there: Position) -> float:
    """The shortest way over the Earth's surface, taken for a sphere (haversine formula)."""
    north, other_north = math.radians(here.latitude), math.radians(there.latitude)
    east = math.radians(there.longitude - here.longitude)
    haversine = _haversine(other_north - north) + math.cos(north) * math.cos(other_north) * _haversine(east)
    return 2 * _EARTH_KM * math.asin(math.sqrt(haversine))


def _haversine(angle: float) -> float:
    return math.sin(angle / 2) ** 2


def rtt_ms(km: float, factor: float) -> float:
    """Round-trip time over fibre between places so far apart."""
    return max(LEAST_RTT_MS, 2 * km / KM_PER_MS * factor)
