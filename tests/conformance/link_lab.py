"""A laboratory for link back ends: three clusters' WAN links in a network namespace of its own, with raw oracles."""

from __future__ import annotations

import ctypes
import errno
import json
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from hostio.commands import run, run_batch
from hostio.sockets import packet_socket
from hostio.timing import wait_until
from topologies.backend_probe import available_link_backend
from topologies.interface_names import switch_port, wire_port
from topologies.link_backend import Applied, LinkBackend
from topologies.link_state import LinkState
from topologies.model import Cluster, Direction, Link, Topology
from topologies.netem.backend import NetemLinks
from topologies.wire.backend import UserspaceWire
from topologies.wire.messages import wire_config
from topologies.wire.process import serve

A_B, B_A = Direction("a", "b"), Direction("b", "a")
A_C, C_A = Direction("a", "c"), Direction("c", "a")
TOPOLOGY = Topology(
    name="lab",
    clusters=(Cluster("a", 1), Cluster("b", 2), Cluster("c", 3)),
    links=(Link.alike("a", "b", 0), Link.alike("a", "c", 0)),
)
TICK_NS = 250_000

_CLONE_NEWNET = 0x40000000
_EXPERIMENTAL_ETHERTYPE = 0x88B5
_HEADER = struct.Struct("!6s6sHIq")
DEADLINE_S = 20.0
_POLL_S = 0.005
"""A look at netem's counters is a command of `tc`."""

EARLY_NS = -1_000
"""Kernel clocks are read one after the other when a timestamp is turned into monotonic time."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame as the oracle saw it: sent and received by the kernel's clock, CLOCK_MONOTONIC ns.

    `number` and `sent_ns` are -1 for a frame that is not the lab's own.
    """

    number: int
    sent_ns: int
    received_ns: int
    data: bytes

    @property
    def delay_ns(self) -> int:
        return self.received_ns - self.sent_ns


def numbers(arrivals: list[Arrival]) -> list[int]:
    """Their numbers, in the order in which they arrived."""
    return [arrival.number for arrival in arrivals]


def udp_frame(source_port: int, destination_port: int, payload: bytes = b"payload") -> bytes:
    """A UDP packet with both checksums, as scapy builds it."""
    addresses = IP(src="10.0.0.1", dst="10.0.0.2")
    packet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / addresses
    return bytes(packet / UDP(sport=source_port, dport=destination_port) / payload)


@contextmanager
def own_network() -> Iterator[None]:
    """Put the calling thread, and all it starts, in a new network namespace, and back again."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as home:
        if libc.unshare(_CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        try:
            yield
        finally:
            libc.setns(home.fileno(), _CLONE_NEWNET)


class Lab:
    """A back end under test between raw packet sockets at the switch ports."""

    def __init__(self, backend: LinkBackend) -> None:
        self.backend = backend
        self._ports = {d: packet_socket(_source_port(d)) for d in TOPOLOGY.directions}
        self._sent = dict.fromkeys(TOPOLOGY.directions, 0)

    def apply(self, states: Mapping[Direction, LinkState]) -> Applied:
        """Put states in force at once."""
        return self.backend.prepare(states)()()

    def send(self, direction: Direction, count: int, size: int = 60) -> None:
        """Send numbered frames into a direction, as fast as Python does."""
        for _ in range(count):
            self.send_one(direction, size)

    def send_spaced(self, direction: Direction, count: int, every_ns: int) -> None:
        """Send numbered frames at even distances: no queue builds up on the way."""
        start_ns = time.monotonic_ns()
        for number in range(count):
            time.sleep(max(0, start_ns + number * every_ns - time.monotonic_ns()) / 1e9)
            self.send_one(direction)

    def send_one(self, direction: Direction, size: int = 60) -> tuple[int, int]:
        """Send the direction's next frame; the times before and after."""
        before_ns = time.monotonic_ns()
        header = _HEADER.pack(b"\xff" * 6, b"\x02" * 6, _EXPERIMENTAL_ETHERTYPE, self._sent[direction], before_ns)
        self.send_frame(direction, header.ljust(size, b"\0"))
        return before_ns, time.monotonic_ns()

    def send_frame(self, direction: Direction, frame: bytes) -> None:
        """Send any frame. The kernel tells a packet socket that a filter took its frame by ENOBUFS."""
        try:
            self._ports[direction].send(frame)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
        self._sent[direction] += 1

    def kernel_counters(self, direction: Direction) -> tuple[int | None, int]:
        """Frames that the kernel saw enter the emulator (None without inner ends) and leave it."""
        if not self.backend.capabilities.inner_ends:
            return None, _packets(_source_port(direction), "tx")
        return (
            _packets(_wire_port(direction), "rx"),
            _packets(_wire_port(direction.reversed()), "tx"),
        )

    def forget_errors(self) -> None:
        """A port that went down leaves an error on its socket."""
        for port in self._ports.values():
            port.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def arrivals(self, direction: Direction, *, copied: bool = False) -> list[Arrival]:
        """Everything that has come out since the last call, once the back end holds nothing of the direction.

        `copied`: it duplicates frames. Copies that are not counted as such are counted as received.
        """
        arrivals: list[Arrival] = []
        port = self._ports[direction.reversed()]

        def drained() -> bool:
            arrivals.extend(_read(port))
            return self._drained(direction, copied)

        if not wait_until(drained, DEADLINE_S, _POLL_S):
            raise TimeoutError(f"{direction}: {self.backend.counters()[direction]} of {self._sent[direction]}")
        return arrivals + _read(port)

    def _drained(self, direction: Direction, copied: bool) -> bool:
        counters = self.backend.counters()[direction]
        more = copied and not self.backend.capabilities.counts_duplicates and counters.received > self._sent[direction]
        return counters.queued == 0 and (counters.received == self._sent[direction] or more)

    def close(self) -> None:
        self.backend.close()
        for port in self._ports.values():
            port.close()


@contextmanager
def userspace_lab(
    states: Mapping[Direction, LinkState],
    seed: int = 1,
    capacity: int = 65_536,
    media_ports: tuple[int, int] | None = None,
    fates: Path | None = None,
) -> Iterator[Lab]:
    """Links over a wire process."""
    with own_network():
        _build([(_source_port(d), _wire_port(d)) for d in TOPOLOGY.directions])
        context = get_context("fork")
        ours, theirs = context.Pipe()
        config = wire_config(TOPOLOGY, _complete(states), seed, TICK_NS, capacity, media_ports or (0, 0), fates)
        process = context.Process(target=_serve, args=(config, theirs, ours), daemon=True)
        process.start()
        theirs.close()
        wire = UserspaceWire(TOPOLOGY, _complete(states), ours)
        wire.wait_ready()
        with _lab(wire) as lab:
            yield lab
        process.join(DEADLINE_S)
        assert process.exitcode == 0


@contextmanager
def netem_lab(
    states: Mapping[Direction, LinkState],
    seed: int | None = None,
    media_ports: tuple[int, int] | None = None,
) -> Iterator[Lab]:
    """Links by the kernel's netem; skips the test where it has none. LinkError if it does not take a seed."""
    choice = available_link_backend()
    if choice.name != "netem":
        pytest.skip(choice.reason)
    with own_network():
        _build([(_source_port(link.directions[0]), _source_port(link.directions[1])) for link in TOPOLOGY.links])
        with _lab(NetemLinks(TOPOLOGY, _complete(states), seed, media_ports)) as lab:
            yield lab


LabMaker = Callable[..., AbstractContextManager[Lab]]
BOTH = pytest.mark.parametrize(
    "make_lab",
    [
        pytest.param(userspace_lab, id="userspace"),
        pytest.param(netem_lab, id="netem", marks=pytest.mark.netem),
    ],
)
"""Run a test over either back end."""


@contextmanager
def _lab(backend: LinkBackend) -> Iterator[Lab]:
    lab = Lab(backend)
    try:
        yield lab
    finally:
        lab.close()


def interface(name: str) -> dict[str, Any]:
    """An interface as `ip -json link show` tells it."""
    rows: list[dict[str, Any]] = json.loads(run(["ip", "-json", "-statistics", "link", "show", "dev", name]))
    return rows[0]


def _packets(name: str, way: str) -> int:
    return int(interface(name)["stats64"][way]["packets"])


def _serve(config: Any, control: Any, parents: Any) -> None:
    parents.close()
    serve(config, control)


def _build(pairs: list[tuple[str, str]]) -> None:
    """Veth pairs that no protocol of this machine uses."""
    for setting in ("all", "default"):
        Path(f"/proc/sys/net/ipv6/conf/{setting}/disable_ipv6").write_text("1")
    run_batch([["ip", "link", "add", one, "type", "veth", "peer", "name", other] for one, other in pairs])
    ends = [end for pair in pairs for end in pair]
    run_batch([["ip", "link", "set", "dev", end, "arp", "off", "up"] for end in ends])


def _read(port: socket.socket) -> list[Arrival]:
    arrivals = []
    offset_ns = time.time_ns() - time.monotonic_ns()
    while select.select([port], [], [], 0)[0]:
        frame, ancillary, _, _ = port.recvmsg(2_048, 64)
        _, _, ethertype, number, sent_ns = _HEADER.unpack_from(frame)
        if ethertype != _EXPERIMENTAL_ETHERTYPE:
            number, sent_ns = -1, -1
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
        arrivals.append(Arrival(number, sent_ns, seconds * 1_000_000_000 + nanoseconds - offset_ns, frame))
    return arrivals


def _complete(states: Mapping[Direction, LinkState]) -> dict[Direction, LinkState]:
    return {direction: states.get(direction, LinkState()) for direction in TOPOLOGY.directions}


def _ordinals(direction: Direction) -> tuple[int, int]:
    return TOPOLOGY.ordinals(direction)


def _source_port(direction: Direction) -> str:
    return switch_port(*_ordinals(direction))


def _wire_port(direction: Direction) -> str:
    return wire_port(*_ordinals(direction))
