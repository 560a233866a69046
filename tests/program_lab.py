"""The relay kinds that come with the project as programs, started without the testbed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from relay_app import programs

READY_WITHIN_S = 20.0
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class ShippedKind:
    """A folder with its `relay.yaml`."""

    name: str
    folder: Path
    file: dict[str, Any]

    @property
    def server(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.file.get("server")
        return found

    def command(self, told: Mapping[str, str]) -> list[str]:
        return self._expanded(self.file["command"], told)

    def server_command(self, told: Mapping[str, str]) -> list[str]:
        assert self.server
        return self._expanded(self.server["command"], told)

    def missing(self) -> list[str]:
        """The programs of it that are not there."""
        commands = [self.file["command"], *([self.server["command"]] if self.server else [])]
        programs_used = [*(command[0] for command in commands), *self.file.get("uses", ())]
        return [program for program in programs_used if not self._found(program)]

    def _expanded(self, command: list[str], told: Mapping[str, str]) -> list[str]:
        program, *arguments = (Template(str(word)).substitute(told) for word in command)
        return [sys.executable if program == "python3" else self._found(program) or program, *arguments]

    def _found(self, program: str) -> str | None:
        if "/" in program:
            return str(self.folder / program) if (self.folder / program).exists() else None
        return shutil.which(program, path=f"{os.environ['PATH']}:{_SBIN}")


def shipped(name: str) -> ShippedKind:
    """A kind; its test is skipped, by name, where a program of it is missing."""
    folder = Path(programs.__file__).parent / name
    kind = ShippedKind(name, folder, yaml.safe_load((folder / "relay.yaml").read_text()))
    if missing := kind.missing():
        pytest.skip(f"{name} needs {' '.join(missing)}, which scripts/setup --relays installs")
    if name == "nftables" and not _has_nf_tables():
        pytest.skip("nftables needs nf_tables, which this kernel has not")
    return kind


def _has_nf_tables() -> bool:
    """Whether the kernel takes a table with an owner, in a network of its own."""
    asked = ["unshare", "--net", "nft", "add table ip t { flags owner; }"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@contextmanager
def ready_program(
    command: list[str], folder: Path, told: Mapping[str, str], notify: Path, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """A program that has said that it is ready; it gets SIGTERM at the end, if it is still there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(notify))
        listener.settimeout(READY_WITHIN_S)
        environment = {**told, "NOTIFY_SOCKET": str(notify), "PATH": os.environ["PATH"]}
        with subprocess.Popen(command, cwd=folder, env=environment, text=True, **options) as process:
            try:
                assert listener.recv(64).startswith(b"READY=1")
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
    notify.unlink()
