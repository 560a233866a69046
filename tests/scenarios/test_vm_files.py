"""What the virtual machine is given to read: the distribution's files, the project's, and what it starts from."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from every import every

from hostio.timing import wait_until
from scenarios.errors import MachineError, RunSpoiltError
from scenarios.vm.build import project_sources
from scenarios.vm.guest import Task, cpio, numbered
from scenarios.vm.machine import Clock
from scenarios.vm.packages import files_of, installed_packages, parse_packages, with_dependencies
from scenarios.vm.run import run_in_machine, run_scenario_in_machine
from scenarios.vm.sources import source_archive

LISTING = "\n".join(
    (
        "installed\tshell\t1.0\tyes\t\t, libc (>= 2), base | base-extra",
        "installed\tlibc\t2.1\tno\tlibc-abi (= 7)\t, ",
        "installed\tnetwork\t3.0\tno\t\tlibc-abi, addresses:any",
        "installed\taddresses\t1\tno\t\t, ",
        "installed\tgame\t1\tno\t\t, libc",
        "config-files\tbase\t1\tno\t\t, ",
    )
)


def test_packages_come_with_what_they_depend_on_and_with_the_essential_ones() -> None:
    packages = parse_packages(LISTING)
    assert [package.name for package in with_dependencies(["network"], packages)] == [
        "addresses",
        "libc",
        "network",
        "shell",
    ]


def test_files_of_this_machine_lie_where_they_are_named() -> None:
    files = files_of(installed_packages())
    assert Path("/usr/bin/python3") in files
    assert every(path.parent == path.parent.resolve() for path in files if path.parent != Path("/"))
    assert not any(path.is_relative_to("/usr/share/doc") for path in files)
    assert every(path.stat().st_mode & 0o004 for path in files if not path.is_symlink())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    house = tmp_path / "house"
    for name in ("room/answer.py", ".git/config", "room/__pycache__/answer.pyc", "results/runs/one"):
        (house / name).parent.mkdir(parents=True, exist_ok=True)
        (house / name).write_text("print(6 * 7)\n")
    os.utime(house / "room" / "answer.py", ns=(1, 1_700_000_000_123_456_789))
    return house


def archived(project: Path, *others: Path) -> Path:
    folder, loops = project.parent / "vm", project.parent / "loops"
    folder.mkdir(exist_ok=True)
    loops.mkdir(exist_ok=True)
    if not (loops / "index").exists():
        (loops / "index").write_text("numba's")
    return source_archive(folder, project, loops, others)


def test_sources_are_archived_once_and_again_when_they_changed(project: Path) -> None:
    first = archived(project)
    content = first.read_bytes()
    (project / "room" / "__pycache__" / "other.pyc").touch()
    assert archived(project) == first
    (project / "room" / "answer.py").write_text("print(43)\n")
    second = archived(project)
    assert second != first
    assert not first.exists()
    assert second.read_bytes() != content


def test_same_sources_are_the_same_bytes_whatever_the_archiving_process_has_loaded(project: Path) -> None:
    (project / "room" / "names.py").write_text("def f(): return ('mtime', 'tarfile', 'one', 'two'), {'a', 'b', 'c'}\n")
    first = archived(project)
    content = first.read_bytes()
    first.unlink()
    folders = [str(project.parent / "vm"), str(project), str(project.parent / "loops")]
    import_more = "import json, tarfile; from pathlib import Path; from scenarios.vm.sources import source_archive"
    archive_it = f"{import_more}; source_archive(*map(Path, {folders}), ())"
    subprocess.run([sys.executable, "-c", archive_it], cwd=Path(__file__).parent, env=_environment(), check=True)
    assert first.read_bytes() == content


def _environment() -> dict[str, str]:
    house = Path(__file__).resolve().parents[2]
    return {**os.environ, "PYTHONPATH": f"{house}:{house / 'tests'}", "PYTHONHASHSEED": "random"}


def test_archive_holds_sources_loops_and_others_and_nothing_else(project: Path) -> None:
    other = project.parent / "scenario.yaml"
    other.write_text("name: other\n")
    with tarfile.open(archived(project, other)) as archive:
        names = {f"/{member.name}" for member in archive}
    version = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    assert names == {
        str(project / "room" / "answer.py"),
        str(project / "room" / "__pycache__" / f"answer.{version}.pyc"),
        str(project.parent / "loops" / "index"),
        str(other),
    }


def test_bytecode_fits_the_sources_whose_time_is_kept_as_numba_compares_it(project: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    subprocess.run(["tar", "--extract", "--file", str(archived(project)), "--directory", str(there)], check=True)
    room = there.joinpath(*project.parts[1:], "room")
    assert (room / "answer.py").stat().st_mtime == (project / "room" / "answer.py").stat().st_mtime
    run = [sys.executable, "-v", "-B", "-c", "import answer"]
    done = subprocess.run(run, cwd=room, capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"
    assert "code object from" in done.stderr.split("answer.py")[1]
    assert "matches" in done.stderr


def test_a_run_waits_while_another_makes_its_parts(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel sees it; and once it is its turn, it has its sources. The machine's loops are for `test_vm`."""
    monkeypatch.setattr("scenarios.vm.build.PROJECT", project)
    monkeypatch.setattr("scenarios.vm.build.FOLDER", tmp_path)
    monkeypatch.setattr("scenarios.vm.build._loops_for_any_cpu", lambda: tmp_path / "loops")
    with ThreadPoolExecutor() as pool, (tmp_path / "lock").open("w") as another:
        fcntl.flock(another, fcntl.LOCK_EX)
        sources = pool.submit(project_sources, (), lambda _: None)
        assert wait_until(lambda: sources.done() or somebody_waits_for(tmp_path / "lock"), 30)
        assert not sources.done()
        fcntl.flock(another, fcntl.LOCK_UN)
        with tarfile.open(fileobj=BytesIO(sources.result())) as archive:
            assert str(project / "room" / "answer.py").lstrip("/") in archive.getnames()
    assert [path.suffix for path in tmp_path.glob("sources-*")] == [".tar"]


