"""The library: what it asks of the command, what it makes of each end, and what it reads of a run directory."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from project_names import PROJECT
from testbed_lab import StandIn, stand_in

import blipnet
from blipnet.command import override_texts
from scenarios.cli.exit_codes import ExitCode


@pytest.fixture(scope="module")
def testbed(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    return stand_in(tmp_path_factory.mktemp("testbed"))


@pytest.fixture(autouse=True)
def repository(testbed: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder as the current one, the stand-in as testbed, and not the machine's own lock."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLIPNET_HOME", str(testbed.home))
    monkeypatch.setenv("BLIPNET_LOCK", str(tmp_path / "lock"))
    monkeypatch.delenv("BLIPNET_SUDO", raising=False)
    testbed.calls()


def test_a_run_has_what_its_files_have(tmp_path: Path) -> None:
    run = blipnet.run("fail.yaml")
    summary = json.loads((run.path / "summary.json").read_text())
    assert (run.verdict, run.summary, run.seed, run.scenario) == ("fail", summary, 1, "incident-short")
    assert run.path.is_relative_to(tmp_path / "blipnet-runs")
    assert run.plots == (run.latency_plot,)
    assert [each.text for each in run.missed] == [row["text"] for row in summary["expectations"] if row["ok"] is False]
    assert run.missed[0].value == summary["media"]["interruption_ms"]["max"]
    assert run.diagnosis == tuple(summary["diagnosis"])
    assert run.attempts == (run.path,)


def test_the_longest_interruption_is_that_of_the_summary(testbed: StandIn) -> None:
    run = blipnet.Run.read(testbed.home / "fail")
    longest = run.longest_interruption
    assert longest is not None
    assert longest.length_ms == run.summary["media"]["interruption_ms"]["max"]
    assert f"{longest.length_ms:.1f} ms" in str(longest)


def test_the_frame_of_interruptions_is_the_table(testbed: StandIn) -> None:
    run = blipnet.Run.read(testbed.home / "fail")
    with (run.path / "interruptions.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    frame = run.interruptions()
    assert list(frame.columns) == list(rows[0])
    assert frame["ssrc"].tolist() == [row["ssrc"] for row in rows]
    assert frame["length_ms"].max() == run.summary["media"]["interruption_ms"]["max"]
    assert frame["still_interrupted"].sum() == run.summary["media"]["still_interrupted"]


@pytest.mark.parametrize("name", ["pass", "fail"])
def test_the_frame_of_packets_agrees_with_the_summary(testbed: StandIn, name: str) -> None:
    """Packets lost, delays, and the largest gap between arrivals, which is the longest interruption."""
    run = blipnet.Run.read(testbed.home / name)
    frame, media = run.packets(), run.summary["media"]
    lost = int(frame["received_at_s"].isna().sum())
    assert (len(frame), len(frame) - lost) == (media["sent"], media["received"])
    assert (frame["copies"] == 0).sum() == lost
    gaps_ms = frame.dropna().sort_values("received_at_s").groupby("ssrc")["received_at_s"].diff() * 1e3
    assert gaps_ms.max() == pytest.approx(media["interruption_ms"]["max"], abs=0.002)
    for pair in run.summary["pairs"]:
        ours = frame[(frame["source"] == pair["source"]) & (frame["destination"] == pair["destination"])]
        assert ours["one_way_ms"].median() == pytest.approx(pair["one_way_ms"]["p50"], abs=0.01)
    detoured = frame["relays"] == "us-east us-central us-west"
    assert detoured.any()


def test_arguments_become_the_commands(testbed: StandIn, tmp_path: Path) -> None:
    blipnet.run("pass.yaml", relay=Path("mine"), set={"a.0": 2, "b": [1, "5s"], "c": "2s", "d": True}, seed=7, out="x")
    (call,) = testbed.calls()
    assert call["file"] == "pass.yaml"
    assert call["relay"] == str(tmp_path / "mine")
    assert call["set"] == ["a.0=2", 'b=[1, "5s"]', "c=2s", "d=true"]
    assert call["seed"] == "7"
    assert Path(call["out"]).parent == tmp_path / "x"


def test_overrides_that_are_one_text_are_refused() -> None:
    with pytest.raises(TypeError, match="mapping"):
        override_texts("a=1")


def test_of_several_attempts_the_last_one_counts() -> None:
    run = blipnet.run("flaky-3.yaml", attempts=3)
    assert (run.verdict, len(run.attempts), run.attempts[-1]) == ("pass", 3, run.path)
    assert [blipnet.Run.read(path).verdict for path in run.attempts[:-1]] == ["inconclusive"] * 2


def test_a_run_that_was_kept_from_its_end_is_inconclusive() -> None:
    run = blipnet.run("spoilt.yaml")
    assert (run.verdict, run.reasons, run.summary) == (
        "inconclusive",
        ("the run was kept from its end: no space left",),
        {},
    )


@pytest.mark.parametrize(
    ("name", "error", "line"),
    [
        ("refused", blipnet.RefusedError, "refused.yaml:3:11: unknown topology 'us-triangel'"),
        ("bug", blipnet.BugError, "a bug in Blipnet itself: boom"),
        ("unwritable", blipnet.CommandError, "standard output: No space left on device"),
        ("sudo", blipnet.CommandError, "sudo: a password is required"),
    ],
)
def test_what_is_no_verdict_is_an_error_with_the_commands_line(
    tmp_path: Path, name: str, error: type[blipnet.BlipnetError], line: str
) -> None:
    with pytest.raises(error) as raised:
        blipnet.run(f"{name}.yaml")
    assert str(raised.value).startswith(line)
    assert list((tmp_path / "blipnet-runs").iterdir()) == []


def test_a_run_ends_in_good_order_when_its_caller_cannot_wait(testbed: StandIn) -> None:
    """As where a time limit of a test strikes."""

    def strike(*_: object) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGUSR1, strike)
    try:
        with pytest.raises(TimeoutError):
            blipnet.run("waits.yaml")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (testbed.home / "ended").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(blipnet.CommandError, match=r"file/runs: Not a directory; say with out="):
        blipnet.run("pass.yaml", out=tmp_path / "file" / "runs")


def test_exit_codes_are_those_of_the_command() -> None:
    from blipnet import command

    assert sorted(command._VERDICTS) == sorted((ExitCode.PASS, ExitCode.FAIL, ExitCode.INCONCLUSIVE))
    assert (command._REFUSED, command._BUG) == (ExitCode.BAD_INPUT, ExitCode.BUG)
    assert command._INTERRUPTED == ExitCode.INTERRUPTED


def test_sudo_never_asks_and_its_refusal_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\n[ "$1 $2" = "-n --" ] && shift 2 && exec "$@"\n')
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sudo.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("BLIPNET_SUDO", "1")
    assert blipnet.run("pass.yaml").verdict == "pass"
    with pytest.raises(blipnet.RefusedError, match="password"):
        blipnet.run("sudo.yaml")


def test_the_testbed_is_the_one_named_last_of_all_the_checkout(tmp_path: Path, testbed: StandIn) -> None:
    find = blipnet.Testbed.find
    assert find(environ={}).home == PROJECT
    assert find(environ={"BLIPNET_HOME": str(testbed.home)}).home == testbed.home
    assert find(PROJECT, environ={"BLIPNET_HOME": str(testbed.home)}).home == PROJECT
    assert find(environ={"BLIPNET_SUDO": "yes"}).sudo
    with pytest.raises(blipnet.TestbedError, match=r"home='.*': no checkout of Blipnet"):
        find(tmp_path)
    with pytest.raises(blipnet.TestbedError, match="BLIPNET_SUDO=perhaps: write 1 or 0"):
        find(environ={"BLIPNET_SUDO": "perhaps"})


def test_nothing_but_the_standard_library_is_imported() -> None:
    """And so by its user's Python, which has no pandas unless somebody asks for a frame."""
    source = str(PROJECT / "blipnet" / "src")
    script = f"import sys; sys.path.append({source!r}); import blipnet; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in found.stdout.split()} <= {"__main__", "blipnet", *sys.stdlib_module_names}
