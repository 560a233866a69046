"""Runs a command in the virtual machine: prepares it, boots it, passes its output on, tells how it ended."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGINT
from tempfile import TemporaryDirectory
from time import monotonic

from hostio.files import Tail
from scenarios.errors import MachineError
from scenarios.paths import PROJECT
from scenarios.vm.build import ANY_CPU, FOLDER, PATH, MachineBuild, Tell, project_sources
from scenarios.vm.guest import Task, guest_script
from scenarios.vm.machine import CLOCK_VARIABLE, CONSOLE, EXIT_CODE, OUTPUT, Clock, boot_command
from topologies.sandbox import SandboxError, find_sandbox

_SAME_EVERY_TIME = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
_KVM = Path("/dev/kvm")
_KVM_PROBE_S = 30.0
_POLL_S = 0.2
_TAIL = 20


def run_in_machine(task: Task, clock: Clock, tell: Tell, brought: Path | None = None) -> int:
    """The command's exit code. What `task.out`, a folder of the machine's, holds at the end goes to the host's folder
    `brought`.

    MachineError if the machine cannot be had, or did not come to the command's end.
    """
    build = MachineBuild.open(tell)
    sources = project_sources(task.reads, tell)
    kvm = clock.kind == "real" and _kvm_works(build)
    variables = {**ANY_CPU, **_SAME_EVERY_TIME, CLOCK_VARIABLE: str(clock)}
    tell(f"Starting the virtual machine; clock: {clock}")
    with build.parts(sources, guest_script(PROJECT, task, variables), clock) as parts:
        _boot(boot_command(parts, clock, kvm=kvm), parts.share, tell, None)
        code = exit_code(parts.share)
        if task.out and brought:
            _bring_back(parts.share / task.out.name, brought)
        return code


def _kvm_works(build: MachineBuild) -> bool:
    """Whether a machine under KVM comes up in time; asked once for each boot of the host, for it may hang instead."""
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return False
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = FOLDER / "kvm"
    if known.exists() and known.read_text().split()[0] == boot:
        return known.read_text().split()[1] == "works"
    with build.parts(b"", guest_script(Path("/"), Task(("true",)), {}), Clock()) as parts:
        works = _boot(boot_command(parts, Clock(), kvm=True), parts.share, lambda _: None, _KVM_PROBE_S)
        works = works and (parts.share / EXIT_CODE).exists()
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
    output = Tail(share / OUTPUT)
    try:
        while not _ended(process):
            for line in _lines(output.new_lines()):
                tell(line)
            if within_s is not None and monotonic() - begin > within_s:
                return False
        for line in _lines(output.new_lines(last=True)):
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


def _lines(text: bytes) -> list[str]:
    """Split at newlines only: a command may draw a line anew after a carriage return."""
    return text.decode(errors="replace").removesuffix("\n").split("\n") if text else []


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
    return {**os.environ, "PATH": PATH}


_RUNS = Path("/runs")
"""In the machine. Like everything there the same for every run, or two of them would differ."""

_BY_SIGNAL = 128
"""A shell adds it to the number of the signal that ended a command."""

_RUN = re.compile(rf"{_RUNS}/[^/\s]+/[^/\s]+")


def run_scenario_in_machine(file: Path, options: list[str], root: Path, clock: Clock, tell: Tell) -> int:
    """The exit code of a run of a scenario file, of which `root`, a new folder, becomes the run directory.

    MachineError as `run_in_machine`, and if the run did not come to its end.
    """
    reads = () if PROJECT in file.parents else (file,)
    argv = ("run_scenario.py", "run", str(file), "--out", str(_RUNS), *options)
    with TemporaryDirectory(prefix="blipnet-runs-") as folder:
        runs = Path(folder)
        task = Task((sys.executable, *argv), _RUNS, reads)
        code = run_in_machine(task, clock, lambda line: tell(_RUN.sub(str(root), line)), runs)
        for made in runs.glob("*/*"):
            shutil.copytree(made, root)
        if code > _BY_SIGNAL + SIGINT:
            died = f"the run in the virtual machine died of signal {code - _BY_SIGNAL}"
            raise MachineError(f"{died}; what it recorded is in {root}")
        return code
