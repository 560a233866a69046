"""The largest values at which a run is still believed."""

from __future__ import annotations

from dataclasses import dataclass

from hostio.units import MS


@dataclass(frozen=True, slots=True)
class FidelityLimits:
    """What a scenario may set under `fidelity`; docs/fidelity.md says why each default is what it is.

    Times in ns, shares as fractions. Lateness is that of timed wake-ups: `link_lateness` of the link emulator's
    releases, `lateness` of relays, clients and probers. `steal_second` is of one core in one second, `steal` of all
    cores over the whole run. Drops are counted, and one is one too many.
    """

    pacing_p99_ns: int = 10 * MS
    pacing_max_ns: int = 100 * MS
    delay_p50_ns: int = 1 * MS
    delay_p99_ns: int = 10 * MS
    event_error_max_ns: int = 10 * MS
    event_error_p99_ns: int = 5 * MS
    link_lateness_p99_ns: int = 2 * MS
    link_lateness_max_ns: int = 100 * MS
    lateness_p99_ns: int = 5 * MS
    lateness_max_ns: int = 100 * MS
    steal: float = 0.05
    steal_second: float = 0.25
    clock_step_ns: int = 1 * MS
    socket_drops: int = 0
    port_drops: int = 0
    emulator_drops: int = 0
    softnet_drops: int = 0
    lost_upcalls: int = 0


DEFAULT_LIMITS = FidelityLimits()
