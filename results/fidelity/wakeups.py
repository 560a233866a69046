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
    limits, stopped = evidence.plan.fidelity, _stopped_relays(evidence.plan)
    for kind, thread in THREADS.items():
        found = _of_thread(evidence.machine, thread, stopped)
        if evidence.machine and not found and (kind == LINK or (kind == RELAY and stopped)):
            continue
        p99_ns, max_ns = (
            (limits.link_lateness_p99_ns, limits.link_lateness_max_ns)
            if kind == LINK
            else (limits.lateness_p99_ns, limits.lateness_max_ns)
        )
        yield in_ms(f"99th percentile of {kind} lateness", max((each.p99_ms for each in found), default=None), p99_ns)
        yield in_ms(f"largest {kind} lateness", max((each.max_ms for each in found), default=None), max_ns)


def _of_thread(machine: MachineReport | None, thread: str, stopped: tuple[str, ...]) -> list[Lateness]:
    found = machine.lateness if machine else {}
    return [each for name, each in found.items() if name.endswith(f": {thread}") and not name.startswith(stopped)]


def _stopped_relays(plan: Plan) -> tuple[str, ...]:
    """How the names of relays begin that an event freezes, ends or replaces: they wake as late as was planned."""
    struck = {fault.where for fault in plan.faults if fault.what.startswith("relay-")}
    return tuple(f"relay-{cluster}: " for cluster in sorted(struck))
