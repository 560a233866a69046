"""Every command on a page that plays runs is played: here, as it is printed, or by the test file named for it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from page_commands import Command
from program_lab import shipped
from run_lab import PROJECT
from test_page_commands import OF_THE_COMMAND_LINE

from results.run_files.run_dir import RunDir

KINDS = ("c-regression", "c-sound", "coturn", "rtpengine")
PLAYING = {"run", "suite", "sweep"}
ELSEWHERE = {
    "suite --relay 2026-05-11 --junit": (
        "test_incidents.py",
        '"suite", file, "--relay", "2026-05-11", "--junit", junit',
    ),
    "suite --relay KIND": ("test_incidents.py", '"suite", file, "--relay", "2026-05-11"'),
    "suite --relay 2026-05-11": ("test_incidents.py", '"suite", file, "--relay", "2026-05-11"'),
    "run scenarios/factorial/": ("test_incidents.py", '"scenarios" / "factorial" / f"{name}.yaml"'),
    "run scenarios/incident/": ("test_incidents.py", '("relay-canary", "receiver-reports")'),
    "suite --relay ./my-relay": ("test_tutorial.py", '"docs" / "your-relay.md"'),
    "run scenarios/one-blip.yaml --relay ./my-relay": ("test_tutorial.py", '"docs" / "your-relay.md"'),
    "suite --relay c-sound --relay c-regression": ("test_relay_programs.py", 'COLD_BURST, "relays.kind=c-regression"'),
    "suite --relay adapter-alone": ("test_server_relays.py", '["adapter-alone", "coturn", "pion", "rtpengine"]'),
    "run scenarios/decoded-blip.yaml": ("test_program_media.py", '"run", DECODED_BLIP'),
    "run FILE.bundle": ("test_bundled_run.py", '"run", bundled'),
    "run --vm": ("test_vm.py", '"run", "--vm", *VIRTUAL'),
    "sweep my-sweep.yaml --scheduler": ("test_sweep_cluster.py", '"--scheduler", self.address'),
}
"""How commands begin that take minutes, or need what not every machine has; the file of the test that plays what they
play, and where in it."""

LIMIT_S = 800.0


def plays(command: Command) -> bool:
    given = command.argv[1:]
    return given[0] in PLAYING or given[0].endswith(".yaml")


def elsewhere(command: Command) -> str | None:
    """The test file that plays it, if it is not played here."""
    given = " ".join(command.argv[1:])
    return next((file for begin, (file, _) in ELSEWHERE.items() if given.startswith(begin)), None)


def distinct() -> Iterator[Command]:
    """The commands that play, each once."""
    yield from {each.argv: each for each in OF_THE_COMMAND_LINE if plays(each)}.values()


HERE = [each for each in distinct() if elsewhere(each) is None]


def test_each_is_played_once_and_no_exception_is_left_over() -> None:
    begun = {file for each in distinct() if (file := elsewhere(each))}
    assert begun == {file for file, _ in ELSEWHERE.values()}
    assert len(HERE) > 8
    for begin in ELSEWHERE:
        assert any(" ".join(each.argv[1:]).startswith(begin) for each in distinct()), f"no page has {begin} any more"


@pytest.mark.parametrize(("name", "text"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_the_tests_that_are_named_play_it(name: str, text: str) -> None:
    (path,) = PROJECT.glob(f"tests/**/{name}")
    assert text in path.read_text(encoding="utf-8")


@pytest.fixture
def filled(tmp_path: Path) -> dict[str, str]:
    """What a reader writes in place of each word: brief scenarios."""
    one_blip = yaml.safe_load((PROJECT / "scenarios" / "one-blip.yaml").read_text())
    brief = one_blip | {"duration": "7s"}
    brief["sessions"] = [each | {"count": 10} for each in one_blip["sessions"]]
    brief["events"] = [each | {"at": "1s", "for": "1s"} for each in one_blip["events"]]
    for name in ("brief", "my-blip"):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(brief | {"name": name}, sort_keys=False))
    sweep = {"name": "two", "scenario": "brief.yaml", "axes": [{"set": "events.0.for", "values": ["100ms", "1s"]}]}
    (tmp_path / "my-sweep.yaml").write_text(yaml.safe_dump(sweep, sort_keys=False))
    words = {word: str(tmp_path / "brief.yaml") for word in ("FILE", "FILE…", "scenarios/suite/cold-burst.yaml")}
    words |= dict.fromkeys(("10", "60"), "2")  # repetitions
    mine = {name: str(tmp_path / name) for name in ("my-blip.yaml", "my-sweep.yaml")}
    return words | mine | {"SWEEP.yaml": mine["my-sweep.yaml"], "DIR": str(tmp_path / "runs")}


@pytest.mark.root
@pytest.mark.bears_load
@pytest.mark.timeout(900)  # twelve runs
@pytest.mark.parametrize("command", HERE, ids=str)
def test_it_plays(command: Command, filled: dict[str, str], tmp_path: Path) -> None:
    """To a verdict; which one, other tests say, with the machine to themselves."""
    for kind in {*KINDS} & {*command.argv}:
        shipped(kind)
    arguments = [each for word in command.argv[1:] for each in expanded(filled.get(word, word))]
    if "--out" not in arguments:
        arguments += ["--out", str(tmp_path / "runs")]
    if {"--resume", "--report"} & {*arguments}:
        first = [each for each in arguments if each not in ("--resume", "--report")]
        assert carried_out(first) in (0, 1, 3)
    assert carried_out(arguments) in (0, 1, 3)
    pages = [*(tmp_path / "runs").glob("**/report.html")]
    assert pages
    assert all(RunDir(page.parent).summary.exists() or (page.parent / "results.parquet").exists() for page in pages)


def expanded(word: str) -> list[str]:
    """As a shell has it."""
    return sorted(map(str, PROJECT.glob(word))) if "*" in word else [word]


def carried_out(arguments: list[str]) -> int:
    """A command, from the checkout; gives its exit code."""
    argv = [str(PROJECT / "run_scenario.py"), *arguments]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode
