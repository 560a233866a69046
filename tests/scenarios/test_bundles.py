"""Bundles: what is in one, which are refused, and what is not in one that is redacted."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest
from command_lab import ONE_BLIP, one_line, run_command

from results.run_files.documents import dump, read
from results.run_files.run_dir import RunDir
from scenarios.bundles.archive import unpack
from scenarios.bundles.bundling import bundle
from scenarios.bundles.manifest import FORMAT, MANIFEST, Content, Manifest
from scenarios.bundles.redactor import NAME, PATH, Redactor
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.kept_inputs import keep_inputs
from scenarios.errors import ScenarioError
from scenarios.language.inputs import Arguments

RECORDED = Path(__file__).parent.parent / "results" / "recorded" / "one-blip" / "run"
WRITTEN_BY = "Blipnet 0, commit 0"

Command = Callable[..., int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    return partial(run_command, monkeypatch)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A recorded run with the inputs that it may have had."""
    found = RunDir(Path(shutil.copytree(RECORDED, tmp_path / "recorded")))
    keep_inputs(Arguments(Path(ONE_BLIP), None, ("sessions.0.count=3",)), found)
    return found


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
    """The recorded run had another plan than the scenario gives now; and then there are no inputs at all."""
    (differs,) = bundle(run, tmp_path / "a.bundle", WRITTEN_BY, redact=False).remarks
    assert "its inputs are not those of the run" in differs
    shutil.rmtree(run.inputs)
    (missing,) = bundle(run, tmp_path / "b.bundle", WRITTEN_BY, redact=False).remarks
    assert "it cannot be played again" in missing


def forged(path: Path, *entries: tuple[str | ZipInfo, bytes], listed: bool = True, **manifest: object) -> Path:
    """An archive with these files, and a manifest that lists them unless it is not to be."""
    names = [(entry if isinstance(entry, str) else entry.filename, data) for entry, data in entries]
    files = {name: Content(len(data), hashlib.sha256(data).hexdigest()) for name, data in names} if listed else {}
    found = Manifest(FORMAT, WRITTEN_BY, "one-blip", 1, redacted=False, files=files)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps({**json.loads(dump(found)), **manifest}))
        for entry, data in entries:
            archive.writestr(entry, data)
    return path


def entry(name: str, mode: int) -> ZipInfo:
    found = ZipInfo(name)
    found.external_attr = mode << 16
    return found


def lzma(name: str) -> ZipInfo:
    found = ZipInfo(name)
    found.compress_type = ZIP_LZMA
    return found


PLAN = ("run/plan.json", b"{}")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("run/../../evil", b"x")], "it has 'run/../../evil', which is no file of a run directory"),
        ([("/etc/evil", b"x")], "it has '/etc/evil', which is no file"),
        ([("run//evil", b"x")], "it has 'run//evil', which is no file"),
        ([("run/a\\..\\evil", b"x")], "which is no file"),
        ([("run/\x1b[2Jevil", b"x")], "which is no file"),
        ([("run/folder/", b"")], "it has 'run/folder/', which is no file"),
        ([("run/" + "a/" * 9 + "a", b"x")], "which is no file"),
        ([("run/" + "a" * 300, b"x")], "which is no file"),
        ([("evil", b"x")], "it has 'evil', which is no file"),
        ([(entry("run/a", stat.S_IFLNK | 0o777), b"/etc/shadow")], "it has 'run/a', which is a link or a device"),
        ([(entry("run/a", stat.S_IFCHR | 0o666), b"")], "it has 'run/a', which is a link or a device"),
        ([(lzma("run/a"), b"x")], "'run/a' in it is compressed as no bundle is"),
        ([("run/a", b"x"), ("run/a/b", b"x")], "it has 'run/a' both as a file and as a folder"),
        ([("run/inputs/relay.yaml", b"command: [sh]")], "a bundle has no relay programs"),
    ],
)
def test_an_archive_that_would_do_harm_is_refused(
    tmp_path: Path, entries: list[tuple[str | ZipInfo, bytes]], said: str
) -> None:
    refused(forged(tmp_path / "evil.bundle", PLAN, *entries), said)


def refused(path: Path, said: str) -> None:
    """In one line, and nothing is written."""
    folder = path.parent / "folder"
    folder.mkdir()
    with pytest.raises(ScenarioError) as error:
        unpack(path, folder)
    assert said in one_line(str(error.value))
    assert str(error.value).startswith(f"{path}: ")
    assert not (path.parent / "evil").exists()
    assert {each.name for each in folder.rglob("*") if each.is_file()} <= {"plan.json"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    refused(forged(tmp_path / "x.bundle", PLAN, PLAN), "it has 'run/plan.json' twice")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"files": {}}, "its files are not those that its bundle.json lists"),
        ({"files": {"run/plan.json": {"bytes": 2, "sha256": "0"}}}, "'run/plan.json' in it is not what"),
        ({"files": {"run/plan.json": {"bytes": 1, "sha256": "0"}}}, "its files are not those"),
        ({"files": [1]}, "bundle.json"),
        ({"format": 99}, "it is of format 99, and this version reads 1"),
        ({"more": 1}, "more"),
    ],
)
def test_a_manifest_that_does_not_hold_is_refused(tmp_path: Path, manifest: dict[str, object], said: str) -> None:
    refused(forged(tmp_path / "x.bundle", PLAN, **manifest), said)


