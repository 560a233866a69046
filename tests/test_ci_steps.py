"""The templates for users' CI: their steps, run in a shell, in a repository with scenarios, against a Blipnet that
plays nothing; the commands that it was given are read by the real parsers."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
from ci_lab import Called, Ended, Machine, files_of, machine, substituted
from page_commands import parsed
from project_names import PROJECT

from scenarios.cli.exit_codes import ExitCode
from scenarios.language import yamlfile

pytestmark = pytest.mark.long

GITHUB: Mapping[str, Any] = yamlfile.read(PROJECT / "ci" / "github" / "blipnet.yml").data
GITLAB: Mapping[str, Any] = yamlfile.read(PROJECT / "ci" / "gitlab" / "blipnet.gitlab-ci.yml").data
CODE_QUALITY = PROJECT / "ci" / "gitlab" / "code_quality.py"

MISSED, OPEN, SILENT = "media.lost < 5", "media.sent > 3", "relay.us-east.queue < 1"
PRINTED = {
    "verdict": "fail",
    "planned": 2,
    "played": [
        {
            "scenario": "two",
            "file": "blips/two.yaml",
            "relay": "2026-05-11",
            "verdict": "fail",
            "reasons": [f"expected {MISSED}, found 7"],
            "expectations": [
                {"text": MISSED, "ok": False, "value": 7.0, "not_told": False},
                {"text": OPEN, "ok": None, "value": None, "not_told": False},
                {"text": SILENT, "ok": None, "value": None, "not_told": True},
                {"text": "media.lost < 9", "ok": True, "value": 7.0, "not_told": False},
            ],
            "lines": {MISSED: 12, OPEN: 13},
        },
        {"scenario": "one", "file": "blips/one.yaml", "relay": "2026-05-11", "verdict": "inconclusive",
         "reasons": ["the run failed: no space"], "expectations": [], "lines": {}},
    ],
}  # fmt: skip


def on_github(on: Machine, **machine_s: str) -> tuple[Ended, dict[str, str]]:
    """Run all steps of the job that are commands, until one fails; with the outputs of steps.

    `machine_s`: variables that the machine has.
    """
    values = {
        "vars.BLIPNET_REPOSITORY": str(on.origin),
        "vars.BLIPNET_VERSION || 'main'": "main",
        "github.workspace": str(on.repository),
    }
    asked = {
        None: True,
        "hashFiles('blips/*.yaml') != ''": True,
        "${{ !cancelled() && hashFiles('blips/tests/**') != '' }}": (on.repository / "blips" / "tests").exists(),
    }
    with TemporaryDirectory(dir=on.home) as folder:
        of_job = {name: str(Path(folder) / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT")}
        environ = {name: substituted(value, values) for name, value in GITHUB["env"].items()} | {
            **of_job,
            **machine_s,
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(on.repository),
            "GITHUB_STEP_SUMMARY": str(on.home / "summary"),
            "RUNNER_TOOL_CACHE": str(on.home / "tools"),
        }
        steps = [each for each in GITHUB["jobs"]["blips"]["steps"] if "run" in each and asked[each.get("if")]]
        printed = ""
        for step in steps:
            ended = on.run(substituted(step["run"], values), environ)
            printed += ended.printed
            if ended.code:
                break
            environ |= told(of_job["GITHUB_ENV"])
        return Ended(ended.code, printed), told(of_job["GITHUB_OUTPUT"])


def told(file: str) -> dict[str, str]:
    lines = Path(file).read_text().splitlines() if Path(file).exists() else []
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def on_gitlab(on: Machine, **machine_s: str) -> Ended:
    job, values = GITLAB["blips"], {**GITLAB["variables"], "BLIPNET_REPOSITORY": str(on.origin), **machine_s}
    values["PIP_CACHE_DIR"] = values["PIP_CACHE_DIR"].replace("$CI_PROJECT_DIR", str(on.repository))
    return on.run("\n".join((*job["before_script"], *job["script"])), values)


def require_doctor_and_run(calls: list[Called]) -> Called:
    """The call that plays, after the question to the doctor; the real parsers take both."""
    doctor, run = calls
    assert parsed(doctor.argv)[0].name == "doctor"
    command, given = parsed(run.argv)
    assert command.name == "run"
    assert [str(file) for file in given["files"]] == ["blips/one.yaml", "blips/two.yaml"]
    assert given["attempts"] == 3
    return run


@pytest.mark.parametrize("code", [ExitCode.PASS, ExitCode.FAIL, ExitCode.INCONCLUSIVE])
def test_on_github_a_job_ends_as_its_runs_do_and_leaves_what_is_kept(tmp_path: Path, code: int) -> None:
    on = machine(tmp_path, code)
    ended, outputs = on_github(on)
    assert ended.code == code, ended.printed
    clone = on.home / "tools" / "blipnet"
    assert (clone / "calls").read_text() == "set-up\n"
    assert (outputs["there"], len(outputs["packages"])) == ("false", 64)
    run = require_doctor_and_run(on.calls(clone))
    assert {"GITHUB_ACTIONS", "GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY"} <= run.environ.keys(), "sudo dropped them"
    assert (on.home / "summary").read_text() == "a summary\n"
    kept = GITHUB["jobs"]["blips"]["steps"][-1]["with"]["path"].split()
    assert all(files_of(kept, on.repository))


def test_on_github_a_second_job_finds_what_the_first_one_made(tmp_path: Path) -> None:
    on = machine(tmp_path, 0)
    assert [on_github(on)[1]["there"] for _ in range(2)] == ["false", "true"]
    assert (on.home / "tools" / "blipnet" / "calls").read_text() == "set-up\n" * 2


@pytest.mark.parametrize("code", [ExitCode.PASS, ExitCode.FAIL, ExitCode.BAD_INPUT])
def test_on_gitlab_a_job_ends_as_its_runs_do_and_leaves_what_is_kept(tmp_path: Path, code: int) -> None:
    on = with_code_quality(machine(tmp_path, code, PRINTED))
    ended = on_gitlab(on)
    assert ended.code == code, ended.printed
    require_doctor_and_run(on.calls(on.home / ".cache" / "blipnet"))
    assert "written by --markdown" in ended.printed
    kept = GITLAB["blips"]["artifacts"]
    patterns = [*kept["paths"], *kept["reports"].values()]
    assert all(files_of(patterns, on.repository))
    problems = json.loads((on.repository / "blipnet-code-quality.json").read_text())
    assert [(each["location"]["path"], each["location"]["lines"]["begin"]) for each in problems] == [
        ("blips/two.yaml", 12),
        ("blips/two.yaml", 13),
        ("blips/one.yaml", 1),
    ]


@pytest.mark.parametrize("on_theirs", [on_github, on_gitlab])
def test_a_machine_that_has_blipnet_clones_nothing(
    tmp_path: Path, on_theirs: Callable[..., Ended | tuple[Ended, object]]
) -> None:
    on = with_code_quality(machine(tmp_path, 0, PRINTED))
    on_theirs(replace(on, origin=tmp_path / "none"), BLIPNET_HOME=str(on.origin))
    require_doctor_and_run(on.calls(on.origin))


def with_code_quality(on: Machine) -> Machine:
    """Put the real program into its Blipnet."""
    target = on.origin / "ci" / "gitlab"
    target.mkdir(parents=True)
    shutil.copy(CODE_QUALITY, target)
    done = on.run(
        f"git -C {on.origin} add . && git -C {on.origin} -c user.name=a -c user.email=a@b commit -qm More", {}
    )
    assert done.code == 0, done.printed
    return on


@pytest.fixture(scope="module")
def code_quality() -> ModuleType:
    found = importlib.util.spec_from_file_location("code_quality", CODE_QUALITY)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_what_is_undecided_or_unexplained_is_told_too(code_quality: ModuleType) -> None:
    entries: list[dict[str, Any]] = code_quality.report(PRINTED, Path.cwd())
    assert [(entry["severity"], entry["description"]) for entry in entries] == [
        ("major", f"two, relay 2026-05-11: expected {MISSED}, found 7"),
        ("major", f"two, relay 2026-05-11: undecided: {OPEN}, found nothing"),
        ("minor", "one, relay 2026-05-11: the run failed: no space"),
    ]
    assert len({entry["fingerprint"] for entry in entries}) == 3
