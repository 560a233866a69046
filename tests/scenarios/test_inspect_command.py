"""`inspect` on a recorded run, beside its raw records."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from command_lab import one_line, run_command

from scenarios.cli.exit_codes import ExitCode

RUN = Path(__file__).parent.parent / "results" / "recorded" / "one-blip" / "run"
SESSION = "voice-1-0001"

Command = Callable[..., int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    return partial(run_command, monkeypatch)


def test_every_packet_and_loss_of_the_records_is_told(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("inspect", RUN, "--session", SESSION, "--all", "--json") == ExitCode.PASS
    for stream in json.loads(capsys.readouterr().out)["streams"]:
        (packets,) = (window["packets"] for window in stream["windows"])
        mine = pl.col("ssrc") == int(stream["ssrc"], 16)
        sent = pl.read_parquet(RUN / "raw" / f"sent-{stream['source']}.parquet").filter(mine)
        assert [each["seq"] for each in packets] == sorted(sent["seq"].to_list())
        for name, place in (("links", "link "), ("fates-us-central", "relay us-central")):
            lost = pl.read_parquet(RUN / "raw" / f"{name}.parquet").filter(mine)
            told = [
                each["seq"] % 65536
                for each in packets
                if any(step["where"].startswith(place) and step["what"] != "passed" for step in each["steps"])
            ]
            assert told == sorted(lost["seq"].to_list())


def test_lines_say_where_packets_went(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("inspect", RUN, "--session", SESSION) == ExitCode.PASS
    text = capsys.readouterr().out
    assert "interruption of 366.6 ms from 4.012 s" in text
    assert "── blackhole on us-east–us-west begins" in text
    assert "relay us-central lost: cold" in text
    assert command("inspect", RUN, "--session", SESSION, "--at", "99s") == ExitCode.PASS
    assert "no packet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--session", "voice-1-001"), "has no such session; did you mean 'voice-1-000"),
        (("--session", "?"), "known: voice-1-0000, voice-1-0001, voice-1-0002"),
        (("--session", SESSION, "--at", "8"), "--at 8: "),
        (("--session", SESSION, "--at", "8s", "--all"), "--all shows every packet: leave out --at"),
        ((), "Missing option '--session'"),
    ],
)
def test_bad_options_get_one_line(
    command: Command, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    assert command("inspect", RUN, *options) == ExitCode.BAD_INPUT
    assert said in one_line(capsys.readouterr().err)


def test_a_folder_that_is_no_run_gets_one_line(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("inspect", tmp_path, "--session", SESSION) == ExitCode.BAD_INPUT
    assert one_line(capsys.readouterr().err) == "plan.json is missing"
