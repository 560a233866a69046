"""The media client process of a cluster: sends the streams that start there, records those that end there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.compiled import precompile
from hostio.control import Ready, Stopped, Workers, messages, tell
from hostio.files import write_array
from hostio.histogram import Lateness, lateness_of
from hostio.lateness_compiled import Spans, hold_ups_of, watch
from hostio.realtime import RealtimePriority, clear_realtime_priority, set_realtime_priority
from hostio.sockets import udp_drops, udp_socket
from hostio.timing import MS
from relay_app.clients.client_loops import RECEIVE_BATCH, ReceiverMemory, collect, play
from relay_app.clients.sender import Sender, sender_memory
from relay_app.messages import MediaPrepared, MediaWindow, PrepareMedia, Quiesced, StopSending
from relay_app.records import RECEIVED
from relay_app.streams import CLIENT_PORT, Stream

_BLOCK_ROWS = 1 << 16


class Receiver:
    """Records every packet from its creation on. Call `run` in a thread, then `stop`, and `rows` once that has
    ended."""

    def __init__(self, address: str, *, ntp_offset_ns: int, tick_ns: int) -> None:
        self._ntp_offset_ns = ntp_offset_ns
        self._tick_ns = tick_ns
        self._socket = udp_socket(address, CLIENT_PORT)
        self._memory = ReceiverMemory.allocate(self._socket.fileno())
        self._rows: list[npt.NDArray[Any]] = []

    def run(self) -> None:
        """Record until stopped, in blocks; while a block is replaced, packets wait in the socket."""
        set_realtime_priority()
        filled = _BLOCK_ROWS
        while filled + RECEIVE_BATCH > _BLOCK_ROWS:
            rows = np.zeros(_BLOCK_ROWS, RECEIVED)
            filled = collect(self._memory, rows, self._ntp_offset_ns, self._tick_ns)
            self._rows.append(rows[:filled])

    def stop(self) -> None:
        """Have `run` end once it has recorded all that had arrived."""
        self._memory.state["stop"] = 1

    def rows(self) -> npt.NDArray[Any]:
        """RECEIVED[n], once the thread has ended."""
        return np.concatenate([np.empty(0, RECEIVED), *self._rows])

    def counters(self) -> dict[str, int]:
        """`malformed`: datagrams that were not RTP as Blipnet sends it."""
        return {"malformed": int(self._memory.state["malformed"][0])}

    def drops(self) -> int:
        """Datagrams lost because the socket's buffer was full."""
        return udp_drops(self._socket)

    def watch(self, from_ns: int, until_ns: int) -> None:
        """Count how late `run` wakes from `from_ns` until `until_ns`."""
        watch(self._memory.lateness, from_ns, until_ns)

    def lateness(self) -> Lateness:
        """Of its timed wake-ups while it was watched."""
        return lateness_of(self._memory.lateness)

    def hold_ups(self) -> Spans:
        """When its timed wake-ups were held up while it was watched."""
        return hold_ups_of(self._memory.lateness)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """`streams` are those that start here; `direct_addresses` are the hosts' addresses by cluster.

    Records go to `sent_path` and `received_path`, as .npy.
    """

    address: str
    relay_address: str
    direct_addresses: Mapping[str, str]
    streams: tuple[Stream, ...]
    seed: int
    ntp_offset_ns: int
    sent_path: Path
    received_path: Path
    send_tick_ns: int = MS
    """Least time between two wake-ups of the sender: packets due within one tick leave together. 1 ms costs one wake-up
    (some 10 µs of CPU) per ms whatever the rate, and stays below what the pacing checks allow."""
    receive_tick_ns: int = 4 * MS
    """Least time between two wake-ups of the receiver. Packets wait in its socket with the kernel's timestamps: a long
    tick saves CPU and costs no accuracy."""


def compile_loops() -> None:
    """Compile both loops for the types they are called with, or load them from the cache."""
    precompile(play, sender_memory((), "127.0.0.1", {}, 0), 0, 0, 0, 0, 0)
    precompile(collect, ReceiverMemory.allocate(0), np.zeros(0, RECEIVED), 0, 0)


def serve(config: ClientConfig, control: Connection) -> None:
    """Answer Ready and PrepareMedia, send during MediaWindow until StopSending, record all the time; on Stop write the
    records."""
    compile_loops()
    offset_ns = config.ntp_offset_ns
    receiver = Receiver(config.address, ntp_offset_ns=offset_ns, tick_ns=config.receive_tick_ns)
    sender = Sender(
        config.streams,
        config.address,
        config.relay_address,
        config.direct_addresses,
        ntp_offset_ns=offset_ns,
        tick_ns=config.send_tick_ns,
    )
    workers = Workers()
    workers.start("receive", receiver.run)
    tell(control, Ready())
    for message in messages(control, workers.alarm):
        if isinstance(message, PrepareMedia):
            sender.prepare(message.duration_ns, config.seed, workers)
            set_realtime_priority(RealtimePriority.SOURCE)
            tell(control, MediaPrepared())
        if isinstance(message, MediaWindow):
            receiver.watch(message.start_ns, message.end_ns)
            sender.begin(message)
            clear_realtime_priority()
        if isinstance(message, StopSending):
            sender.halt()
            tell(control, Quiesced())
    sender.stop()
    receiver.stop()
    workers.join()
    tell(control, _finish(config, sender, receiver))


def _finish(config: ClientConfig, sender: Sender, receiver: Receiver) -> Stopped:
    write_array(config.sent_path, sender.rows())
    write_array(config.received_path, receiver.rows())
    stopped = Stopped(
        socket_drops={"client": receiver.drops()},
        counters={**sender.counters(), **receiver.counters()},
        lateness={"send": sender.lateness(), "receive": receiver.lateness()},
        hold_ups={"send": sender.hold_ups(), "receive": receiver.hold_ups()},
    )
    sender.close()
    receiver.close()
    return stopped
