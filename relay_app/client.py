"""The media client process of a cluster: sends the streams that start there, records those that end there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from hostio.control import Ready, Stopped, messages, tell
from hostio.units import MS
from hostio.workers import Workers
from relay_app.compile_loops import compile_client_loops
from relay_app.messages import Play, Still, StopSending
from relay_app.receiver import Receiver
from relay_app.sender import Sender
from relay_app.sessions import Stream


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """`streams` are those that start here; `direct_addresses` are the hosts by cluster.

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
    """The sender wakes no more often: packets due within one tick leave together."""
    receive_tick_ns: int = 4 * MS
    """The receiver wakes no more often: packets wait in its socket, stamped by the kernel."""


def serve(config: ClientConfig, control: Connection) -> None:
    """Say Ready, obey Play and StopSending, and on Stop write the records and say Stopped. It listens all the time."""
    compile_client_loops()
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
        if isinstance(message, Play):
            receiver.watch(message.start_ns, message.end_ns)
            sender.begin(message, config.seed, workers)
        if isinstance(message, StopSending):
            sender.halt()
            tell(control, Still())
    sender.stop()
    receiver.stop()
    workers.join()
    tell(control, _finish(config, sender, receiver))


def _finish(config: ClientConfig, sender: Sender, receiver: Receiver) -> Stopped:
    np.save(config.sent_path, sender.rows())
    np.save(config.received_path, receiver.rows())
    stopped = Stopped(
        socket_drops={"client": receiver.drops()},
        counters={**sender.counters(), **receiver.counters()},
        lateness={"send": sender.lateness(), "receive": receiver.lateness()},
    )
    sender.close()
    receiver.close()
    return stopped
