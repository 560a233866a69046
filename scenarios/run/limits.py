"""How long each stage of a run may take, from its plan. Pure; docs/run-limits.md gives the reason for each figure."""

from __future__ import annotations

from dataclasses import dataclass

from hostio.timing import S
from results.run_files.events import Stage
from results.run_files.plan import Plan
from scenarios.run.space import space_needed

SET_UP_S = 300.0
SET_UP_PER_CLUSTER_S = 10.0
SET_UP_PER_SESSION_S = 0.001
MEDIA_S = 60.0
COLLECTION_S = 120.0
SAVING_S = 15.0
STOPPING_S = 20.0
SAVING_BYTES_PER_S = 4e6

VIRTUAL_FACTOR = 8.0
"""On a virtual clock the CPU executes 2^-shift instructions per ns, at shift 1 a tenth or so of what a real one does:
what takes CPU time takes that much longer, by that clock."""


MACHINE_S = 900.0
"""Wall time for a virtual machine to boot, to import and to hand over its results, without KVM and on a busy host."""

MACHINE_FACTOR = 60.0
"""Wall time of a virtual machine on a virtual clock, in place of a second that is allowed on a real one."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """Seconds by CLOCK_MONOTONIC. `set_up_s`: until the media start; `media_s`: from there until the collection begins;
    `collection_s`: from there until the sandbox has ended. `saving_s`, a part of it: for processes to write their
    records once they are told to stop. `stopping_s`: from an interrupt until the sandbox has ended."""

    set_up_s: float
    media_s: float
    collection_s: float
    saving_s: float
    stopping_s: float

    def of(self, stage: Stage) -> float:
        """The allowance of a stage."""
        return {"set-up": self.set_up_s, "media": self.media_s, "collection": self.collection_s}[stage]


def allowances(plan: Plan) -> Allowances:
    """The allowances of a plan; longer on a virtual clock. The duration of the media is the only part that is not."""
    virtual = plan.environment is not None and plan.environment.clock.startswith("virtual")
    slower = VIRTUAL_FACTOR * 2.0 ** (plan.clock_shift - 1) if virtual else 1.0
    sessions = sum(group.count for group in plan.sessions)
    saving_s = SAVING_S + space_needed(plan).staged_bytes / SAVING_BYTES_PER_S
    clusters = len(plan.topology.clusters)
    return Allowances(
        set_up_s=slower * (SET_UP_S + clusters * SET_UP_PER_CLUSTER_S + sessions * SET_UP_PER_SESSION_S),
        media_s=plan.duration_ns / S + slower * MEDIA_S,
        collection_s=slower * (COLLECTION_S + saving_s),
        saving_s=slower * saving_s,
        stopping_s=slower * (STOPPING_S + saving_s),
    )


def machine_s(plan: Plan, *, virtual: bool) -> float:
    """Wall time that a run in a virtual machine may take. It is a last resort: inside, the run keeps its allowances."""
    allowed = allowances(plan)
    return MACHINE_S + (allowed.set_up_s + allowed.media_s + allowed.collection_s) * (MACHINE_FACTOR if virtual else 1)
