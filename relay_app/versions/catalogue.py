"""The relay versions, each with its module."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from relay_app.versions import (
    gray,
    leak,
    livelock,
    lock_order,
    loop,
    slow_drain,
    stampede,
    v2026_05_10,
    v2026_05_11,
    v2026_05_20,
)
from relay_app.versions.version import Version

_VERSIONS: Mapping[str, Version] = MappingProxyType(
    {
        "2026-05-10": v2026_05_10.VERSION,
        "2026-05-11": v2026_05_11.VERSION,
        "2026-05-20": v2026_05_20.VERSION,
        "stampede": stampede.VERSION,
        "livelock": livelock.VERSION,
        "lock-order": lock_order.VERSION,
        "leak": leak.VERSION,
        "slow-drain": slow_drain.VERSION,
        "gray": gray.VERSION,
        "loop": loop.VERSION,
    }
)


def version_named(name: str) -> Version:
    """The version of that name; KeyError if there is none."""
    return _VERSIONS[name]
