"""The cases of links and paths (`scenarios/cases`) come out as the arithmetic in their files says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

from scenarios.language.topology_files import load_topology

CASES = PROJECT / "scenarios" / "cases"

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.repeats_alone]
LOPSIDED = CASES / "asymmetric-link.yaml"


def medians_ms(run: Run) -> dict[tuple[str, str], float]:
    """Median one-way delay of the media from one cluster to another."""
    return {(row["source"], row["destination"]): row["one_way_ms"]["p50"] for row in run.summary["pairs"]}


def each_direction_has_its_own_delay(run: Run) -> bool:
    found = medians_ms(run)
    there, back = found["us-east", "us-west"], found["us-west", "us-east"]
    return 0 <= there - 61.15 <= 0.7 and 0 <= back - 31.15 <= 0.7


def test_a_link_is_as_slow_either_way_as_its_file_says(runs: RunRecord, tmp_path: Path) -> None:
    claim = each_direction_has_its_own_delay
    run = attempted(runs, tmp_path, LOPSIDED, believed=claim)
    assert run.bears(claim(run)), medians_ms(run)
    assert run.bears(run.summary["media"]["lost"] == 0)
    assert run.summary["verdict"] != "fail", run.summary["reasons"]


def test_the_same_link_the_other_way_round_fails(runs: RunRecord, tmp_path: Path) -> None:
    swapped = ("topology.links.0.there.delay=31.15ms", "topology.links.0.back.delay=61.15ms")
    run = attempted(runs, tmp_path, LOPSIDED, *swapped, believed=lambda run: run.has_verdict)
    run.require(run.has_verdict)
    assert run.summary["verdict"] == "fail"
    missed = [each["text"] for each in run.summary["expectations"] if each["ok"] is False]
    assert run.bears(
        missed
        == [
            "media.one_way_ms.p99 <= 71.15ms",
            "media[us-east→us-west].one_way_ms.p50 >= 51.15ms",
            "media[us-west→us-east].one_way_ms.p50 <= 41.15ms",
        ]
    ), missed


def detoured(run: Run) -> bool:
    """The listeners heard the cut for less than half of it, and nobody does at the end."""
    media = run.summary["media"]
    return bool(media["still_interrupted"] == 0 and media["interruption_ms"]["max"] < 1000)


def test_a_call_across_abilene_takes_as_long_as_its_links_and_goes_round_a_cut_one(
    runs: RunRecord, tmp_path: Path
) -> None:
    """Four links, 3.1205 + 8.2835 + 10.712 + 20.964 ms, a millisecond more or less for each."""

    def as_long(run: Run) -> bool:
        return detoured(run) and all(abs(median - 43.08) <= 4 for median in medians_ms(run).values())

    run = attempted(runs, tmp_path, CASES / "abilene.yaml", believed=as_long)
    assert run.bears(as_long(run)), (medians_ms(run), run.summary["media"])
    moved = [row for row in run.summary["reroutes"] if row["directions"]]
    assert run.bears({row["link"] for row in moved} == {"new-york–los-angeles"})
    assert run.bears(all(row["reason"].startswith(("houston→los-angeles", "los-angeles→houston")) for row in moved))


def test_each_link_of_abilene_is_cut_in_turn_and_its_call_goes_round_it(runs: RunRecord, tmp_path: Path) -> None:
    """Where no single relay has two clean ways, over two."""

    def moved(run: Run) -> list[dict[str, Any]]:
        return [row for row in run.summary["reroutes"] if row["directions"]]

    def all_go_round(run: Run) -> bool:
        return detoured(run) and len(moved(run)) == 14

    run = attempted(runs, tmp_path, CASES / "abilene-every-link.yaml", believed=all_go_round)
    assert run.bears(all_go_round(run)), (moved(run), run.summary["media"])
    links = {frozenset((link.a, link.b)) for link in load_topology("abilene").links}
    assert run.bears({frozenset(row["link"].split("–")) for row in moved(run)} == links)
    over_two = {row["link"] for row in moved(run) if row["then"]}
    assert run.bears(over_two == {"denver–kansas-city", "indianapolis–kansas-city"}), over_two
    assert run.summary["ledger"]["unexplained"] == 0


def test_a_cut_that_no_single_relay_repairs_is_repaired_over_two(runs: RunRecord, tmp_path: Path) -> None:
    run = attempted(runs, tmp_path, CASES / "two-relays.yaml", believed=detoured)
    assert run.bears(detoured(run)), run.summary["media"]
    over = {row["link"]: (row["via"], row["then"]) for row in run.summary["reroutes"]}
    assert run.bears(over == {"a–b": ("d", "c"), "b–d": ("c", None), "a–c": ("d", None)}), over
    row = next(row for row in run.summary["reroutes"] if row["link"] == "a–b")
    assert row["directions"] == 10
    assert run.bears(row["first_packet_at"] is not None)
    assert run.summary["ledger"]["unexplained"] == 0
