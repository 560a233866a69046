"""Arguments in, exit code and output out, without running anything."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.commands.entry import main

PROJECT = Path(__file__).resolve().parent.parent.parent
ONE_BLIP = "scenarios/one-blip.yaml"
BURSTS = [f"events.0.{each}" for each in ("what=loss", "bursts.mean=20%", "bursts.length=4")]


@pytest.fixture
def run_scenario(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(PROJECT)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["run_scenario.py", *arguments])
        return main()

    return run


@pytest.mark.parametrize(
    ("arguments", "code", "output"),
    [
        (("check", ONE_BLIP), 0, f"{ONE_BLIP}: one-blip is valid"),
        (
            ("check", ONE_BLIP, *(word for each in BURSTS for word in ("--set", each))),
            0,
            "  loss on us-east–us-west at 4s: p = 6.25 %, r = 25 % per packet",
        ),
        (("list",), 0, "us-6-blip.yaml"),
        (("--help",), 0, "doctor"),
        (("check", "nosuch.yaml"), 2, "nosuch.yaml:1:1: there is no such file"),
        (("nosuch.yaml",), 2, "nosuch.yaml:1:1: there is no such file"),
        ((ONE_BLIP, "--seed", "x"), 2, "'x' is not a valid integer"),
        (("run", ONE_BLIP, "--set", "seed=x"), 2, "--set seed=x: "),
        (("run",), 2, "Missing argument 'FILE...'"),
        (("frobnicate",), 2, "No such command 'frobnicate'"),
        (("report", "/nosuch"), 2, "does not exist"),
        (("report", "scenarios"), 2, "plan.json is missing"),
    ],
)
def test_exit_codes(
    run_scenario: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    output: str,
) -> None:
    assert run_scenario(*arguments) == code
    assert output in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("run", ONE_BLIP, "--attempts", "0"),
            "run_scenario.py run: Invalid value for '--attempts': 0 is not in the range",
        ),
        (
            ("run", ONE_BLIP, "--attempts", "x"),
            "run_scenario.py run: Invalid value for '--attempts': 'x' is not a valid",
        ),
        (
            ("run", ONE_BLIP, "--clock", "virtual"),
            "run_scenario.py run: --clock is the virtual machine's: add --vm; see",
        ),
        (("check",), "run_scenario.py check: Missing argument 'FILE...'; see run_scenario.py check --help"),
        (("frobnicate",), "run_scenario.py: No such command 'frobnicate'; see run_scenario.py --help"),
        (("rnu",), "run_scenario.py: No such command 'rnu' (did you mean 'run'?); see run_scenario.py --help"),
        (("topology", "shwo"), "run_scenario.py topology: No such command 'shwo' (did you mean 'show'?); see"),
        (
            ("run", ONE_BLIP, "--sed", "1"),
            "run_scenario.py run: No such option '--sed' (did you mean '--seed' or '--set'?)",
        ),
    ],
)
def test_a_usage_error_is_one_line(
    run_scenario: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    assert run_scenario(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith(said)


def test_several_files_are_all_read_first(run_scenario: Callable[..., int], tmp_path: Path) -> None:
    code = run_scenario("run", ONE_BLIP, str(tmp_path / "missing.yaml"), "--out", str(tmp_path / "runs"))
    assert code == 2
    assert not (tmp_path / "runs").exists()


def test_an_imported_topology_is_a_new_file_that_a_scenario_can_name(
    run_scenario: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "Two Sites.csv"
    table.write_text("from,to,rtt\nZürich,St. Gallen,5\n", encoding="utf-8")
    assert run_scenario("topology", "import", str(table), "--out", str(tmp_path)) == 0
    out, _ = capsys.readouterr()
    assert re.search(r"^Zürich +zurich *\nSt\. Gallen +st-gallen *$", out, re.MULTILINE)
    overrides = [f"topology={tmp_path}/two-sites.yaml", "sessions.0.between.0=zurich", "sessions.0.between.1=st-gallen"]
    scenario = tmp_path / "own.yaml"
    scenario.write_text(
        "name: own\ntopology: us-triangle\nduration: 1s\nsessions: [{between: [a, b], count: 1, media: voice}]\n"
    )
    assert run_scenario("check", str(scenario), *(f"--set={each}" for each in overrides)) == 0
    assert run_scenario("topology", "import", str(table), "--out", str(tmp_path)) == 2
    assert "two-sites.yaml: File exists; say with --out in which folder it goes" in capsys.readouterr().err


def test_a_topology_is_shown_by_its_name_or_its_path(
    run_scenario: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_scenario("topology", "show", "us-triangle") == 0
    assert re.search(r"^us-east–us-west +31\.15ms *$", capsys.readouterr().out, re.MULTILINE)
    assert run_scenario("topology", "show", str(tmp_path / "none.yaml")) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert run_scenario("topology", "show", "us-triangel") == 2
    assert "did you mean 'us-triangle'?" in capsys.readouterr().err


def test_a_command_imports_only_what_it_needs() -> None:
    """Of which the libraries take longer than all that `--version` and `check` do. Each module also has what those
    before it import, so that one interpreter is enough."""
    needless = {
        "root": ("numpy", "polars", "pydantic", "redis", "rich", "yaml", "scenarios.language"),
        "checks": ("numpy", "polars", "redis", "rich", "scapy", "results.report", "scenarios.vm"),
        "looks": ("polars", "redis", "scapy"),
    }
    script = f"""import importlib, sys
for module, names in {needless!r}.items():
    importlib.import_module("scenarios.commands." + module)
    print(module, [each for each in names if each in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert done.stdout.splitlines() == [f"{module} []" for module in needless]
