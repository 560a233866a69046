"""A real Redis server for a test, on an address of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from relay_app.sessions.directory import DirectoryEndpoint


def loopback(host: int) -> str:
    """An address of this test process's own on the loopback network: fixed ports clash with nobody."""
    return f"127.{os.getpid() >> 8 & 0x7F | 0x80}.{os.getpid() & 0xFF}.{host}"


class RedisServer:
    """A real server on a loopback address and a Unix socket; dies with the test process, even if that crashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tcp = DirectoryEndpoint(loopback(254), connect_timeout_s=5, response_timeout_s=5)
        self.unix = DirectoryEndpoint(path=str(folder / "redis.sock"))
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start with no data, and wait until it says that it is ready."""
        command = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "redis-server",
            "--save",
            "",
            "--bind",
            self.tcp.host,
            "--port",
            str(self.tcp.port),
        ]
        command += ["--unixsocket", str(self.unix.path), "--dir", str(self.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert any("Ready to accept connections" in line for line in self._process.stdout)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@contextmanager
def stopped_redis(folder: Path) -> Iterator[RedisServer]:
    """A server to be started; skips the test where there is none."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(folder)
    try:
        yield server
    finally:
        server.stop()
