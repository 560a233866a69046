"""What `--version` says of a checkout, of a package and of a machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from scenarios.cli import version
from scenarios.cli.version import version_lines

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    argv = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a commit, in the place of the project's."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "file").write_text("one\n")
    git(folder, "add", "file")
    git(folder, "commit", "--quiet", "-m", "one")
    monkeypatch.setattr(version, "PROJECT", folder)
    return folder


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The modules of a machine that has none, and neither Open vSwitch nor a usable tun device."""
    installed = tmp_path / "modules" / os.uname().release
    installed.mkdir(parents=True)
    monkeypatch.setattr(version, "_LOADED", tmp_path / "loaded")
    monkeypatch.setattr(version, "_INSTALLED", installed.parent)
    monkeypatch.setattr(version, "tun_is_usable", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    return installed


def test_a_checkout_has_its_commit(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")[:12]
    git(checkout, "tag", "-a", "-m", "a tag is no commit", "v1")
    assert version_lines()[0].endswith(f", commit {commit}")
    (checkout / "file").write_text("two\n")
    assert version_lines()[0].endswith(f", commit {commit}, changed")


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ({"vcs_info": {"vcs": "git", "commit_id": COMMIT}}, "Blipnet 1.2, commit 0123456789ab"),
        ({"dir_info": {"editable": True}}, "Blipnet 1.2, commit unknown: no checkout"),
        (None, "Blipnet 1.2, commit unknown: no checkout"),
    ],
)
def test_a_package_has_the_commit_that_it_was_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: object, said: str
) -> None:
    """PEP 610: what an installer writes of a package that it got from a repository."""
    package = SimpleNamespace(version="1.2", read_text=lambda _: json.dumps(origin) if origin else None)
    monkeypatch.setattr(version, "PROJECT", tmp_path)
    monkeypatch.setattr(version, "distribution", lambda _: package)
    assert version_lines()[0] == said


@pytest.mark.usefixtures("machine")
def test_a_machine_without_switches_says_so() -> None:
    assert version_lines()[1:] == ("links: userspace", "switches: none")


def test_back_ends_are_found_where_they_are(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "modules.dep").write_text("kernel/net/sched/sch_netem.ko.xz:\nkernel/net/bridge/bridge.ko.xz:\n")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/sbin/ovs-vswitchd")
    monkeypatch.setattr(version, "tun_is_usable", lambda: True)
    assert version_lines()[1:] == ("links: netem, userspace", "switches: user")
    (machine / "modules.builtin").write_text("kernel/net/openvswitch/openvswitch.ko\n")
    assert version_lines()[1:] == ("links: netem, userspace", "switches: kernel, user")
