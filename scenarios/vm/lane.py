"""Runs a command in the virtual machine: prepares it, boots it, passes its output on, tells how it ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from scenarios.errors import MachineError
from scenarios.output import PROJECT
from scenarios.vm.kernel import Kernel, fetch_kernel, unpacked_kernel
from scenarios.vm.machine import (
    CONSOLE,
    EXIT_CODE,
    OUTPUT,
    SCRIPT,
    Clock,
    Task,
    boot_command,
    guest_script,
)
from topologies.sandbox import SandboxError, find_sandbox

FOLDER = PROJECT / ".vm"
"""Where the kernel is unpacked, and what was found out about this host."""

Tell = Callable[[str], None]
"""Somebody who is told, a line at a time, what the machine prints."""

_PROGRAMS = ("vng", "qemu-system-x86_64", "busybox")
_ANY_CPU = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
_KVM = Path("/dev/kvm")
_KVM_PROBE_S = 30.0
_POLL_S = 0.2
_TAIL = 20


def run_in_machine(task: Task, clock: Clock, tell: Tell) -> int:
    """The command's exit code. `task.out`, where it leaves files, is filled on the host too.

    MachineError if the machine cannot be had, or did not come to the command's end.
    """
    kernel = _kernel(tell)
    loops = _loops_for_any_cpu(tell)
    kvm = clock.kind == "real" and _kvm_works(kernel)
    with TemporaryDirectory(prefix="blipnet-vm-") as folder:
        share = Path(folder)
        variables = {**_ANY_CPU, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        (share / SCRIPT).write_text(guest_script(share, PROJECT, task, clock, variables, loops))
        _boot(boot_command(kernel, share, clock, kvm=kvm), share, tell, None)
        if task.out:
            _bring_back(share / task.out.name, task.out)
        return exit_code(share)


def _kernel(tell: Tell) -> Kernel:
    missing = [program for program in _PROGRAMS if shutil.which(program, path=_path()) is None]
    if missing:
        raise MachineError(f"no virtual machine without {', '.join(missing)}: run scripts/setup --vm")
    kernel = unpacked_kernel(FOLDER)
    if kernel is None:
        tell("Fetching the distribution's kernel")
        kernel = fetch_kernel(FOLDER)
    return kernel


def _loops_for_any_cpu(tell: Tell) -> Path:
    """The compiled loops for a plain x86-64 processor, beside those for the host's: the emulated one is another."""
    compile_them = "import scenarios.preload, os; print(os.environ['NUMBA_CACHE_DIR'])"
    tell("Compiling the packet loops for the virtual machine, if that is still to be done")
    done = subprocess.run(
        [sys.executable, "-c", compile_them],
        cwd=PROJECT,
        env={**os.environ, **_ANY_CPU},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise MachineError(f"the packet loops do not compile: {done.stderr.strip().splitlines()[-1]}")
    return Path(done.stdout.strip())


def _kvm_works(kernel: Kernel) -> bool:
    """Whether a machine under KVM comes up in time; asked once for each boot of the host, for it may hang instead."""
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return False
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = FOLDER / "kvm"
    if known.exists() and known.read_text().split()[0] == boot:
        return known.read_text().split()[1] == "works"
    with TemporaryDirectory(prefix="blipnet-kvm-") as folder:
        share = Path(folder)
        (share / SCRIPT).write_text(guest_script(share, PROJECT, Task(("true",)), Clock(), {}, None))
        works = _boot(boot_command(kernel, share, Clock(), kvm=True), share, lambda _: None, _KVM_PROBE_S)
        works = works and (share / EXIT_CODE).exists()
    known.write_text(f"{boot} {'works' if works else 'does not'}\n")
    return works


def _boot(command: Sequence[str], share: Path, tell: Tell, within_s: float | None) -> bool:
    """Boot, and pass on what is printed until the machine is off; False if it was not within the time."""
    begin = monotonic()
    with (share / CONSOLE).open("wb") as console:
        process = subprocess.Popen(
            _mortal(command),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env=_environment(),
            start_new_session=True,
        )
    output = Lines(share / OUTPUT)
    try:
        while not _ended(process):
            for line in output.new():
                tell(line)
            if within_s is not None and monotonic() - begin > within_s:
                return False
        for line in output.new(last=True):
            tell(line)
        return True
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _mortal(command: Sequence[str]) -> list[str]:
    """The command in a sandbox, where whatever it starts dies when this process does; bare where none can be had."""
    try:
        return find_sandbox().command(command)
    except SandboxError:
        return list(command)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


class Lines:
    """The lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._rest = ""

    def new(self, *, last: bool = False) -> list[str]:
        """Whole lines since the last call; at the last also what has no end."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            found = file.read()
        self._read += len(found)
        *lines, self._rest = (self._rest + found.decode(errors="replace")).split("\n")
        return [*lines, self._rest] if last and self._rest else lines


def _bring_back(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copytree(source, target, dirs_exist_ok=True)


def exit_code(share: Path) -> int:
    """What the command's was; MachineError with the console's last words if the machine did not come so far."""
    told = share / EXIT_CODE
    if told.exists() and told.read_text().strip():
        return int(told.read_text())
    lines = (share / CONSOLE).read_text(errors="replace").splitlines()[-_TAIL:]
    raise MachineError("the virtual machine ended before the command did; its last words:\n" + "\n".join(lines))


def _environment() -> Mapping[str, str]:
    return {**os.environ, "PATH": _path()}


def _path() -> str:
    """virtme-ng lives beside the project's python, the rest in the distribution's folders."""
    return f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
