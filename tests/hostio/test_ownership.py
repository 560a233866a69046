"""To whom files belong that root makes for somebody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hostio.ownership import Owner, give, made_for_user, owner_beside_root, sudo_caller

SOMEBODY, ANOTHER = Owner(12345, 23456), Owner(12346, 23457)
pytestmark = pytest.mark.root


@pytest.fixture(autouse=True)
def _no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.delenv(name, raising=False)


def owner(path: Path) -> Owner:
    found = path.lstat()
    return Owner(found.st_uid, found.st_gid)


def belongs_to(path: Path, whose: Owner) -> None:
    os.chown(path, whose.user, whose.group)


def made_twice(path: Path) -> None:
    path.mkdir()
    path.mkdir()


def called_by(caller: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", str(caller.user))
    monkeypatch.setenv("SUDO_GID", str(caller.group))


def test_what_is_root_s_is_given_and_nothing_else(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for folder in ("made", "kept"):
        (top / folder).mkdir(parents=True)
        (top / folder / "file").touch()
    (tmp_path / "outside").touch()
    (top / "link").symlink_to(tmp_path / "outside")
    (top / "his").touch()
    belongs_to(top / "his", ANOTHER)
    give(top, SOMEBODY, leaving_out=(top / "kept",))
    given = {path.name for path in (top, *top.iterdir()) if owner(path) == SOMEBODY}
    assert given == {"top", "made", "link"}
    assert owner(top / "made" / "file") == SOMEBODY
    assert owner(top / "his") == ANOTHER
    assert owner(tmp_path / "outside").user == 0
    assert owner(top / "kept" / "file").user == 0


def test_folders_on_the_way_are_the_user_s_too(tmp_path: Path) -> None:
    """A first run with sudo makes `results/runs`; the next one, without root, must be able to write there."""
    results = tmp_path / "results"
    results.mkdir()
    belongs_to(results, SOMEBODY)
    with made_for_user(results / "runs" / "one-blip" / "1"):
        (results / "runs" / "one-blip" / "1" / "raw").mkdir(parents=True)
    made = [results / "runs", *(results / "runs").rglob("*")]
    assert [owner(path) for path in made] == [SOMEBODY] * 4


def test_in_a_folder_of_root_it_is_who_called_sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called_by(ANOTHER, monkeypatch)
    with made_for_user(tmp_path / "run"):
        (tmp_path / "run").mkdir()
    assert owner(tmp_path / "run") == ANOTHER
    assert owner(tmp_path).user == 0


def test_what_was_there_before_is_not_given_and_a_failure_is_no_reason_to_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called_by(ANOTHER, monkeypatch)
    (tmp_path / "old").mkdir()
    with made_for_user(tmp_path / "old"):
        (tmp_path / "old" / "file").touch()
    assert owner(tmp_path / "old").user == 0
    with pytest.raises(FileExistsError), made_for_user(tmp_path / "new"):
        made_twice(tmp_path / "new")
    assert owner(tmp_path / "new") == ANOTHER


def test_root_alone_works_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sudo_caller() is None
    assert owner_beside_root(tmp_path) is None
    called_by(Owner(0, 0), monkeypatch)
    assert sudo_caller() is None