def test_a_file_longer_than_the_archive_says_is_refused(tmp_path: Path) -> None:
    """Its length is forged in the directory and in the manifest, so that it would pass for a small one."""
    path = forged(tmp_path / "x.bundle", ("run/plan.json", bytes(70_000)))
    found = path.read_bytes()
    length = (70_000).to_bytes(4, "little")
    assert found.count(length) == 2
    with ZipFile(path) as archive:
        manifest = archive.read(MANIFEST)
    forged_manifest = manifest.replace(b'"bytes": 70000', b'"bytes": 7')
    out = io.BytesIO()
    with ZipFile(path) as archive, ZipFile(out, "w") as copy:
        copy.writestr(MANIFEST, forged_manifest)
        copy.writestr("run/plan.json", archive.read("run/plan.json"), ZIP_DEFLATED)
    path.write_bytes(out.getvalue().replace(length, (7).to_bytes(4, "little")))
    refused(path, "it is no bundle, or was cut off")


@pytest.mark.parametrize("kept", [0, 4, 100, -1, -30])
def test_a_bundle_that_was_cut_off_is_refused(run: RunDir, tmp_path: Path, kept: int) -> None:
    path = bundle(run, tmp_path / "x.bundle", WRITTEN_BY, redact=False).path
    path.write_bytes(path.read_bytes()[:kept])
    refused(path, "it is no bundle, or was cut off")


def test_a_bundle_with_a_turned_bit_is_refused(run: RunDir, tmp_path: Path) -> None:
    path = bundle(run, tmp_path / "x.bundle", WRITTEN_BY, redact=False).path
    found = bytearray(path.read_bytes())
    found[len(found) // 2] ^= 1
    path.write_bytes(found)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(ScenarioError, match="x.bundle: "):
        unpack(path, folder)


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = forged(tmp_path / "x.bundle", PLAN, ("run/a", bytes(200_000)))
    monkeypatch.setattr("scenarios.bundles.names.SUSPICIOUS_BYTES", 100_000)
    refused(path, "more than 200 times what it is")
    monkeypatch.setattr("scenarios.bundles.names.MOST_BYTES", 150_000)
    shutil.rmtree(tmp_path / "folder")
    refused(path, "unpacked, and a bundle is")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.bundles.names.MOST_FILES", 2)
    refused(forged(tmp_path / "x.bundle", PLAN, ("run/a", b"")), "it has 3 files, and a bundle has 2 at most")


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
        archive.writestr("a", "b")
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
    assert "did you mean 'count'?" in said[0]
    assert len(said) == 2
    scenario = run.inputs / "scenario.yaml"
    scenario.write_text(scenario.read_text().replace("media: voice", "media: vioce"))
    bundle(run, Path("y.bundle"), WRITTEN_BY, redact=False)
    assert command("run", "y.bundle") == ExitCode.BAD_INPUT
    assert one_line(capsys.readouterr().err).startswith("y.bundle: inputs/scenario.yaml:10:")


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


REDACTOR = Redactor.of(
    {"build-7", "build-7.corp.example", "ada", "media", "x"},
    {"/srv/my work/blipnet", "/"},
    ["failed in /home/grace.h/runs"],
    '{"media": "Media figures", "received_at": 1}',
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ran on Build-7.corp.example, and build-7", f"ran on {NAME}, and {NAME}"),
        ("ada's, (ada) ada-lovelace", f"{NAME}'s, ({NAME}) {NAME}-lovelace"),
        ("Canada adapts build-77", "Canada adapts build-77"),
        ("by grace.h", f"by {NAME}"),
        ("media x", "media x"),
        ("at /srv/my work/blipnet/relay.py:12", f"at {PATH}:12"),
        ("PATH=/usr/bin:/opt/tools/bin", f"PATH={PATH}:{PATH}"),
        ('File "/usr/lib/python3/a.py", line 3', f'File "{PATH}", line 3'),
        ("topology: ../nets/mine.yaml  # in ~/nets", f"topology: {PATH}  # in {PATH}"),
        ("./relay", PATH),
        ("http://127.0.0.1:9100/metrics/all and /metrics", "http://127.0.0.1:9100/metrics/all and /metrics"),
        ("50 pkt/s, 1/2, us-east/us-west, raw/a.parquet", "50 pkt/s, 1/2, us-east/us-west, raw/a.parquet"),
        ("${HOME}/a/b", "${HOME}/a/b"),
    ],
)
def test_names_and_paths_are_taken_out(text: str, left: str) -> None:
    assert REDACTOR.text(text) == left
    assert REDACTOR.left_in(left) is None


def test_documents_stay_documents() -> None:
    """Behind an escaped line end too, which in the text of the document would make one word of it with the path."""
    value = {"why": "failed\n/opt/ada/x y", "ada": [1, 2.5, None, True, {"k": "~/z"}]}
    out = {"why": f"failed\n{PATH} y", NAME: [1, 2.5, None, True, {"k": PATH}]}
    assert json.loads(REDACTOR.document(json.dumps(value))) == out
    lines = f"{json.dumps(value)}\n\n{json.dumps(value)}\n" + '{"cut'
    assert [json.loads(line) for line in REDACTOR.lines(lines).splitlines()] == [out, out]


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / MANIFEST
    found = Manifest(FORMAT, WRITTEN_BY, "a", 1, redacted=True, files={"run/a": Content(0, "0")})
    path.write_text(dump(found))
    assert read(Manifest, path) == found
