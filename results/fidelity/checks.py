"""A fidelity check: its id, what it says, the value found and its limit; and how one is made of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hostio.timing import MS

CheckId = Literal[
    "pacing-p99",
    "pacing-max",
    "unmatched-packets",
    "directions-without-records",
    "delay-p50",
    "delay-p99",
    "link-lateness-p99",
    "link-lateness-max",
    "relay-lateness-p99",
    "relay-lateness-max",
    "sender-lateness-p99",
    "sender-lateness-max",
    "receiver-lateness-p99",
    "receiver-lateness-max",
    "prober-lateness-p99",
    "prober-lateness-max",
    "socket-drops",
    "port-drops",
    "lost-upcalls",
    "softnet-drops",
    "client-errors",
    "emulator-drops",
    "queue-drops",
    "steal",
    "steal-second",
    "clock-step",
    "event-missing",
    "event-error-max",
    "event-error-p99",
    "event-unverified",
    "ledger-unexplained",
]
"""Every check that a run may be put to, in the order in which a run has them; docs/fidelity.md explains each."""


@dataclass(frozen=True, slots=True)
class FidelityCheck:
    """A condition for believing the run."""

    id: CheckId
    """Which check, whatever its sentence says."""
    check: str
    """What was checked."""
    value: float | None
    """What was found; null: unknown."""
    limit: float
    """The largest value allowed."""
    unit: str
    """Unit of both; empty: a count."""
    ok: bool
    """Known, and within the limit."""


def limited(check_id: CheckId, check: str, value: float | None, limit: float, unit: str) -> FidelityCheck:
    """A value that may be as large as its limit; one that is unknown is not ok."""
    rounded = None if value is None else round(float(value), 3)
    return FidelityCheck(check_id, check, rounded, limit, unit, ok=value is not None and value <= limit)


def in_ms(check_id: CheckId, check: str, value_ms: float | None, limit_ns: int) -> FidelityCheck:
    """A time in ms."""
    return limited(check_id, check, value_ms, limit_ns / MS, "ms")


def in_percent(check_id: CheckId, check: str, share: float | None, limit: float) -> FidelityCheck:
    """A share, and its limit, as percentages."""
    return limited(check_id, check, None if share is None else 100 * share, round(100 * limit, 6), "%")


def count(check_id: CheckId, check: str, value: int | None, limit: int = 0) -> FidelityCheck:
    """A number of things that must not happen."""
    return limited(check_id, check, value, float(limit), "")
