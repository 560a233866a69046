from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from hostio.means import Means, available_bytes, means_left, tasks_of
from results.run_files.plan import Plan
from scenarios.errors import MachineError
from scenarios.language.library import load_plan
from scenarios.run.means import means_needed, needs_text, require_means
from scenarios.run.space import space_needed

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
MIB = 1 << 20
PLENTY = Means(1 << 40, 1 << 20, 1 << 20)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SCENARIOS / "one-blip.yaml")


def test_needs_grow_with_clusters_links_and_records(plan: Plan) -> None:
    """us-6 has 6 clusters and 15 links, us-triangle 3 and 3."""
    six = load_plan(SCENARIOS / "us-6-blip.yaml")
    small, large = means_needed(plan), means_needed(six)
    records = space_needed(six).staged_bytes - space_needed(plan).staged_bytes
    assert large.memory_bytes - small.memory_bytes == 3 * 30 * MIB + records
    assert large.tasks - small.tasks == 3 * 20
    assert large.descriptors - small.descriptors == 3 * 16 + 12 * 4


@pytest.mark.parametrize(
    ("clusters", "measured_mib"), [(3, 383), (15, 706), (32, 1155), (64, 2080)], ids=["3", "15", "32", "64"]
)
def test_the_memory_of_measured_rings_is_within_a_third_of_the_estimate(clusters: int, measured_mib: int) -> None:
    """As `scripts/bench clusters` found it."""
    estimated_mib = 320 + 30 * clusters
    assert measured_mib <= estimated_mib <= measured_mib * 4 / 3


def test_a_machine_with_enough_is_not_refused(plan: Plan) -> None:
    require_means(plan, means_needed(plan))
    require_means(plan, PLENTY)


def test_all_that_is_lacking_is_said_in_one_line(plan: Plan) -> None:
    needed = means_needed(plan)
    short = Means(needed.memory_bytes - MIB, needed.tasks - 1, needed.descriptors - 1)
    with pytest.raises(MachineError) as refused:
        require_means(plan, short)
    assert str(refused.value) == (
        f"a run of one-blip, with 3 clusters and 3 links, needs {needed.memory_bytes // MIB} MiB of memory where "
        f"{short.memory_bytes // MIB} are available, 124 tasks where 123 more can be, 124 descriptors of one process "
        "where 123 are allowed; take fewer clusters, or a machine that has more"
    )


@pytest.mark.parametrize("name", Means._fields)
def test_each_of_them_alone_refuses(plan: Plan, name: str) -> None:
    with pytest.raises(MachineError, match="needs"):
        require_means(plan, PLENTY._replace(**{name: 1}))


def test_what_a_topology_needs_is_said_as_a_sentence(plan: Plan) -> None:
    assert needs_text(plan.topology) == (
        "A run needs about 410 MiB of memory and what its records take, 124 tasks, and 124 descriptors of one process."
    )


def test_the_kernels_figures_are_read() -> None:
    assert available_bytes("MemTotal:  2048 kB\nMemAvailable:   1024 kB\n") == MIB
    assert tasks_of("0.20 0.18 0.12 1/80 11206\n") == 80
    with pytest.raises(ValueError, match="no MemAvailable"):
        available_bytes("MemTotal: 2048 kB\n")
    with pytest.raises(ValueError, match="no number of tasks"):
        tasks_of("0.20\n")


def test_this_machine_has_something_left() -> None:
    left = means_left()
    assert left.memory_bytes > 0
    assert left.tasks > 0
    assert left.descriptors == resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def test_descriptors_are_allowed_up_to_the_hard_limit_and_never_fewer_than_before() -> None:
    """In a process of its own: the soft limit from 300 to 500, left there by 400, and then the hard one of 900."""
    told = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import resource as r; from hostio.means import allow_descriptors as allow\n"
            "r.setrlimit(r.RLIMIT_NOFILE, (300, 900))\n"
            "for count in (500, 400, 5000):\n"
            "    allow(count); print(r.getrlimit(r.RLIMIT_NOFILE)[0])",
        ],
        cwd=SCENARIOS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["500", "500", "900"]