def somebody_waits_for(lock: Path) -> bool:
    """Waiters are marked by an arrow, and locks named by inode (proc_locks(5))."""
    waiting = (line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line)
    return any(words[6].endswith(f":{lock.stat().st_ino}") for words in waiting)


def test_a_run_that_dies_in_the_machine_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.vm.run.run_in_machine", lambda *_: 139)
    with pytest.raises(MachineError, match=r"died of signal 11; what it recorded is in .*root"):
        run_scenario_in_machine(tmp_path / "a.yaml", [], tmp_path / "root", Clock(), lambda _: None)


class _NoMachine:
    """Parts of a machine that has none."""

    def __init__(self, share: Path) -> None:
        self.share = share

    def open(self, _: object) -> _NoMachine:
        return self

    @contextmanager
    def parts(self, *_: object) -> Iterator[_NoMachine]:
        yield self


def test_a_machine_that_is_not_done_in_time_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.vm.run.MachineBuild", _NoMachine(tmp_path))
    monkeypatch.setattr("scenarios.vm.run.project_sources", lambda *_: b"")
    monkeypatch.setattr("scenarios.vm.run.boot_command", lambda *_, **__: ["sleep", "1000"])
    with pytest.raises(RunSpoiltError, match=r"^the virtual machine was not done within 0.2 s, and was ended"):
        run_in_machine(Task(("true",)), Clock("virtual"), lambda _: None, within_s=0.2)


def test_initramfs_is_one_that_cpio_reads(tmp_path: Path) -> None:
    module = tmp_path / "x.ko"
    module.write_bytes(b"odd")
    archive = cpio({"init": b"#!/bin/sh\n", "lib/deep/file": b"12345", **numbered([module])})
    (tmp_path / "out").mkdir()
    subprocess.run(["busybox", "cpio", "-i"], input=archive, cwd=tmp_path / "out", check=True, capture_output=True)
    assert (tmp_path / "out" / "lib" / "deep" / "file").read_bytes() == b"12345"
    assert (tmp_path / "out" / "modules" / "00-x.ko").read_bytes() == b"odd"
    assert os.access(tmp_path / "out" / "init", os.X_OK)
