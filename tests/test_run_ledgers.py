"""Whole runs whose every packet must be accounted for, whatever the machine did to their timing."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from run_lab import BRIEF, ONE_BLIP, PROJECT, STARTED_WITHIN_S, finished, played, start, summary_of, written

from hostio.timing import wait_until

pytestmark = [pytest.mark.root, pytest.mark.bears_load, pytest.mark.waits]


def books(run: Path) -> Any:
    return json.loads((run / "ledger.json").read_text())


def rows(run: Path, pattern: str) -> int:
    return sum(pl.read_parquet(path).height for path in (run / "raw").glob(pattern))


def test_every_kind_of_loss_is_explained_packet_by_packet(tmp_path: Path) -> None:
    """The clients' records are the oracle of the sums, the kernel's interface counters that of the stations."""
    whole = played(tmp_path, PROJECT / "scenarios" / "every-fate.yaml")
    run, summary = whole.root, whole.summary
    ledger = summary["ledger"]
    assert (ledger["unexplained"], books(run)["surplus"]) == (0, 0)
    media = [route for route in ledger["routes"] if route["name"] != "canaries"]
    assert sum(route["sent"] for route in media) == rows(run, "sent-*") == summary["media"]["sent"]
    assert sum(route["delivered"] for route in media) == rows(run, "received-*")
    for cause in ("loss", "queue", "blackhole", "port down", "vanished flow", "corrupted", "under way"):
        assert any(cause in name for route in media for name in {**route["lost"], **route["under_way"]}), cause
    assert ledger["duplicated"] > 100


def test_an_interrupted_run_knows_where_its_packets_were(tmp_path: Path) -> None:
    with start("run", ONE_BLIP, "--out", tmp_path, *BRIEF) as process:
        assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
        process.send_signal(signal.SIGINT)
        finished(process)
    _, summary = summary_of(tmp_path)
    assert summary["ledger"]["unexplained"] == 0
    assert summary["ledger"]["lost"] + summary["ledger"]["under_way"] > 0


@pytest.mark.long
@pytest.mark.parametrize("version", ["lock-order", "slow-drain"])
def test_packets_that_wait_in_a_sick_relay_are_under_way(tmp_path: Path, version: str) -> None:
    """One is deadlocked with packets in its receive buffers, one has a queue of its own."""
    cold_burst = PROJECT / "scenarios" / "suite" / "cold-burst.yaml"
    summary = played(tmp_path, cold_burst, f"relays.kind={version}", "duration=8s").summary
    assert summary["ledger"]["unexplained"] == 0
    where = {"lock-order": "in its receive buffers", "slow-drain": "kept back by its version"}[version]
    waiting = {name: packets for route in summary["ledger"]["routes"] for name, packets in route["under_way"].items()}
    assert waiting.get(f"relay us-central: {where}", 0) > 0
