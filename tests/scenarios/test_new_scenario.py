"""The command that writes a scenario to begin with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from command_lab import one_line, run_command

from scenarios.commands.beginnings import new
from scenarios.language.library import load_plan
from scenarios.language.new_scenario import FAULTS, Choices, farthest, scenario_text
from scenarios.language.topology_files import load_topology

TRIANGLE = load_topology("us-triangle")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_makes_a_valid_scenario(tmp_path: Path, fault: str) -> None:
    times = {"at": "1s", "lasts": "2s", "duration": "8s", "limit": "300ms"}
    choices = Choices("mine", "us-triangle", farthest(TRIANGLE), 7, "voice", fault, **times)
    file = tmp_path / "mine.yaml"
    file.write_text(scenario_text(choices, TRIANGLE, "scenario.schema.json"))
    plan = load_plan(file)
    assert (plan.scenario, plan.duration_ns) == ("mine", 8_000_000_000)
    assert [each.at_ns for each in plan.faults] == [1_000_000_000]
    assert [each.text for each in plan.expectations][1] == "media.interruption_ms.max < 300ms"


def test_it_has_what_was_chosen_and_the_relay_between_is_struck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Ohio is cut.yaml"
    words = ["--topology", "us-6", "--between", "us-east", "us-northwest", "--fault", "relay-kill"]
    assert run_command(monkeypatch, "new", str(file), *words, "--relay", "2026-05-11", "--sessions", "3") == 0
    plan = load_plan(file)
    assert plan.scenario == "ohio-is-cut"
    (calls,) = plan.sessions
    assert (plan.topology.name, calls.a, calls.b, calls.count) == ("us-6", "us-east", "us-northwest", 3)
    assert plan.relays.version == "2026-05-11"
    assert "cluster: us-east-2}" in file.read_text(), "over Ohio is the shortest way round"
    schema = re.search(r"\$schema=(\S+)", file.read_text())
    assert schema
    assert (tmp_path / schema[1]).resolve().name == "scenario.schema.json"
    assert (tmp_path / schema[1]).exists()


def test_what_is_there_stays_and_what_is_refused_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there, refused = tmp_path / "there.yaml", tmp_path / "refused.yaml"
    there.write_text("mine")
    assert run_command(monkeypatch, "new", str(there)) == 2
    assert "is there already" in one_line(capsys.readouterr().err)
    assert run_command(monkeypatch, "new", str(refused), "--at", "20s") == 2
    assert "the event starts at 20s, but the run ends at 12s" in one_line(capsys.readouterr().err)
    assert run_command(monkeypatch, "new", str(tmp_path / "scenario.txt")) == 2
    assert "does not end in .yaml" in one_line(capsys.readouterr().err)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"there.yaml": "mine"}


def test_it_asks_for_what_is_not_given(tmp_path: Path) -> None:
    file = tmp_path / "asked.yaml"
    answers = "".join(f"{each}\n" for each in ("", "9", "voice", "latency", "", "9s", ""))
    done = CliRunner().invoke(new, [str(file), "--ask", "--at", "2s"], input=answers, standalone_mode=False)
    assert done.exception is None, done.output
    plan = load_plan(file)
    (fault,) = plan.faults
    assert (plan.sessions[0].count, plan.duration_ns) == (9, 9_000_000_000)
    assert (fault.what, fault.at_ns) == ("latency", 2_000_000_000)
