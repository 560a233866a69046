"""With netem and the kernel's switches: a silent link that BFD sees, and a relay that stands still, of which receivers
tell. Apart from the other runs in the machine, so that several machines go side by side."""

from __future__ import annotations

import subprocess
import sys

import pytest
from event_lab import Ran
from every import every
from run_lab import RUN_SCENARIO, summary_of

pytestmark = [pytest.mark.vm, pytest.mark.bears_load, pytest.mark.timeout(1_500)]

REPAIRED = """\
name: repaired
topology: us-triangle
duration: 11s
sessions: [{between: [us-east, us-west], count: 10, media: voice}]
relays: {warm: {us-central: 100%}}
controller: {detect: [bfd, receiver-reports], bfd_interval: 20ms, hold: 5s}
events:
  - {at: 1s, what: blackhole, link: [us-east, us-west], for: 500ms}
  - {at: 5s, what: relay-freeze, cluster: us-central, for: 2s}
expect:
  - media.still_interrupted == 0
  - oracle.misrouted == 0
"""
SILENT_S, FROZEN_S = 1.1, 5.1
EARLIEST_MS, LONGEST_MS = 61.0, 189.0
"""Of a silence until BFD has the switches leave the link (`test_bfd_runs.py`), with 40 ms to spare."""
UNHEARD_MS, LEFT_MS = 500.0, 1_000.0
"""Until nothing was heard of five reports, 100 ms apart; and until the next report, the decision and the way are
over."""


@pytest.fixture(scope="module")
def repaired(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("repaired")
    file = folder / "repaired.yaml"
    file.write_text(REPAIRED)
    command = [sys.executable, str(RUN_SCENARIO), "run", "--vm", "--clock", "virtual", "--out", str(folder), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1_400)
    assert done.returncode == 0, done.stdout + done.stderr
    root, summary = summary_of(folder, "repaired")
    return Ran(root, done.returncode, done.stdout, summary)


def test_switches_leave_a_silent_link_in_the_detection_time(repaired: Ran) -> None:
    assert repaired.summary["backend"] == {"link": "netem", "datapath": "kernel"}
    silences_ms = repaired.silences_ms(SILENT_S)
    assert len(silences_ms) == 20
    assert every(EARLIEST_MS <= length_ms <= LONGEST_MS for length_ms in silences_ms)


def test_a_relay_over_which_nothing_is_heard_is_left(repaired: Ran) -> None:
    """For the direct path, which is clean again, but has not been so for as long as `hold`."""
    silences_ms = repaired.silences_ms(FROZEN_S)
    assert len(silences_ms) == 20
    assert every(UNHEARD_MS <= length_ms <= LEFT_MS for length_ms in silences_ms)
    (reroute,) = repaired.summary["reroutes"]
    assert reroute["detector"] == "bfd"
    assert reroute["first_packet_at"] < reroute["installed_at"], "switches do not wait for the controller"
    assert reroute["returned_at"] < 6


def test_media_take_the_paths_that_the_oracle_predicts(repaired: Ran) -> None:
    assert repaired.summary["oracle"]["compared"] > 10_000
    assert repaired.summary["oracle"]["misrouted"] == 0
    assert repaired.summary["ledger"]["unexplained"] == 0
