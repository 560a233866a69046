"""What a run needs of its machine, estimated from its plan, and a refusal where the machine has not that much.

The figures are those of runs on rings of 3 to 64 clusters, rounded up: `machine.json` of a run has its memory, and
`scripts/bench clusters` measures it anew (docs/run-limits.md).
"""

from __future__ import annotations

from hostio.means import Means, means_left
from results.run_files.plan import Plan
from scenarios.errors import MachineError
from scenarios.run.space import space_needed
from topologies.model import Topology

MEMORY_BYTES, MEMORY_PER_CLUSTER_BYTES = 320 << 20, 30 << 20
"""Proportional set sizes of all processes together."""

TASKS, TASKS_PER_CLUSTER = 64, 20
"""Processes and threads."""

DESCRIPTORS, DESCRIPTORS_PER_CLUSTER, DESCRIPTORS_PER_LINK = 64, 16, 4
"""Of the process that has most of them: pipes to the others, and a packet socket at either end of each direction."""


def topology_needs(topology: Topology) -> Means:
    """What a run on a topology needs before there are records."""
    clusters, links = len(topology.clusters), len(topology.links)
    return Means(
        memory_bytes=MEMORY_BYTES + clusters * MEMORY_PER_CLUSTER_BYTES,
        tasks=TASKS + clusters * TASKS_PER_CLUSTER,
        descriptors=DESCRIPTORS + clusters * DESCRIPTORS_PER_CLUSTER + links * DESCRIPTORS_PER_LINK,
    )


def means_needed(plan: Plan) -> Means:
    """What a run of a plan needs; processes keep their records in memory until the end."""
    needed = topology_needs(plan.topology)
    return needed._replace(memory_bytes=needed.memory_bytes + space_needed(plan).staged_bytes)


def require_means(plan: Plan, left: Means | None = None) -> None:
    """MachineError if the machine, or what it has `left`, is too little for a plan; in one line all that is lacking."""
    left = left or means_left()
    if lacking := [*_lacking(means_needed(plan), left)]:
        what = f"a run of {plan.scenario}, with {_counted(plan.topology)}, needs {', '.join(lacking)}"
        raise MachineError(f"{what}; take fewer clusters, or a machine that has more")


def needs_text(topology: Topology) -> str:
    """What a run on a topology needs, as a sentence."""
    needed = topology_needs(topology)
    memory = f"{_mib(needed.memory_bytes)} MiB of memory and what its records take"
    return f"A run needs about {memory}, {needed.tasks} tasks, and {needed.descriptors} descriptors of one process."


def _lacking(needed: Means, left: Means) -> list[str]:
    told = {
        "memory_bytes": f"{_mib(needed.memory_bytes)} MiB of memory where {_mib(left.memory_bytes)} are available",
        "tasks": f"{needed.tasks} tasks where {left.tasks} more can be",
        "descriptors": f"{needed.descriptors} descriptors of one process where {left.descriptors} are allowed",
    }
    return [text for name, text in told.items() if getattr(needed, name) > getattr(left, name)]


def _counted(topology: Topology) -> str:
    return f"{len(topology.clusters)} clusters and {len(topology.links)} links"


def _mib(count: int) -> int:
    return count >> 20
