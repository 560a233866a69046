"""What a plan was made of is kept so that the same plan is made of it again, elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from relay_app.media_profiles import Recording
from results.run_files.plan import Plan
from scenarios.language.captures import capture_of
from scenarios.language.inputs import LIST, SCENARIO, Arguments, arguments_in, arguments_of, collected
from scenarios.language.library import LIBRARY, load_plan
from scenarios.language.topology_files import CATALOGUE

RECORDING = Recording(
    at_ns=(0, 20_000_000, 40_000_001, 61_234_567),
    timestamps=(4_294_967_000, 664, 1_624, 2_584),
    payload_types_of=(111, 111, 98, 111),
    lengths=(80, 3, 1, 1_400),
    markers=(True, False, False, True),
    pictures=False,
)


def written(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def made_again(folder: Path, seed: int | None = None, further: Sequence[str] = ()) -> Plan:
    path, kept, overrides = arguments_of(folder, seed, further)
    return load_plan(path, seed=kept, overrides=overrides)


def test_a_scenario_is_made_again_of_what_it_names(tmp_path: Path) -> None:
    """Of files that are no more: a topology, a trace, and a capture, of which the stream that is played is kept."""
    there = tmp_path / "there"
    topology = (CATALOGUE / "us-triangle.yaml").read_text().replace("name: us-triangle", "name: mine", 1)
    trace = (LIBRARY / "cases" / "trace.csv").read_bytes()
    capture = capture_of(RECORDING, 0xABCD)
    scenario = (
        "name: all\ntopology: ./mine.yaml\nduration: 30s\n"
        "sessions: [{between: [us-east, us-west], count: 2, media: {capture: call.pcap}}]\n"
        "events: [{at: 1s, what: trace, link: [us-east, us-west], file: sub/link.csv, for: 10s}]\n"
    )
    files = {"mine.yaml": topology.encode(), "sub/link.csv": trace, "call.pcap": capture, "s.yaml": scenario.encode()}
    written(there, files)
    overrides = ("duration=40s", f"topology={there / 'mine.yaml'}")
    before = load_plan(there / "s.yaml", seed=7, overrides=overrides)
    assert before.sessions[0].own == RECORDING
    arguments = arguments_in(before.command)
    assert arguments == Arguments(there / "s.yaml", 7, overrides)
    kept = collected(arguments)
    assert sorted(kept) == ["captures/0.pcap", LIST, SCENARIO, "topology/mine.yaml", "traces/0.csv"]
    there.rename(tmp_path / "gone")
    here = written(tmp_path / "here", kept)
    again = made_again(here)
    assert replace(again, command=()) == replace(before, command=())
    assert made_again(here, 8, ["duration=50s"]).seed == 8
    assert made_again(here, 8, ["duration=50s"]).duration_ns == 50_000_000_000
    assert str(tmp_path / "gone") not in str(kept)
    # What was made of kept inputs is kept like them.
    assert collected(arguments_of(here)) == kept


@pytest.mark.parametrize("command", [(), ("run", "x.yaml"), ("run", "x.yaml", "--pcap", "us-east", "--set", "seed=3")])
def test_the_arguments_are_read_from_the_command(command: tuple[str, ...]) -> None:
    found = arguments_in(command)
    assert found == (Arguments(Path("x.yaml"), None, ("seed=3",) if len(command) > 2 else ()) if command else None)
