"""The relays that are compared under load, each a process on one core: Blipnet's versions, asyncio, coturn."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from socket import socket
from time import monotonic_ns, time_ns
from typing import cast

from benchmarks.load import SINK_PORT, Load, Sessions
from benchmarks.turn import channel_data, open_channel
from hostio.sockets import udp_socket
from hostio.timing import US, S
from relay_app.forwarding.forwarding_loop import PathRules
from relay_app.forwarding.packet_path import PathConfig
from relay_app.locks.lock_set import LockSet
from relay_app.ports import LANE_PORT, LANES
from relay_app.rtp import PATH_HOPS, PATH_OFFSET, PAYLOAD_OFFSET, SSRC_OFFSET, ntp_offset_ns
from relay_app.sessions.directory import Fetched, StreamRecord
from relay_app.sessions.session_table import SessionTable
from relay_app.versions.catalogue import version_named

Address = tuple[str, int]


class Lane(asyncio.DatagramProtocol):
    """A lane of the asyncio relay: writes itself into a packet's path log, and sends it to the next hop of its SSRC."""

    def __init__(self, ordinal: int, next_hops: Mapping[bytes, Address]) -> None:
        self._ordinal = ordinal
        self._next_hops = next_hops
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio with the transport of the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, _addr: object) -> None:
        """Forward a packet; drop it if malformed, of an unknown SSRC, or with a full path log."""
        next_hop = self._next_hops.get(data[SSRC_OFFSET : SSRC_OFFSET + 4])
        free = data.find(0, PATH_OFFSET, PATH_OFFSET + PATH_HOPS)
        if len(data) < PAYLOAD_OFFSET or next_hop is None or free < 0 or self._transport is None:
            return
        packet = bytearray(data)
        packet[free] = self._ordinal
        self._transport.sendto(packet, next_hop)


async def relay(lanes: list[Address], next_hops: Mapping[bytes, Address], ready: Callable[[], None]) -> None:
    """Run the asyncio relay until cancelled.

    `next_hops`: by SSRC in network byte order; `ready`: called when all lanes are open.
    """
    loop = asyncio.get_running_loop()
    for lane in lanes:
        await loop.create_datagram_endpoint(lambda: Lane(1, next_hops), local_addr=lane)
    ready()
    await asyncio.Event().wait()


RELAY, SOURCE = "127.0.0.2", "127.0.0.1"
"""Addresses of relay and load source. The sink has the relay's address, like the client of a cluster."""

_TURN_PORT = 34780
_READY_WITHIN_S = 30.0
_TICK_NS = 50 * US
_PACKET_BYTES = 172
_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Loaded:
    """A running relay process, and the load connected to it."""

    pid: int
    load: Load


@contextmanager
def ours(version: str, audited: bool, sessions: Sessions, core: int) -> Iterator[Loaded]:
    """The packet path of a Blipnet relay version; its cache holds all sessions, so that nothing is fetched."""
    with _child(_serve_ours, version, audited, sessions, core) as pid:
        yield from _loaded(pid, sessions)


@contextmanager
def plain_asyncio(sessions: Sessions, core: int) -> Iterator[Loaded]:
    """A relay in pure Python with asyncio, as the baseline."""
    with _child(_serve_asyncio, sessions, core) as pid:
        yield from _loaded(pid, sessions)


@contextmanager
def coturn(sessions: Sessions, core: int) -> Iterator[Loaded]:
    """A TURN server with one allocation, all packets on one channel. Raises TurnError; OSError if not installed."""
    targets = dict.fromkeys(range(LANES), (RELAY, _TURN_PORT))
    load = Load(sessions, *_ends(), targets, channel_data(_PACKET_BYTES))
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as folder:
        argv = ["taskset", "--cpu-list", str(core), shutil.which("turnserver") or "turnserver", *_turn_options(folder)]
        process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            open_channel(load.source, (RELAY, _TURN_PORT), (RELAY, SINK_PORT))
            yield Loaded(process.pid, load)
        finally:
            load.close()
            process.terminate()
            process.wait()


def _turn_options(folder: str) -> list[str]:
    switches = ["-n", "--no-auth", "--no-cli", "--no-tls", "--no-dtls", "--no-tcp", "--allow-loopback-peers"]
    values = {
        "--listening-ip": RELAY,
        "--relay-ip": RELAY,
        "--listening-port": str(_TURN_PORT),
        "--relay-threads": "1",
        "--log-file": "stdout",
        "--pidfile": f"{folder}/turnserver.pid",
        "--userdb": f"{folder}/turndb",
    }
    return [*switches, *(word for item in values.items() for word in item)]


def _loaded(pid: int, sessions: Sessions) -> Iterator[Loaded]:
    load = Load(sessions, *_ends(), {lane: (RELAY, LANE_PORT + lane) for lane in range(LANES)})
    try:
        yield Loaded(pid, load)
    finally:
        load.close()


def _ends() -> tuple[socket, socket]:
    """The load's sockets: source and sink."""
    return udp_socket(SOURCE, 0), udp_socket(RELAY, SINK_PORT)


@contextmanager
def _child(serve: Callable[..., None], *arguments: object) -> Iterator[int]:
    """Run `serve` in a forked process: entered once it sent "ready", terminated on exit. Raises ChildProcessError."""
    ours_end, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=serve, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours_end.poll(_READY_WITHIN_S) or ours_end.recv() != "ready" or process.pid is None:
            raise ChildProcessError("the relay did not become ready")
        yield process.pid
    finally:
        process.terminate()
        process.join()


def _serve_ours(control: Connection, version: str, audited: bool, sessions: Sessions, core: int) -> None:
    _pin_unprivileged(core)
    chosen = version_named(version)
    table = SessionTable(chosen.hops(1, {1: RELAY}), LockSet(audited=audited).create("session-cache"), 1 << 16, S)
    table.install(Fetched(found=tuple(StreamRecord(ssrc, 2, 1, "load") for ssrc in sessions.ssrcs)), monotonic_ns())
    rules = PathRules(chosen.locked_reads, chosen.stale_ns, ntp_offset_ns(time_ns(), monotonic_ns()))
    path = chosen.packet_path(PathConfig(1, RELAY, _TICK_NS, rules), table)
    path.open()
    control.send("ready")
    path.run()


def _pin_unprivileged(core: int) -> None:
    """Pin the process to a core, and drop the privilege of real-time priority.

    The kernel throttles a real-time thread that is always busy to 95 % of a core (sched_rt_runtime_us, sched(7)); each
    pause of 50 ms would lose thousands of packets.
    """
    os.sched_setaffinity(0, {core})
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _serve_asyncio(control: Connection, sessions: Sessions, core: int) -> None:
    _pin_unprivileged(core)
    next_hops = {ssrc.to_bytes(4, "big"): (RELAY, SINK_PORT) for ssrc in sessions.ssrcs}
    lanes = [(RELAY, LANE_PORT + lane) for lane in range(LANES)]
    asyncio.run(relay(lanes, next_hops, lambda: control.send("ready")))
