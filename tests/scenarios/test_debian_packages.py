from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scenarios.debian_packages import LIST, Use, packages_for
from scenarios.paths import PROJECT


def test_a_list_is_read_by_use_and_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "packages.txt"
    path.write_text("# two\nb  run,vm  x y\n\na  vm\nc  test\n")
    assert [(package.name, package.programs) for package in packages_for("vm", path=path)] == [
        ("b", ("x", "y")),
        ("a", ()),
    ]
    assert [package.name for package in packages_for("run", "test", path=path)] == ["b", "c"]


@pytest.mark.parametrize("line", ["kmod", "kmod boot"])
def test_a_line_without_a_known_use_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "packages.txt").write_text(f"a run\n{line}\n")
    with pytest.raises(
        ValueError, match=r"^packages\.txt:2: kmod needs a use among run, test, vm, relay, media, editor, guest$"
    ):
        packages_for("run", path=tmp_path / "packages.txt")


@pytest.mark.parametrize(
    ("arguments", "uses"),
    [
        ([], ("run",)),
        (["--tests"], ("run", "test", "vm", "relay", "media", "editor")),
        (["--vm"], ("run", "vm")),
        (["--relays"], ("run", "relay")),
        (["--media"], ("run", "media")),
    ],
)
def test_setup_installs_what_the_list_says(arguments: list[str], uses: tuple[Use, ...], tmp_path: Path) -> None:
    """The script's own lines up to the first that asks dpkg, run by bash in a folder of its own."""
    script = (PROJECT / "scripts" / "setup").read_text()
    head = script[: script.index("as_root=()")]
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "setup").write_text(head + 'printf "%s\\n" "${packages[@]}"\n')
    for sourced in (PROJECT / "scripts").glob("*.bash"):
        (tmp_path / "scripts" / sourced.name).write_bytes(sourced.read_bytes())
    (tmp_path / "packages.txt").write_bytes(LIST.read_bytes())
    asked = ["bash", str(tmp_path / "scripts" / "setup"), *arguments]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    wanted = {package.name for use in uses for package in packages_for(use)}
    assert found == [
        name for name in (line.partition(" ")[0] for line in LIST.read_text().splitlines()) if name in wanted
    ]
