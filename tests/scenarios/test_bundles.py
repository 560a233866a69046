"""Bundles: what is in one, what it lacks, and the commands that write and play them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest
from bundle_lab import PLAN, RECORDED, WRITTEN_BY, forged, recorded_run
from command_lab import ONE_BLIP, one_line, run_command

from results.comparison.compared_sets import ComparedSets
from results.comparison.run_sets import summary_of
from results.run_files.documents import dump, read
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from results.verdict.summary import Verdict
from scenarios.bundles.archive import unpack
from scenarios.bundles.bundling import bundle
from scenarios.bundles.manifest import FORMAT, MANIFEST, Content, Manifest
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.kept_inputs import keep_inputs
from scenarios.cli.play import InSandbox
from scenarios.commands import replays
from scenarios.language.inputs import Arguments, arguments_of
from scenarios.language.library import load_plan
from scenarios.suites.attempts import Attempt

Command = Callable[..., int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    return partial(run_command, monkeypatch)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return recorded_run(tmp_path / "recorded")


def test_a_bundle_holds_the_run_directory(run: RunDir, tmp_path: Path) -> None:
    (run.root / "link").symlink_to("/etc/hostname")
    made = bundle(run, tmp_path / "a.bundle", WRITTEN_BY, redact=False)
    there = tmp_path / "there"
    there.mkdir()
    manifest = unpack(made.path, there)
    assert manifest == made.manifest
    assert (manifest.scenario, manifest.seed, manifest.redacted, manifest.blipnet) == ("one-blip", 1, False, WRITTEN_BY)
    assert (run.root / "link").is_symlink()
    (run.root / "link").unlink()
    assert contents(there) == contents(run.root)
    assert "raw/sessions.parquet" in contents(there)
    assert "inputs/topology/us-triangle.yaml" in contents(there)
    with ZipFile(made.path) as archive:
        assert {(each.date_time[0], each.extra, each.comment) for each in archive.infolist()} == {(1980, b"", b"")}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bundle_says_what_it_lacks(run: RunDir, tmp_path: Path) -> None:
    """Nothing; then the scenario file was edited after it was read; and then there are no inputs at all."""
    assert bundle(run, tmp_path / "whole.bundle", WRITTEN_BY, redact=False).remarks == ()
    scenario = run.inputs / "scenario.yaml"
    scenario.write_text(scenario.read_text().replace("duration: 12s", "duration: 13s"))
    (differs,) = bundle(run, tmp_path / "a.bundle", WRITTEN_BY, redact=False).remarks
    assert "its inputs are not those of the run" in differs
    shutil.rmtree(run.inputs)
    (missing,) = bundle(run, tmp_path / "b.bundle", WRITTEN_BY, redact=False).remarks
    assert "it cannot be played again" in missing


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "missing.bundle"), "missing.bundle: there is no such file"),
        (("missing.bundle",), "missing.bundle: there is no such file"),
        (("run", "text.bundle"), "text.bundle: it is no bundle, or was cut off"),
        (("run", "archive.zip"), "archive.zip: it is an archive without a bundle.json of ours"),
        (("run", "text.bundle", "--repeat", "3"), "a bundle is played once, here: leave out --repeat"),
        (("run", "text.bundle", "--vm"), "a bundle is played once, here: leave out --vm"),
        (("run", "text.bundle", ONE_BLIP), f"{ONE_BLIP} is no bundle: play scenarios apart from bundles"),
        (("run", "bare.bundle"), "bare.bundle: its run directory has no inputs"),
        (("bundle", "empty"), "empty is no run directory"),
        (("bundle", "empty", "--out", "x.zip"), "is no run directory"),
        (("bundle", str(RECORDED), "--out", "x.zip"), "'x.zip' does not end in .bundle"),
        (("bundle", str(RECORDED), "--out", "text.bundle"), "'text.bundle' is there already"),
        (("bundle", str(RECORDED), "--out", "no/x.bundle"), "say with --out where there is a folder"),
    ],
)
def test_bad_input_gets_one_line(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("text.bundle").write_text("name: one-blip\n")
    with ZipFile("archive.zip", "w") as archive:
        archive.writestr("run/a", "b")
    forged(Path("bare.bundle"), PLAN)
    assert command(*arguments) == ExitCode.BAD_INPUT
    assert said in one_line(capsys.readouterr().err)


def test_a_wrong_scenario_in_a_bundle_is_named_by_the_bundle(
    command: Command, run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    bundle(run, Path("x.bundle"), WRITTEN_BY, redact=False)
    assert command("run", "x.bundle", "--set", "sessions.0.cuont=3", "--set", "duration=x") == ExitCode.BAD_INPUT
    said = capsys.readouterr().err.splitlines()
    assert "did you mean 'count'?" in said[1]
    assert len(said) == 2
    scenario = run.inputs / "scenario.yaml"
    scenario.write_text(scenario.read_text().replace("media: voice", "media: vioce"))
    bundle(run, Path("y.bundle"), WRITTEN_BY, redact=False)
    assert command("run", "y.bundle") == ExitCode.BAD_INPUT
    assert one_line(capsys.readouterr().err).startswith("y.bundle: inputs/scenario.yaml:10:")


@dataclass(frozen=True)
class StandIn:
    """In place of a sandbox: a run that was recorded, with a verdict."""

    root: Path
    verdict: Verdict
    made_of: Arguments | None = None

    def prepared(self, plan: Plan) -> Plan:
        return plan

    def play(self, plan: Plan, label: str = "") -> Attempt:
        run = RunDir(Path(shutil.copytree(RECORDED, self.root)))
        keep_inputs(self.made_of, run)
        assert (plan.command, label) == (("run", "x.bundle", "--seed", "4", "--set", "duration=13s"), "")
        summary = replace(summary_of(run), verdict=self.verdict)
        run.summary.write_text(dump(summary))
        return Attempt(summary, run.root)


@pytest.mark.parametrize(
    ("verdict", "code", "said"),
    [
        ("pass", ExitCode.PASS, "pass, as in x.bundle"),
        ("fail", ExitCode.FAIL, "fail, where it is pass in x.bundle"),
    ],
)
def test_what_was_played_is_compared_with_the_bundle(
    command: Command,
    run: RunDir,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verdict: Verdict,
    code: ExitCode,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    bundle(run, Path("x.bundle"), WRITTEN_BY, redact=False)
    shutil.rmtree(run.root)
    played = tmp_path / "played"
    monkeypatch.setattr(InSandbox, "on", lambda *_: StandIn(played, verdict))
    monkeypatch.setattr(replays, "diagnose", lambda: None)
    assert command("run", "x.bundle", "--seed", "4", "--set", "duration=13s") == code
    told = capsys.readouterr().out.splitlines()
    assert said in told
    assert "this run beside x.bundle: no difference shown" in told
    assert "too few runs" in told[-1]
    found = read(ComparedSets, RunDir(played).comparison)
    assert [each.name for each in found.sets] == ["x.bundle", "this run"]
    assert all(row.same for row in found.rows)
    path, seed, overrides = arguments_of(RunDir(played).inputs)
    again = load_plan(path, seed=seed, overrides=overrides)
    assert (again.seed, again.duration_ns, again.sessions[0].count) == (4, 13_000_000_000, 3)


def test_the_command_says_what_it_wrote(
    command: Command, run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("bundle", run.root, "--json") == ExitCode.PASS
    told = json.loads(capsys.readouterr().out)
    assert (told["file"], told["redacted"]) == ("recorded.bundle", False)
    assert told["bytes"] == Path("recorded.bundle").stat().st_size
    with ZipFile("recorded.bundle") as archive:
        assert told["files"] == len(archive.namelist()) - 1


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / MANIFEST
    found = Manifest(FORMAT, WRITTEN_BY, "a", 1, redacted=True, files={"run/a": Content(0, "0")})
    path.write_text(dump(found))
    assert read(Manifest, path) == found
