"""Media processes on the loopback network, each as a thread with its real control pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from time import monotonic_ns, time_ns
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from redis_lab import RedisServer, loopback

from hostio.control import Ready, Stop, Stopped
from hostio.timing import MS, S, wait_until
from relay_app.clients import client
from relay_app.clients.client import ClientConfig
from relay_app.messages import MediaPrepared, MediaWindow, Prefetch, Prefetched, PrepareMedia
from relay_app.relay import process as relay
from relay_app.relay.process import RelayConfig, RelayFiles
from relay_app.rtp import ntp_offset_ns
from relay_app.streams import Stream
from relay_app.versions.version_names import DEFAULT_VERSION

Config = TypeVar("Config")

ORDINALS = {"a": 1, "b": 2, "c": 3}
OFFSET_NS = ntp_offset_ns(time_ns(), monotonic_ns())
SEED = 1
ANSWER_WITHIN_S = 60.0
SETTLED_WITHIN_S = 20.0
SAMPLE_NS = 20 * MS
SAMPLES_AT_REST = 4


class Process:
    """A served config; `stop` gives its last words."""

    def __init__(self, serve: Callable[[Config, Connection], None], config: Config) -> None:
        self.control, theirs = Pipe()
        self._thread = Thread(target=serve, args=(config, theirs))
        self._thread.start()
        self.last_words: Stopped | None = None

    def answer(self) -> Any:
        assert self.control.poll(ANSWER_WITHIN_S)
        return self.control.recv()

    def stop(self) -> Stopped:
        if self.last_words is None:
            self.control.send(Stop())
            self.last_words = self.answer()
            self._thread.join()
        assert isinstance(self.last_words, Stopped)
        return self.last_words


class Lab:
    """Clusters a, b and c, which are hosts of the loopback network."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.folder = folder
        self.redis = redis
        self.relays: dict[str, Process] = {}
        self.clients: dict[str, Process] = {}

    def address(self, cluster: str) -> str:
        return loopback(ORDINALS[cluster])

    def start_relay(
        self,
        cluster: str,
        rewritten: dict[str, str] | None = None,
        unknown_ns: int = 60 * S,
        version: str = DEFAULT_VERSION,
        report_path: str = "",
        order_path: str = "",
    ) -> None:
        """A relay; `rewritten` says which clusters' traffic a switch would send to which other's relay instead."""
        hosts = {name: (rewritten or {}).get(name, name) for name in ORDINALS}
        addresses = {ORDINALS[name]: self.address(host) for name, host in hosts.items()}
        config = RelayConfig(
            ordinal=ORDINALS[cluster],
            addresses=addresses,
            directory=self.redis.tcp,
            files=RelayFiles(
                samples=self.folder / f"relay-{cluster}.npy",
                fetches=self.folder / f"fetches-{cluster}.npy",
                locks=self.folder / f"{cluster}.json",
                stacks=self.folder / f"{cluster}.stacks.txt",
            ),
            ntp_offset_ns=OFFSET_NS,
            version=version,
            unknown_ns=unknown_ns,
            sample_interval_ns=SAMPLE_NS,
            report_path=report_path,
            order_path=order_path,
        )
        self.relays[cluster] = Process(relay.serve, config)
        assert self.relays[cluster].answer() == Ready()

    def start_client(self, cluster: str, streams: tuple[Stream, ...]) -> None:
        config = ClientConfig(
            address=self.address(cluster),
            relay_address=self.address(cluster),
            direct_addresses={name: self.address(name) for name in ORDINALS},
            streams=tuple(stream for stream in streams if stream.source == cluster),
            seed=SEED,
            ntp_offset_ns=OFFSET_NS,
            sent_path=self.folder / f"sent-{cluster}.npy",
            received_path=self.folder / f"received-{cluster}.npy",
        )
        self.clients[cluster] = Process(client.serve, config)
        assert self.clients[cluster].answer() == Ready()

    def prefetch(self, cluster: str, ssrcs: tuple[int, ...]) -> int:
        self.relays[cluster].control.send(Prefetch(ssrcs))
        answer = self.relays[cluster].answer()
        assert isinstance(answer, Prefetched)
        return answer.count

    def play(self, duration_ns: int, lead_ns: int = 20 * MS) -> tuple[int, int]:
        """Order the media of all clients; when it starts and ends."""
        for process in self.clients.values():
            process.control.send(PrepareMedia(duration_ns))
            assert process.answer() == MediaPrepared()
        start_ns = monotonic_ns() + lead_ns
        for process in self.clients.values():
            process.control.send(MediaWindow(start_ns, start_ns + duration_ns))
        return start_ns, start_ns + duration_ns

    def rows(self, name: str) -> npt.NDArray[Any]:
        rows: npt.NDArray[Any] = np.load(self.folder / f"{name}.npy")
        return rows

    def stop_relay(self, cluster: str) -> Stopped:
        """Stop a relay once it has taken all that waits for it: a relay that is stopped leaves the rest unread."""
        relay = self.relays[cluster]
        assert relay.last_words or wait_until(lambda: self._settled(cluster), SETTLED_WITHIN_S), "packets keep coming"
        return relay.stop()

    def _settled(self, cluster: str) -> bool:
        received = self.rows(f"relay-{cluster}")["received"]
        return len(received) > SAMPLES_AT_REST and len(set(received[-SAMPLES_AT_REST:].tolist())) == 1

    def stop(self) -> None:
        for process in (*self.clients.values(), *self.relays.values()):
            process.stop()


@contextmanager
def media_lab(folder: Path, redis: RedisServer) -> Iterator[Lab]:
    """A lab whose processes are stopped at the end."""
    lab = Lab(folder, redis)
    try:
        yield lab
    finally:
        lab.stop()
