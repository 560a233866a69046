"""What the interruption of one stream is made of, when a reroute ended it. Pure; times are ns.

The times of a reroute are in order in the network: fault, seen, decided, installed, first packet sent over the new
path, first output of the relay, heard again. A part lies between two that follow one another. The silence of the
listener begins later than the fault, by what the links from the fault's place to the listener take: packets that were
past that place are still heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from results.metrics.network_figures import RerouteParts


@dataclass(frozen=True, slots=True)
class Silence:
    """From `started_ns`, the last packet heard before, for `length_ns`; `heard_ns`: None if nothing was heard after."""

    started_ns: int
    length_ns: int
    heard_ns: int | None


@dataclass(frozen=True, slots=True)
class Instants:
    """The times of a reroute, as far as they are known. CLOCK_MONOTONIC."""

    fault_ns: int | None
    seen_ns: int
    decided_ns: int
    installed_ns: int
    sent_ns: int | None
    output_ns: int | None


def parts_of(instants: Instants, silence: Silence, beyond_ns: int | None) -> RerouteParts:
    """Take a silence apart. `beyond_ns`: the delay from the fault's place to the listener; None: no fault is known."""
    # A silence that began later than its fault, as in loss that grows, has no part from before it began.
    begun_ns = silence.started_ns - (beyond_ns or 0)
    fault_ns = None if beyond_ns is None else instants.fault_ns
    times = [fault_ns, instants.seen_ns, instants.decided_ns, instants.installed_ns, instants.sent_ns]
    ends = _in_order([*times, instants.output_ns, silence.heard_ns], begun_ns)
    lengths = [_length_ms(*pair) for pair in pairwise(ends)]
    detect_ms, decide_ms, install_ms, first_packet_ms, relay_ms, recovered_ms = lengths
    under_way_ms = None if fault_ns is None or beyond_ns is None else _ms(-beyond_ns)
    known = sum(each for each in (*lengths, under_way_ms) if each is not None)
    return RerouteParts(
        detect_ms=detect_ms,
        decide_ms=decide_ms,
        install_ms=install_ms,
        first_packet_ms=first_packet_ms,
        relay_ms=relay_ms,
        recovered_ms=recovered_ms,
        under_way_ms=under_way_ms,
        unexplained_ms=round(_ms(silence.length_ns) - known, 3) + 0.0,
        still=silence.heard_ns is None,
    )


def _in_order(times: list[int | None], begun_ns: int) -> list[int | None]:
    """None before `begun_ns`, and none after one that follows.

    A switch carries out rules before it confirms them, so that the first packet may be on the new path before the last
    switch's confirmation, and then this was not what it waited for.
    """
    ordered: list[int | None] = []
    latest: int | None = None
    for each in reversed(times):
        if each is not None:
            latest = max(each, begun_ns) if latest is None else min(max(each, begun_ns), latest)
        ordered.append(None if each is None else latest)
    return ordered[::-1]


def _length_ms(from_ns: int | None, until_ns: int | None) -> float | None:
    return None if from_ns is None or until_ns is None else _ms(until_ns - from_ns)


def _ms(ns: int) -> float:
    return round(ns / 1e6, 3) + 0.0  # + 0.0: no "-0.0"
