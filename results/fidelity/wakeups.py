"""Were the threads that keep time woken in time? The worst process of each kind stands for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from hostio.histogram import Lateness
from results.analysis import Evidence
from results.fidelity.checks import in_ms
from results.machine import MachineReport
from results.plan import Plan
from results.summary import Check

LINK, RELAY = "link", "relay"
THREADS: Mapping[str, str] = MappingProxyType(
    {LINK: "release", RELAY: "forward", "sender": "send", "receiver": "receive", "prober": "probe"}
)
"""By what a thread is called in a check, its name in the machine report."""


def lateness_checks(evidence: Evidence) -> Iterator[Check]:
    """Of every kind of thread that can tell: not of links that the kernel emulates, nor of relays that a plan stops."""
    limits = evidence.plan.fidelity
    for kind, thread in THREADS.items():
        found = _of_thread(evidence.machine, thread)
        if (kind == LINK and evidence.machine and not found) or (kind == RELAY and _stops_relays(evidence.plan)):
            continue
        p99_ns, max_ns = (
            (limits.link_lateness_p99_ns, limits.link_lateness_max_ns)
            if kind == LINK
            else (limits.lateness_p99_ns, limits.lateness_max_ns)
        )
        yield in_ms(f"99th percentile of {kind} lateness", max((each.p99_ms for each in found), default=None), p99_ns)
        yield in_ms(f"largest {kind} lateness", max((each.max_ms for each in found), default=None), max_ns)


def _of_thread(machine: MachineReport | None, thread: str) -> list[Lateness]:
    found = machine.lateness if machine else {}
    return [lateness for name, lateness in found.items() if name.endswith(f": {thread}")]


def _stops_relays(plan: Plan) -> bool:
    """Whether an event freezes, ends or replaces a relay, which then wakes as late as was planned."""
    return any(fault.what.startswith("relay-") for fault in plan.faults)
