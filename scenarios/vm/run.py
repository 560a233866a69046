"""Runs a command in the virtual machine: builds and boots it, passes its output on, and returns its exit code."""

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
from hostio.ownership import made_for_user
from scenarios.errors import MachineError, RunSpoiltError
from scenarios.paths import PROJECT
from scenarios.vm.build import ANY_CPU, FOLDER, PATH, MachineBuild, PrintLine, project_sources
from scenarios.vm.guest import Task, guest_script
from scenarios.vm.machine import CLOCK_VARIABLE, CONSOLE, EXIT_CODE, OUTPUT, Clock, boot_command
from topologies.sandbox import SandboxError, find_sandbox

_REPRODUCIBLE = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
_KVM = Path("/dev/kvm")
_KVM_PROBE_S = 30.0
_POLL_S = 0.2
_TAIL = 20

_RUNS = Path("/runs")
"""Folder of run directories in the machine; the same in each, because on the virtual clock a path of another length
would take another time."""

_BY_SIGNAL = 128
"""Exit code of a command that was ended by a signal, less the signal's number (sh(1))."""

_RUN = re.compile(rf"{_RUNS}/[^/\s]+/[^/\s]+")


def run_in_machine(
    task: Task, clock: Clock, print_line: PrintLine, results: Path | None = None, within_s: float | None = None
) -> int:
    """Run a command in a machine of its own and return its exit code; lines of its output go to `print_line`.

    `results`: folder of the host to which the contents of `task.out` are copied at the end.
    MachineError if the machine cannot be built, or ended before the command did; RunSpoiltError if it was not done
    `within_s`, and was ended.
    """
    build = MachineBuild.open(print_line)
    sources = project_sources(task.reads, print_line)
    kvm = clock.kind == "real" and _kvm_works(build)
    variables = {**ANY_CPU, **_REPRODUCIBLE, CLOCK_VARIABLE: str(clock)}
    print_line(f"Starting the virtual machine; clock: {clock}")
    with build.parts(sources, guest_script(PROJECT, task, variables), clock) as parts:
        if not _boot(boot_command(parts, clock, kvm=kvm), parts.share, print_line, within_s):
            raise RunSpoiltError(
                f"the virtual machine was not done within {within_s:g} s, and was ended with all it held"
            )
        code = exit_code(parts.share)
        if task.out and results:
            _copy_results(parts.share / task.out.name, results)
        return code


def _kvm_works(build: MachineBuild) -> bool:
    """Whether a machine under KVM boots within 30 s. Tried once per boot of the host and remembered: on some hosts
    with /dev/kvm a machine hangs."""
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


def _boot(command: Sequence[str], share: Path, print_line: PrintLine, within_s: float | None) -> bool:
    """Boot the machine and pass its output on until it is off; False if it was still on after `within_s`. It is killed
    then, and on any exception."""
    begin = monotonic()
    with (share / CONSOLE).open("wb") as console:
        process = subprocess.Popen(
            _killed_with_us(command),
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
                print_line(line)
            if within_s is not None and monotonic() - begin > within_s:
                return False
        for line in _lines(output.new_lines(last=True)):
            print_line(line)
        return True
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _killed_with_us(command: Sequence[str]) -> list[str]:
    """The command in a sandbox, so that the machine is killed when this process dies; unchanged without a sandbox."""
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
    """Split at newlines only: a carriage return, with which commands redraw a line, does not end one."""
    return text.decode(errors="replace").removesuffix("\n").split("\n") if text else []


def _copy_results(source: Path, target: Path) -> None:
    """Copy a folder, if it exists; RunSpoiltError if that fails."""
    try:
        if source.exists():
            shutil.copytree(source, target, dirs_exist_ok=True)
    except OSError as error:
        # One that copytree collected has a list of (source, target, why) in place of a number.
        why = error.strerror or error.args[0][0][-1]
        raise RunSpoiltError(f"the virtual machine is done, and {target} does not take its results: {why}") from error


def exit_code(share: Path) -> int:
    """The command's exit code; MachineError with the end of the console's output if there is none."""
    file = share / EXIT_CODE
    if file.exists() and file.read_text().strip():
        return int(file.read_text())
    lines = (share / CONSOLE).read_text(errors="replace").splitlines()[-_TAIL:]
    raise MachineError(
        "the virtual machine ended before the command did; the end of its console output:\n" + "\n".join(lines)
    )


def _environment() -> Mapping[str, str]:
    return {**os.environ, "PATH": PATH}


def run_scenario_in_machine(
    file: Path, options: list[str], root: Path, clock: Clock, print_line: PrintLine, within_s: float | None = None
) -> int:
    """Run a scenario file in a machine and return the run's exit code; `root`, a new folder, gets the run directory.

    MachineError and RunSpoiltError as `run_in_machine`, and if the run was ended by a signal other than SIGINT.
    """
    reads = () if PROJECT in file.parents else (file,)
    argv = ("run_scenario.py", "run", str(file), "--out", str(_RUNS), *options)
    with TemporaryDirectory(prefix="blipnet-runs-") as folder:
        runs = Path(folder)
        task = Task((sys.executable, *argv), _RUNS, reads)
        code = run_in_machine(task, clock, lambda line: print_line(_RUN.sub(str(root), line)), runs, within_s)
        for made in runs.glob("*/*"):
            with made_for_user(root):
                _copy_results(made, root)
        if code > _BY_SIGNAL + SIGINT:
            died = f"the run in the virtual machine died of signal {code - _BY_SIGNAL}"
            raise MachineError(f"{died}; what it recorded is in {root}")
        return code
