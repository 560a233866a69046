"""Archives that are no bundle, or would do harm: refused in one line, and nothing of them is written."""

from __future__ import annotations

import io
import shutil
import stat
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest
from bundle_lab import PLAN, WRITTEN_BY, forged, recorded_run
from command_lab import one_line

from results.run_files.run_dir import RunDir
from scenarios.bundles.archive import unpack
from scenarios.bundles.bundling import bundle
from scenarios.bundles.manifest import MANIFEST
from scenarios.errors import ScenarioError


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return recorded_run(tmp_path / "recorded")


def entry(name: str, mode: int) -> ZipInfo:
    found = ZipInfo(name)
    found.external_attr = mode << 16
    return found


def lzma(name: str) -> ZipInfo:
    found = ZipInfo(name)
    found.compress_type = ZIP_LZMA
    return found


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
        ({"scenario": 5}, "bundle.json"),
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
    with pytest.raises(ScenarioError, match=r"x\.bundle: "):
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
