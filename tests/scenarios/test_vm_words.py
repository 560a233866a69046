"""What the virtual machine is told; that it obeys is tested in tests/test_vm.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hostio.virtual_clock import BUSY_VARIABLE, quiet_clock
from scenarios.errors import MachineError
from scenarios.vm.kernel import Kernel, unpacked_kernel
from scenarios.vm.lane import Lines, exit_code
from scenarios.vm.machine import CONSOLE, EXIT_CODE, OUTPUT, Clock, Task, boot_command, guest_script

KERNEL = Kernel(Path("/k/boot/vmlinuz-6.1.0-1-amd64"))
SHARE, PROJECT = Path("/share dir"), Path("/pro ject")


def test_virtual_clock_counts_instructions_on_one_cpu_without_kvm() -> None:
    command = boot_command(KERNEL, SHARE, Clock("virtual", 3), kvm=True)
    assert "--qemu-opts=-icount shift=3,sleep=off" in command
    assert "--disable-kvm" in command
    assert command[command.index("--cpus") + 1] == "1"


@pytest.mark.parametrize("kvm", [True, False])
def test_real_clock_takes_kvm_where_it_works(kvm: bool) -> None:
    command = boot_command(KERNEL, SHARE, Clock(), kvm=kvm)
    assert ("--disable-kvm" in command) is not kvm
    assert not any("icount" in word for word in command)


def test_clock_says_how_fast_it_is() -> None:
    assert str(Clock()) == "real"
    assert str(Clock("virtual", 1)) == "virtual, 500 million instructions a second"


def test_script_is_one_that_a_shell_reads(tmp_path: Path) -> None:
    task = Task(("echo", "two words", "$HOME"), Path("/out put"))
    script = guest_script(SHARE, PROJECT, task, Clock("virtual"), {"A": "b c"}, Path("/loops"))
    (tmp_path / "script").write_text(script)
    subprocess.run(["sh", "-n", str(tmp_path / "script")], check=True)
    assert "echo 'two words' '$HOME'" in script
    assert "mount -t tmpfs tmpfs '/out put'" in script
    assert script.index("busy_clock.py") < script.index("echo 'two words'") < script.index(EXIT_CODE)


def test_script_on_the_real_clock_keeps_no_cpu_busy() -> None:
    assert "busy_clock" not in guest_script(SHARE, PROJECT, Task(("true",)), Clock(), {}, None)


def test_newest_unpacked_kernel_is_taken(tmp_path: Path) -> None:
    assert unpacked_kernel(tmp_path) is None
    (tmp_path / "root" / "boot").mkdir(parents=True)
    for release in ("6.1.0-1-amd64", "6.1.0-2-amd64"):
        (tmp_path / "root" / "boot" / f"vmlinuz-{release}").touch()
    kernel = unpacked_kernel(tmp_path)
    assert kernel is not None
    assert kernel.release == "6.1.0-2-amd64"


def test_lines_of_a_file_that_grows(tmp_path: Path) -> None:
    path = tmp_path / OUTPUT
    lines = Lines(path)
    assert lines.new() == []
    path.write_text("one\ntwo\nthr")
    assert lines.new() == ["one", "two"]
    with path.open("a") as file:
        file.write("ee\nend")
    assert lines.new() == ["three"]
    assert lines.new(last=True) == ["end"]


def test_machine_that_stops_too_early_tells_its_last_words(tmp_path: Path) -> None:
    (tmp_path / CONSOLE).write_text("Kernel panic - not syncing\n")
    with pytest.raises(MachineError, match="Kernel panic"):
        exit_code(tmp_path)
    (tmp_path / EXIT_CODE).write_text("3\n")
    assert exit_code(tmp_path) == 3


def test_quiet_clock_holds_the_lock_of_a_virtual_clock_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    with quiet_clock():
        assert not lock.exists()
    monkeypatch.setenv(BUSY_VARIABLE, str(lock))
    taken = ["flock", "--nonblock", str(lock), "true"]
    with quiet_clock():
        assert subprocess.run(taken, check=False).returncode == 1
    assert subprocess.run(taken, check=False).returncode == 0
