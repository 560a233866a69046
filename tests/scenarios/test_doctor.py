"""What the doctor concludes from what it found; the finding itself is checked against this machine."""

from __future__ import annotations

import pytest

from scenarios.cli.doctor import Diagnosis, Requirement, diagnose
from scenarios.errors import MachineError
from topologies.backend_probe import available_link_backend

PRIVILEGE = Requirement("privilege", found=True, detail="root")
NO_REDIS = Requirement("redis-server", found=False, detail="not found", package="redis-server")
NO_OVS = Requirement("ovs-vswitchd", found=False, detail="not found", package="openvswitch-switch")
NO_SCHEMA = Requirement("Open vSwitch schema", found=False, detail="not there", package="openvswitch-switch")
NO_NETEM = Requirement("sch_netem", found=False, detail="no netem here", required=False)


def test_the_remedy_names_each_missing_package_once() -> None:
    remedy = Diagnosis((PRIVILEGE, NO_REDIS, NO_OVS, NO_SCHEMA, NO_NETEM), None, None).remedy
    assert remedy == "sudo apt-get install -y --no-install-recommends redis-server openvswitch-switch"


def test_what_a_run_can_do_without_is_not_missing() -> None:
    diagnosis = Diagnosis((PRIVILEGE, NO_NETEM), None, None)
    assert diagnosis.missing == ()
    assert diagnosis.remedy is None


def test_a_machine_that_cannot_run_says_so_in_one_line() -> None:
    with pytest.raises(MachineError) as caught:
        Diagnosis((PRIVILEGE, NO_REDIS), None, None).require()
    assert str(caught.value) == (
        "this machine cannot run scenarios: redis-server: not found; "
        "sudo apt-get install -y --no-install-recommends redis-server"
    )


@pytest.mark.root
def test_the_machine_that_runs_these_tests_can_run_scenarios() -> None:
    sandbox, environment = diagnose().require()
    assert sandbox.privilege == environment.privilege == "root"
    assert environment.link_backend == available_link_backend().name
