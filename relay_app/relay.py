"""The relay process of a cluster: a compiled packet path, and a control side in threads that keeps it supplied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic_ns

import numpy as np

from hostio.control import Ready, Stopped, messages, tell
from hostio.units import MS, US, S
from hostio.workers import Workers
from relay_app.compile_loops import compile_relay_loops
from relay_app.directory import Directory, DirectoryEndpoint, DirectoryError
from relay_app.forwarding import Forwarder
from relay_app.messages import Prefetch, Prefetched
from relay_app.pipelined_fetch import FetchSettings, PipelinedFetch
from relay_app.relay_version import RelayVersion, SessionSource
from relay_app.sampler import Sampler
from relay_app.session_table import SessionTable

VERSIONS: Mapping[str, Callable[[SessionSource, SessionTable, Callable[[], int], FetchSettings], RelayVersion]] = {
    "pipelined": PipelinedFetch,
}
"""Relay versions by name."""


@dataclass(frozen=True, slots=True)
class RelayConfig:
    """`addresses` maps every cluster's ordinal, this one's too, to its host. Samples go to `samples_path`, as .npy."""

    ordinal: int
    addresses: Mapping[int, str]
    directory: DirectoryEndpoint
    samples_path: Path
    version: str = "pipelined"
    fetch: FetchSettings = field(default_factory=FetchSettings)
    cache_capacity: int = 1 << 16
    unknown_ns: int = S
    """How long an SSRC that the directory does not know is not asked for again."""
    tick_ns: int = 50 * US
    """Under load the packet path wakes no more often."""
    sample_interval_ns: int = 100 * MS


class Relay:
    """The parts of one relay, and the threads that run them."""

    def __init__(self, config: RelayConfig) -> None:
        self._directory = Directory(config.directory)
        self._table = SessionTable(config.ordinal, config.addresses, config.cache_capacity, config.unknown_ns)
        self._version = VERSIONS[config.version](self._directory, self._table, monotonic_ns, config.fetch)
        self._forwarder = Forwarder(
            config.ordinal,
            config.addresses[config.ordinal],
            self._table.cache.view,
            self._table.unknown.view,
            config.tick_ns,
        )
        self._sampler = Sampler(self._forwarder, self._table, self._version, config.sample_interval_ns)

    def start(self, workers: Workers) -> None:
        """Serve, in four threads."""
        workers.start("forward", self._forwarder.run)
        workers.start("misses", self._pass_misses_on)
        workers.start("fetch", self._fetch)
        workers.start("sample", self._sampler.run)

    def _fetch(self) -> None:
        with suppress(DirectoryError):  # a relay starts without its directory; the first fetch connects then
            self._directory.connect()
        self._version.run()

    def _pass_misses_on(self) -> None:
        while not self._forwarder.stopped:
            self._version.missed(self._forwarder.wait_for_misses().tolist())

    def prefetch(self, order: Prefetch) -> Prefetched:
        """Fetch these sessions over the network; blocks until they are there or the time is over."""
        return Prefetched(self._version.prefetch(order.ssrcs))

    def stop(self) -> None:
        """End all threads."""
        self._forwarder.stop()
        self._version.stop()
        self._sampler.stop()

    def finish(self, samples_path: Path) -> Stopped:
        """Write the records and close everything, once the threads have ended."""
        np.save(samples_path, self._sampler.rows())
        counters = {"lost_misses": self._forwarder.lost_misses(), "refused_records": self._table.refused}
        stopped = Stopped(self._forwarder.drops(), {**counters, **self._version.counters()})
        self._forwarder.close()
        self._directory.close()
        return stopped


def serve(config: RelayConfig, control: Connection) -> None:
    """Say Ready, answer Prefetch, and on Stop write the samples and say Stopped."""
    compile_relay_loops()
    relay = Relay(config)
    workers = Workers()
    relay.start(workers)
    tell(control, Ready())
    for message in messages(control, workers.alarm):
        if isinstance(message, Prefetch):
            tell(control, relay.prefetch(message))
    relay.stop()
    workers.join()
    tell(control, relay.finish(config.samples_path))
