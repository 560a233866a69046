"""The sound relay version: misses are fetched off the packet path, all that are queued in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Condition

from hostio.units import MS, S
from relay_app.directory import DirectoryError
from relay_app.relay_version import SessionSource
from relay_app.session_table import SessionTable

_MOST_KEYS = 4096


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """After a failed fetch waits `first_wait_ns`, then twice as long each time, at most `longest_wait_ns`.

    A prefetch gives up after `prefetch_ns`.
    """

    first_wait_ns: int = 20 * MS
    longest_wait_ns: int = 500 * MS
    prefetch_ns: int = 10 * S


class PipelinedFetch:
    """One fetch in flight per key. The lock guards the two sets of keys, and is never held across a fetch."""

    def __init__(
        self, source: SessionSource, table: SessionTable, clock_ns: Callable[[], int], settings: FetchSettings
    ) -> None:
        self._source = source
        self._table = table
        self._clock_ns = clock_ns
        self._settings = settings
        self._changed = Condition()
        self._queued: dict[int, None] = {}
        self._in_flight: frozenset[int] = frozenset()
        self._stopped = False
        self._fetches = 0
        self._failed_fetches = 0

    @property
    def fetching(self) -> int:
        """Keys queued or in flight."""
        return len(self._queued) + len(self._in_flight)

    def missed(self, ssrcs: Iterable[int]) -> None:
        """Queue those that are neither settled nor being fetched."""
        now_ns = self._clock_ns()
        with self._changed:
            for ssrc in ssrcs:
                if ssrc not in self._in_flight and not self._table.settled(ssrc, now_ns):
                    self._queued[ssrc] = None
            self._changed.notify_all()

    def prefetch(self, ssrcs: Sequence[int]) -> int:
        """Queue them and wait until each is settled, the time is over, or the relay stops."""
        self.missed(ssrcs)
        wanted = frozenset(ssrcs)
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._pending(wanted), self._settings.prefetch_ns / S)
        return sum(ssrc in self._table.cache for ssrc in wanted)

    def _pending(self, wanted: frozenset[int]) -> bool:
        return not (wanted.isdisjoint(self._queued) and wanted.isdisjoint(self._in_flight))

    def run(self) -> None:
        """Fetch what is queued until stopped."""
        while keys := self._take():
            self._fetch(keys)
            with self._changed:
                self._in_flight = frozenset()
                self._changed.notify_all()

    def _take(self) -> tuple[int, ...]:
        """The next keys, moved from queued to in flight; none once stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._queued)
            if self._stopped:
                return ()
            keys = tuple(islice(self._queued, _MOST_KEYS))
            for key in keys:
                del self._queued[key]
            self._in_flight = frozenset(keys)
            return keys

    def _fetch(self, keys: Sequence[int]) -> None:
        """Ask until there is an answer or the relay stops."""
        wait_ns = self._settings.first_wait_ns
        while not self._stopped:
            self._fetches += 1
            try:
                fetched = self._source.fetch(keys)
            except DirectoryError:
                self._failed_fetches += 1
                self._pause(wait_ns)
                wait_ns = min(2 * wait_ns, self._settings.longest_wait_ns)
            else:
                self._table.install(fetched, self._clock_ns())
                return

    def _pause(self, wait_ns: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, wait_ns / S)

    def stop(self) -> None:
        """End `run` and every wait."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def counters(self) -> Mapping[str, int]:
        """Fetches made, and how many of them failed."""
        return {"fetches": self._fetches, "failed_fetches": self._failed_fetches}
