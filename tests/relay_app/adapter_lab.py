"""The adapter, started by the packet contract before a server of ours."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from fake_servers import (
    TurnRequest,
    bencoded,
    success,
)
from program_lab import ready_program
from redis_lab import loopback

from relay_app import programs
from relay_app.ports import CLIENT_PORT, LANE_PORT
from relay_app.sessions.directory import StreamRecord
from relay_app.streams import lane_of

FOLDER = Path(programs.__file__).parent / "adapter"
HERE, SERVER = loopback(31), loopback(32)
WITHIN_S = 20.0

needs_the_adapter = pytest.mark.skipif(
    not (FOLDER / "adapter").exists(), reason="the adapter is not built; scripts/setup --relays builds it"
)


def held(count: int) -> list[StreamRecord]:
    """Streams that end at our cluster."""
    return [StreamRecord(0x1000 + number, 2, 1, f"s-{number}") for number in range(count)]


@dataclass(frozen=True)
class Adapter:
    process: subprocess.Popen[str]
    log: Path

    def said(self, words: str) -> bool:
        return words in self.log.read_text()

    def send(self, ssrc: int) -> None:
        packet = b"\x80\x6f" + bytes(6) + ssrc.to_bytes(4, "big") + b"payload"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(packet, (HERE, LANE_PORT + lane_of(ssrc)))

    def end(self) -> dict[str, int]:
        """End it; the counters that it printed."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(WITHIN_S) == 0
        (line,) = re.findall(r"^adapter: (received .*)$", self.log.read_text(), re.MULTILINE)
        words = line.split()
        return {name: int(number) for name, number in zip(words[::2], words[1::2], strict=True)}


@contextmanager
def adapter(folder: Path, driver: str, server: str, *options: str, sessions: int = 3) -> Iterator[Adapter]:
    lines = "".join(json.dumps(asdict(each)) + "\n" for each in held(sessions))
    (folder / "sessions").write_text(lines)
    told = {
        "BLIPNET_ADDRESS": HERE,
        "BLIPNET_ORDINAL": "1",
        "BLIPNET_LANES": f"{LANE_PORT}-{LANE_PORT + 15}",
        "BLIPNET_CLIENT_PORT": str(CLIENT_PORT),
        "BLIPNET_PEERS": f"1={HERE},2={SERVER}",
        "BLIPNET_DIRECTORY": f"{SERVER}:1",
        "BLIPNET_SESSIONS": str(folder / "sessions"),
    }
    command = ["./adapter", driver, f"--server={server}", *options]
    with (folder / "log").open("w") as log, ready_program(command, FOLDER, told, folder / "n", stderr=log) as process:
        yield Adapter(process, folder / "log")


def once(answer: Callable[[TurnRequest], bytes | None], method: int) -> Callable[[TurnRequest], bytes | None]:
    """Answer the first request of a method so, and all else with success."""
    met: list[bytes] = []

    def answered(request: TurnRequest) -> bytes | None:
        if request.method == method and not met:
            met.append(request.id)
            return answer(request)
        return success(request)

    return answered


def as_rtpengine(request: dict[bytes, bytes]) -> bytes:
    if request[b"command"] == b"ping":
        return bencoded(result="pong")
    if request[b"command"] in (b"offer", b"answer"):
        return bencoded(result="ok", sdp=f"c=IN IP4 {SERVER}\r\nm=audio 30000 RTP/AVP 0\r\n")
    return bencoded(result="ok")
