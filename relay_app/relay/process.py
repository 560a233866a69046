"""The relay process of a cluster: a packet path, and a control side whose threads fetch the sessions that it lacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from time import monotonic_ns

from hostio.control import Ready, Stopped, Workers, messages, tell
from hostio.files import GrowingArray, write_whole
from hostio.realtime import RealtimePriority, clear_realtime_priority, set_realtime_priority
from hostio.timing import US, S
from relay_app.coverage_report import CoverageReport
from relay_app.forwarding.forwarding_loop import PathRules
from relay_app.forwarding.packet_path import PathConfig
from relay_app.locks.lock_set import LockSet
from relay_app.locks.report import PACKET_PATH
from relay_app.messages import (
    MediaPrepared,
    MediaWindow,
    Prefetch,
    Prefetched,
    PrepareMedia,
    Quiesced,
    StandingBy,
    StopForwarding,
    TakeOver,
)
from relay_app.records import FETCH, RELAY_SAMPLE, SAMPLE_INTERVAL_NS
from relay_app.relay.compiling import compile_loops
from relay_app.relay.loading import Loader, Loading
from relay_app.relay.recording import RecordedSource, Sampler, every
from relay_app.relay.watchdog import FetchProgress, Watchdog
from relay_app.sessions.directory import Directory, DirectoryEndpoint, DirectoryError
from relay_app.sessions.session_table import SessionTable
from relay_app.telemetry_sender import TelemetrySender
from relay_app.versions.catalogue import version_named
from relay_app.versions.version import FetchSettings, RelayParts
from relay_app.versions.version_names import DEFAULT_VERSION

_STOP_WITHIN_S = 3.0
"""A thread that has not ended by then is deadlocked; ordinary ones wait 1 s at most, for the directory."""


@dataclass(frozen=True, slots=True)
class RelayFiles:
    """Where a relay writes while it runs: RELAY_SAMPLE and FETCH rows (.npy), the LockReport (JSON), stacks (text), and
    its FateLog; None keeps that in memory."""

    samples: Path
    fetches: Path
    locks: Path
    stacks: Path
    fates: Path | None = None


@dataclass(frozen=True, slots=True)
class RelayConfig:
    """`addresses` maps every cluster's ordinal, this one's too, to its host."""

    ordinal: int
    addresses: Mapping[int, str]
    directory: DirectoryEndpoint
    files: RelayFiles
    ntp_offset_ns: int
    version: str = DEFAULT_VERSION
    life: int = 0
    """How often this relay has been restarted."""
    fetch: FetchSettings = field(default_factory=FetchSettings)
    cache_capacity: int = 1 << 16
    unknown_ns: int = S
    """For so long an SSRC that the directory does not know is not asked for again."""
    idle_ns: int = 300 * S
    """A session without packets for this long leaves the cache."""
    lock_audit: bool = True
    tick_ns: int = 50 * US
    """Least time between two wake-ups of the packet path under load. 50 µs is about what a wake-up is late anyway (35
    to 40 µs), and at 20 000 packets a second or more it saves most of them, 10 µs of CPU each."""
    sample_interval_ns: int = SAMPLE_INTERVAL_NS
    report_interval_ns: int = S
    """How often the lock report is rewritten, idle sessions are expired, and the controller is told what is cached."""
    report_path: str = ""
    """The controller's socket, to be told which records are cached; empty: it is not."""
    order_path: str = ""
    """The socket on which the controller orders records to be loaded; empty: none."""


