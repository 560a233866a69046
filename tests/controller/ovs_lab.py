"""A private Open vSwitch and a controller in a sandbox of their own, seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from controller.settings import ControllerConfig

PROJECT = Path(__file__).parents[2]
SANDBOX = ["unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
END_WITHIN_S = 60


class OvsLab:
    """`controller`: a command; it says JSON lines on standard output, and ends with its input."""

    def __init__(self, directory: Path, config: ControllerConfig, datapath: str, *controller: str) -> None:
        self.directory = directory
        self.config = config
        written = directory / "config.json"
        written.write_text(config.to_json(), encoding="utf-8")
        run_directories = {name: str(directory) for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")}
        lab = [sys.executable, str(PROJECT / "tests/controller/private_ovs.py"), str(directory), str(written)]
        self.process = subprocess.Popen(
            [*SANDBOX, *lab, datapath, *controller],
            env={**os.environ, **run_directories, "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @property
    def stdout(self) -> IO[bytes]:
        return _pipe(self.process.stdout)

    def line(self) -> Any:
        """What the controller says next; waits for it."""
        return json.loads(self.stdout.readline())

    def ofctl(self, switch: int, command: str, *arguments: str) -> str:
        target = f"unix:{self.directory}/s{switch}.mgmt"
        return _output("ovs-ofctl", "-O", "OpenFlow13", "--no-stats", "--no-names", command, target, *arguments)

    def daemon(self, *command: str) -> str:
        (control,) = self.directory.glob("ovs-vswitchd.*.ctl")
        return _output("ovs-appctl", "-t", str(control), *command)

    def flows(self, switch: int) -> set[str]:
        dump = self.ofctl(switch, "dump-flows")
        return {line.strip() for line in dump.splitlines() if "priority" in line}

    def end(self) -> int:
        """Have the controller end; its exit code."""
        _pipe(self.process.stdin).close()
        return self.process.wait(END_WITHIN_S)

    def destroy(self) -> None:
        self.process.kill()
        self.process.wait()
        _pipe(self.process.stdin).close()
        self.stdout.close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
