"""The media client process of a cluster: sends the streams that start there, records those that end there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.compiled import precompile
from hostio.control import Ready, Stopped, Workers, messages, tell
from hostio.files import write_array
from hostio.histogram import lateness_of
from hostio.lateness import Lateness, Spans
from hostio.lateness_compiled import hold_ups_of, watch
from hostio.realtime import RealtimePriority, clear_realtime_priority, set_realtime_priority
from hostio.sockets import udp_drops, udp_socket
from hostio.timing import MS
from relay_app.calls import Span
from relay_app.clients.client_loops import RECEIVE_BATCH, ReceiverMemory, collect, play
from relay_app.clients.gateway import Gateway
from relay_app.clients.gateway_loop import GATEWAY_BATCH, GatewayMemory, pass_on
from relay_app.clients.media_reporter import MediaReportConfig, MediaReporter
from relay_app.clients.passing_compiled import PassingMemory
from relay_app.clients.permission_keeper import PermissionConfig, PermissionKeeper
from relay_app.clients.sender import Sender, sender_memory
from relay_app.media_profiles import PROFILES, Media
from relay_app.messages import MediaPrepared, MediaWindow, PrepareMedia, Quiesced, StopSending
from relay_app.ports import CLIENT_PORT
from relay_app.program_media import LOOPBACK, PROGRAM_MEDIA
from relay_app.records import DIGEST, RECEIVED, SENT
from relay_app.streams import Stream

_BLOCK_ROWS = 1 << 16


class Receiver:
    """Records every packet from its creation on. Call `run` in a thread, then `stop`, and `rows` once that has
    ended. `decoders`: ports of the loopback network to which packets of other programs go on, by SSRC."""

    def __init__(self, address: str, decoders: Mapping[int, int], *, ntp_offset_ns: int, tick_ns: int) -> None:
        self._ntp_offset_ns = ntp_offset_ns
        self._tick_ns = tick_ns
        self._socket = udp_socket(address, CLIENT_PORT)
        self._memory = ReceiverMemory.allocate(self._socket.fileno())
        self._to_decoders = udp_socket(LOOPBACK, 0)
        destinations = {ssrc: (LOOPBACK, port) for ssrc, port in decoders.items()}
        self._passing = PassingMemory.allocate(destinations, self._to_decoders.fileno(), RECEIVE_BATCH)
        self._rows: list[npt.NDArray[Any]] = []
        self._digests: list[npt.NDArray[Any]] = []
        self._blocks: list[tuple[int, npt.NDArray[Any]]] = []
        """Those that were begun, each with the number of the row that it begins with."""

    def run(self) -> None:
        """Record until stopped, in blocks; while a block is replaced, packets wait in the socket."""
        set_realtime_priority()
        filled = _BLOCK_ROWS
        while filled + RECEIVE_BATCH > _BLOCK_ROWS:
            rows = np.zeros(_BLOCK_ROWS, RECEIVED)
            digests = np.zeros(_BLOCK_ROWS if len(self._passing.ssrcs) else 0, DIGEST)
            self._blocks.append((int(self._memory.state["recorded"][0]), rows))
            filled = collect(self._memory, self._passing, rows, digests, self._ntp_offset_ns, self._tick_ns)
            self._rows.append(rows[:filled])
            self._digests.append(digests[: int(self._memory.state["passed"][0])])

    def stop(self) -> None:
        """Have `run` end once it has recorded all that had arrived."""
        self._memory.state["stop"] = 1

    def recorded(self, first: int) -> npt.NDArray[Any]:
        """RECEIVED[n] so far, from row `first` on; to be called by any thread."""
        stop = int(self._memory.state["recorded"][0])  # before the blocks: rows up to it are in one that is there
        blocks = [*self._blocks]
        ends = [*(begin for begin, _ in blocks[1:]), stop]
        parts = (
            rows[max(first - begin, 0) : max(min(end, stop) - begin, 0)]
            for (begin, rows), end in zip(blocks, ends, strict=True)
        )
        return np.concatenate([np.empty(0, RECEIVED), *parts])

    def rows(self) -> npt.NDArray[Any]:
        """RECEIVED[n], once the thread has ended."""
        return np.concatenate([np.empty(0, RECEIVED), *self._rows])

    def digests(self) -> npt.NDArray[Any]:
        """DIGEST[n] of the packets of other programs, once the thread has ended."""
        return np.concatenate([np.empty(0, DIGEST), *self._digests])

    def counters(self) -> dict[str, int]:
        """`malformed`: datagrams that were neither RTP as Blipnet sends it nor of a stream with a decoder."""
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
        """Close the sockets."""
        self._socket.close()
        self._to_decoders.close()


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """`streams` are those that start here; `direct_addresses` are the hosts' addresses by cluster.

    Records go to `sent_path` and `received_path`, as .npy; those of the digests of packets of other programs beside
    them. `decoders`: ports of the loopback network at which programs decode streams that end here, by SSRC. `spans`:
    when streams have packets, by SSRC; the others have them all the time. `media`: what they carry, by name.
    """

    address: str
    relay_address: str
    direct_addresses: Mapping[str, str]
    streams: tuple[Stream, ...]
    seed: int
    ntp_offset_ns: int
    sent_path: Path
    received_path: Path
    decoders: Mapping[int, int] = field(default_factory=dict)
    spans: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    media: Mapping[str, Media] = field(default_factory=lambda: dict(PROFILES))
    sent_digests_path: Path | None = None
    received_digests_path: Path | None = None
    permissions: PermissionConfig | None = None
    """None: no stream of the run needs a permission, or consent."""
    reports: MediaReportConfig | None = None
    """None: the controller is told nothing of the media."""
    send_tick_ns: int = MS
    """Least time between two wake-ups of the sender: packets due within one tick leave together. 1 ms costs one wake-up
    (some 10 µs of CPU) per ms whatever the rate, and stays below what the pacing checks allow."""
    receive_tick_ns: int = 4 * MS
    """Least time between two wake-ups of the receiver. Packets wait in its socket with the kernel's timestamps: a long
    tick saves CPU and costs no accuracy."""


def compile_loops() -> None:
    """Compile the loops for the types they are called with, or load them from the cache."""
    passing = PassingMemory.allocate({}, 0, GATEWAY_BATCH)
    precompile(play, sender_memory((), LOOPBACK, {}, 0), 0, 0, 0, 0, 0)
    precompile(collect, ReceiverMemory.allocate(0), passing, np.zeros(0, RECEIVED), np.zeros(0, DIGEST), 0, 0)
    precompile(pass_on, GatewayMemory.allocate(0, 0), passing, np.zeros(0, SENT), np.zeros(0, DIGEST))


def serve(config: ClientConfig, control: Connection) -> None:
    """Answer Ready and PrepareMedia, send during MediaWindow until StopSending, record all the time; on Stop write the
    records."""
    compile_loops()
    offset_ns = config.ntp_offset_ns
    receiver = Receiver(config.address, config.decoders, ntp_offset_ns=offset_ns, tick_ns=config.receive_tick_ns)
    published = [stream for stream in config.streams if stream.media in PROGRAM_MEDIA]
    sender = Sender(
        [stream for stream in config.streams if stream.media not in PROGRAM_MEDIA],
        config.address,
        config.relay_address,
        config.direct_addresses,
        config.spans,
        config.media,
        ntp_offset_ns=offset_ns,
        tick_ns=config.send_tick_ns,
    )
    workers = Workers()
    workers.start("receive", receiver.run)
    gateway = Gateway(published, config.relay_address, sender.descriptor) if published else None
    if gateway:
        workers.start("gateway", gateway.run)
    keeper = PermissionKeeper(config.permissions, sender.withhold) if config.permissions else None
    if keeper:
        keeper.start(workers)
    reporter = MediaReporter(config.reports, sender, receiver) if config.reports else None
    tell(control, Ready())
    for message in messages(control, workers.alarm):
        if isinstance(message, PrepareMedia):
            sender.prepare(message.duration_ns, config.seed, workers)
            set_realtime_priority(RealtimePriority.SOURCE)
            tell(control, MediaPrepared())
        if isinstance(message, MediaWindow):
            receiver.watch(message.start_ns, message.end_ns)
            if gateway:
                gateway.begin(message)
            if keeper:
                keeper.begin(message.start_ns)
            sender.begin(message)
            if reporter:
                workers.start("report", reporter.run)
            clear_realtime_priority()
        if isinstance(message, StopSending):
            if gateway:
                gateway.halt()
            if keeper:
                keeper.halt()
            sender.halt()
            tell(control, Quiesced())
    if gateway:
        gateway.halt()
    if keeper:
        keeper.stop()
    if reporter:
        reporter.stop()
    sender.stop()
    receiver.stop()
    workers.join()
    tell(control, _finish(config, sender, receiver, gateway, keeper, reporter))


def _finish(
    config: ClientConfig,
    sender: Sender,
    receiver: Receiver,
    gateway: Gateway | None,
    keeper: PermissionKeeper | None,
    reporter: MediaReporter | None,
) -> Stopped:
    sent_on, digests = gateway.rows() if gateway else (np.empty(0, SENT), np.empty(0, DIGEST))
    write_array(config.sent_path, np.concatenate([sender.rows(), sent_on]))
    write_array(config.received_path, receiver.rows())
    if config.sent_digests_path and config.received_digests_path:
        write_array(config.sent_digests_path, digests)
        write_array(config.received_digests_path, receiver.digests())
    counters = Counter({**sender.counters(), **receiver.counters()})
    counters.update(gateway.counters() if gateway else {})
    counters.update(keeper.counters if keeper else {})
    counters.update({"unheard": reporter.unheard} if reporter else {})
    drops = {"client": receiver.drops()}
    drops |= {"gateway": gateway.drops()} if gateway else {}
    drops |= {"refreshes": keeper.drops()} if keeper else {}
    stopped = Stopped(
        socket_drops=drops,
        counters=counters,
        lateness={"send": sender.lateness(), "receive": receiver.lateness()},
        hold_ups={"send": sender.hold_ups(), "receive": receiver.hold_ups()},
    )
    sender.close()
    receiver.close()
    if reporter:
        reporter.close()
    if gateway:
        gateway.close()
    if keeper:
        keeper.finish()
    return stopped