class Relay:
    """The parts of one relay, and the threads that run them."""

    def __init__(self, config: RelayConfig) -> None:
        self._config = config
        version = version_named(config.version)
        self._expires = version.expires
        self._locks = LockSet(audited=config.lock_audit)
        self._directory = Directory(config.directory)
        self._fetches = GrowingArray(config.files.fetches, FETCH)
        self._source = RecordedSource(self._directory, self._locks.audit, self._fetches, config.life)
        hops = version.hops(config.ordinal, config.addresses)
        lock = self._locks.create("session-cache")
        self._table = SessionTable(hops, lock, config.cache_capacity, config.unknown_ns)
        parts = RelayParts(config.ordinal, self._source, self._table, self._locks, monotonic_ns, config.fetch)
        self._control = version.control(parts)
        rules = PathRules(version.locked_reads, version.stale_ns, config.ntp_offset_ns)
        address = config.addresses[config.ordinal]
        path = PathConfig(config.ordinal, address, config.tick_ns, rules, config.files.fates)
        self._path = version.packet_path(path, self._table)
        self._samples = GrowingArray(config.files.samples, RELAY_SAMPLE)
        self._sampler = Sampler(
            self._path, self._table, self._control, self._samples, config.sample_interval_ns, config.life
        )
        self._progress = FetchProgress(self._control, self._table, monotonic_ns)
        self._watchdog = Watchdog(self._last_progress_ns, self._locks.situation, monotonic_ns, config.files.stacks)
        self._coverage = TelemetrySender(config.report_path) if config.report_path else None
        loading = Loading(
            self._directory.streams_between,
            self._control.missed,
            lambda ssrc: self._table.settled(ssrc, monotonic_ns()),
            self._tell_coverage,
        )
        self._loader = Loader(Path(config.order_path), loading) if config.order_path else None
        self._stopped = Event()
        self._quiesced = Event()

    def start_forwarding(self, workers: Workers) -> None:
        """Listen on the lanes, and forward packets in a thread."""
        self._path.open()
        workers.start("forward", self._forward)

    def start_supplying(self, workers: Workers) -> None:
        """Start the threads that fetch sessions, take samples, watch for stalls and write the lock report."""
        workers.start("misses", self._pass_on_misses)
        workers.start("fetch", self._fetch)
        workers.start("sample", self._sampler.run)
        workers.start("watchdog", self._watchdog.run)
        if self._loader:
            workers.start("load", self._loader.run)
        workers.start("housekeeping", lambda: every(self._config.report_interval_ns, self._stopped, self._housekeeping))

    def _forward(self) -> None:
        self._path.run()
        self._quiesced.set()

    def _fetch(self) -> None:
        with suppress(DirectoryError):  # a relay starts without its directory; the first fetch connects then
            self._directory.connect()
        self._control.run()

    def _pass_on_misses(self) -> None:
        while not self._path.stopped:
            self._control.missed(self._path.wait_for_misses().tolist())

    def _last_progress_ns(self) -> dict[str, int | None]:
        return {PACKET_PATH: self._path.last_round_ns() or None, "fetches": self._progress.last_ns()}

    def _housekeeping(self) -> None:
        # First, and without the lock: a relay that stands still goes on saying what it has.
        self._tell_coverage()
        self.write_lock_report()
        now_ns = monotonic_ns()
        # Without blocking: this thread must go on writing the report when a version holds the lock for ever.
        if self._expires and self._table.lock.acquire(blocking=False):
            try:
                self._table.expire(now_ns - self._config.idle_ns, now_ns)
            finally:
                self._table.lock.release()

    def _tell_coverage(self) -> None:
        if self._coverage:
            now_ns = monotonic_ns()  # before it looks: two threads tell, and the later look counts
            self._coverage.report(CoverageReport(self._config.ordinal, now_ns, self._table.records_by_pair()))

    def write_lock_report(self) -> None:
        """Replace the lock report as a whole: a relay that is killed while it writes leaves the one before."""
        report = self._locks.report(self._watchdog.stalls)
        write_whole(self._config.files.locks, json.dumps(asdict(report), indent=2))

    def prefetch(self, order: Prefetch) -> Prefetched:
        """Fetch these sessions over the network in bulk, as a warm relay has them; how many are cached then."""
        with suppress(DirectoryError):
            fetched = self._source.fetch(order.ssrcs)
            with self._table.lock:
                self._table.install(fetched, monotonic_ns())
        return Prefetched(sum(ssrc in self._table.cache for ssrc in order.ssrcs))

    def watch(self, media: MediaWindow) -> None:
        """Count how late the packet path wakes while media flow. Permissions of sessions set up before are whole when
        they begin."""
        self._path.watch(media.start_ns, media.end_ns)
        self._table.cache.permit_from(media.start_ns)

    def stop(self) -> None:
        """Have all threads end."""
        self._stopped.set()
        self._path.stop()
        self._control.stop()
        self._sampler.stop()
        self._watchdog.stop()
        if self._loader:
            self._loader.stop()

    def halt(self) -> None:
        """Have all threads end; return once no packet is forwarded any more, after 3 s at the latest."""
        self.stop()
        self._quiesced.wait(_STOP_WITHIN_S)

    def finish(self, stuck: int) -> Stopped:
        """Write the last records and close everything, unless `stuck` threads remain, which may still use it."""
        self._sampler.sample()
        self.write_lock_report()
        counters = {
            "lost_misses": self._path.lost_misses(),
            "refused_records": self._table.refused,
            "expired_sessions": self._table.expired,
            "stuck_threads": stuck,
            **({"unheard": self._coverage.unheard} if self._coverage else {}),
            **({"refused_orders": self._loader.refused, "failed_orders": self._loader.failed} if self._loader else {}),
            **self._control.counters(),
        }
        self._path.log_undelivered()
        lateness, hold_ups = {"forward": self._path.lateness()}, {"forward": self._path.hold_ups()}
        stopped = Stopped(self._path.drops(), counters, lateness, hold_ups)
        if not stuck:
            self._path.close()
            self._directory.close()
            if self._coverage:
                self._coverage.close()
            self._samples.close()
            self._fetches.close()
        return stopped


def serve(config: RelayConfig, control: Connection) -> None:
    """Answer Ready and forward, then Prefetch, PrepareMedia, StopForwarding; on Stop answer Stopped, stuck or not."""
    compile_loops()
    _serve(Relay(config), control)


def _serve(relay: Relay, control: Connection) -> None:
    workers = Workers()
    relay.start_forwarding(workers)
    tell(control, Ready())
    relay.start_supplying(workers)
    for message in messages(control, workers.alarm):
        if isinstance(message, Prefetch):
            tell(control, relay.prefetch(message))
        if isinstance(message, PrepareMedia):
            set_realtime_priority(RealtimePriority.SOURCE)
            tell(control, MediaPrepared())
        if isinstance(message, MediaWindow):
            relay.watch(message)
            clear_realtime_priority()
        if isinstance(message, StopForwarding):
            relay.halt()
            tell(control, Quiesced())
    relay.stop()
    tell(control, relay.finish(workers.join(_STOP_WITHIN_S)))


def stand_by(config: RelayConfig, control: Connection) -> None:
    """Answer StandingBy, and serve from TakeOver on. Until then it opens no lane: another relay has them."""
    compile_loops()
    relay = Relay(config)
    set_realtime_priority()
    tell(control, StandingBy())
    if _told_to_take_over(control):
        _serve(relay, control)
    else:
        tell(control, Stopped({}))


def _told_to_take_over(control: Connection) -> bool:
    try:
        return isinstance(control.recv(), TakeOver)
    except EOFError:
        return False
