"""What the virtual machine is told; that it obeys is tested in tests/test_vm.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scenarios.errors import MachineError
from scenarios.vm.guest import Task, first_process, guest_script
from scenarios.vm.kernel import Kernel, unpacked_kernel
from scenarios.vm.machine import CONSOLE, EXIT_CODE, Clock, Parts, boot_command
from scenarios.vm.run import exit_code

KERNEL = Kernel(Path("/k/boot/vmlinuz-6.1.0-1-amd64"))
PARTS = Parts(KERNEL, Path("/initramfs"), Path("/root,1.img"), 4 << 20, Path("/share"))
VIRTUAL = Clock("virtual", 3, seed=7)


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_virtual_clock_counts_instructions_on_one_cpu_and_leaves_nothing_to_chance() -> None:
    command = boot_command(PARTS, VIRTUAL, kvm=True)
    assert option(command, "-icount").startswith("shift=3,sleep=off,rr=record,")
    assert option(command, "-accel") == "tcg,thread=single"
    assert option(command, "-smp") == "1"
    assert option(command, "-seed") == "7"
    assert option(command, "-rtc").endswith(",clock=vm")
    assert {"nokaslr", "norandmaps"} <= set(option(command, "-append").split())


def test_on_the_virtual_clock_the_host_is_seen_through_the_share_only() -> None:
    assert [word for word in boot_command(PARTS, VIRTUAL, kvm=False) if "mount_tag" in word] == [
        "virtio-9p-pci,fsdev=share,mount_tag=share"
    ]
    assert "9p" not in first_process(VIRTUAL)
    assert "lowerdir=/image:/host," in first_process(Clock())


@pytest.mark.parametrize("kvm", [True, False])
def test_real_clock_takes_kvm_where_it_works(kvm: bool) -> None:
    command = boot_command(PARTS, Clock(), kvm=kvm)
    assert option(command, "-accel") == ("kvm" if kvm else "tcg")
    assert "-icount" not in command


def test_comma_in_a_path_is_no_end_of_an_option() -> None:
    assert "mem-path=/root,,1.img," in option(boot_command(PARTS, Clock(), kvm=False), "-object")


def test_clock_says_how_fast_it_is() -> None:
    assert str(Clock()) == "real"
    assert str(Clock("virtual", 1)) == "virtual, 500 million instructions a second"


def test_scripts_are_such_as_a_shell_reads(tmp_path: Path) -> None:
    task = Task(("echo", "two words", "$HOME"), Path("/out put"))
    script = guest_script(Path("/pro ject"), task, {"A": "b c"})
    for text in (script, first_process(VIRTUAL), first_process(Clock())):
        (tmp_path / "script").write_text(text)
        subprocess.run(["sh", "-n", str(tmp_path / "script")], check=True)
    assert "echo 'two words' '$HOME'" in script
    assert "mount -t tmpfs tmpfs '/out put'" in script
    assert script.index("export A='b c'") < script.index("echo 'two words'") < script.index(f"cp /{EXIT_CODE}")


def test_newest_unpacked_kernel_is_taken(tmp_path: Path) -> None:
    assert unpacked_kernel(tmp_path) is None
    (tmp_path / "root" / "boot").mkdir(parents=True)
    for release in ("6.1.0-1-amd64", "6.1.0-2-amd64"):
        (tmp_path / "root" / "boot" / f"vmlinuz-{release}").touch()
    kernel = unpacked_kernel(tmp_path)
    assert kernel is not None
    assert kernel.release == "6.1.0-2-amd64"


def test_modules_of_a_kernel_are_where_its_package_put_them(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path / "boot" / "vmlinuz-6.1.0-1-amd64")
    place = tmp_path / "usr" / "lib" / "modules" / kernel.release
    place.mkdir(parents=True)
    assert kernel.modules == place


def test_machine_that_stops_too_early_tells_its_last_words(tmp_path: Path) -> None:
    (tmp_path / CONSOLE).write_text("Kernel panic - not syncing\n")
    with pytest.raises(MachineError, match="Kernel panic"):
        exit_code(tmp_path)
    (tmp_path / EXIT_CODE).write_text("3\n")
    assert exit_code(tmp_path) == 3
