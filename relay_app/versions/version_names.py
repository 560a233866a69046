"""The relay versions that a scenario may name, each with its one difference in a line. Imports nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DEFAULT_VERSION = "2026-05-20"

SOUND = ("2026-05-10", "2026-05-20")
"""Versions without a known defect; every standard scenario must pass with them."""

VERSIONS: Mapping[str, str] = MappingProxyType(
    {
        "2026-05-10": "before: each session is fetched by itself, off the packet path",
        "2026-05-11": "the regression: sessions are fetched under the lock that the packet path takes",
        "2026-05-20": "the fix: one fetch in flight per key, in bulk; reads without a lock; stale packets dropped",
        "stampede": "no single flight: every packet of an unknown session fetches",
        "livelock": "each admission invalidates the snapshot that the next one needs",
        "lock-order": "two locks are taken in both orders: a deadlock under a burst",
        "leak": "sessions never leave the cache",
        "slow-drain": "keeps what it cannot forward yet, without a bound: after a burst it serves the past only",
        "gray": "looks healthy to itself and to the links' probes, and moves no media any further",
        "loop": "hands transit to a partner relay, which hands it back",
    }
)
