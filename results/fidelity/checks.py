"""Fidelity checks: type and constructors."""

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
"""Ids of all checks, in their order in a summary; docs/fidelity.md explains each."""


@dataclass(frozen=True, slots=True)
class FidelityCheck:
    """A condition on the testbed: a value and its limit."""

    id: CheckId
    """Id of the check; does not change with its sentence."""
    check: str
    """What is checked, as text."""
    value: float | None
    """Value found; null: unknown."""
    limit: float
    """The largest value allowed."""
    unit: str
    """Unit of value and limit; empty: a count."""
    ok: bool
    """The value is known and at most the limit."""


def limited(check_id: CheckId, check: str, value: float | None, limit: float, unit: str) -> FidelityCheck:
    """A check that holds if the value is known and at most the limit; the value is rounded to three decimals."""
    rounded = None if value is None else round(float(value), 3)
    return FidelityCheck(check_id, check, rounded, limit, unit, ok=value is not None and value <= limit)


def in_ms(check_id: CheckId, check: str, value_ms: float | None, limit_ns: int) -> FidelityCheck:
    """A check of a time in ms, against a limit in ns."""
    return limited(check_id, check, value_ms, limit_ns / MS, "ms")


def in_percent(check_id: CheckId, check: str, share: float | None, limit: float) -> FidelityCheck:
    """A check of a share; value and limit are shares of 1, shown in percent."""
    return limited(check_id, check, None if share is None else 100 * share, round(100 * limit, 6), "%")


def count(check_id: CheckId, check: str, value: int | None, limit: int = 0) -> FidelityCheck:
    """A check of a number of events."""
    return limited(check_id, check, value, float(limit), "")
