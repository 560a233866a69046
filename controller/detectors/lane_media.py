"""The media from one cluster to another, lane by lane, as both ends count them. Pure; times are ns.

What the source has counted, and the destination has not although it should have arrived by now, is lost.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from controller.moves import ALL_LANES, Relays
from controller.settings import ControllerSettings
from hostio.timing import MS, S
from relay_app.media_report import Counts

Finding = Literal["heard", "heard in part", "unheard"]
"""Of the lanes that take one path. In part: there is a lane in which nothing is heard, or too large a share is lost."""

_FEWEST = 50
"""Packets of which a lost share is taken at least: the ends do not count at the same instant."""


class Judgement(NamedTuple):
    """What is found, why, and since when what is silent has been so (else 0)."""

    finding: Finding
    reason: str
    since_ns: int = 0


class _Count(NamedTuple):
    at_ns: int
    packets: Counts


@dataclass(frozen=True, slots=True)
class Terms:
    """When media count as lost."""

    interval_ns: int
    """Between two counts of one end."""
    silent_ns: int
    """So long a lane must be silent."""
    fewest: int
    """So many packets must have been sent in it meanwhile."""
    window_ns: int
    """Of what time the share is that is lost."""
    max_loss: float
    """The largest share that may be."""

    @classmethod
    def of(cls, settings: ControllerSettings) -> Terms:
        """As a scenario sets them: a report is to media what a probe is to a link."""
        interval_ns, multiplier = settings.report_interval_ns, settings.detect_multiplier
        window_ns = settings.loss_window * interval_ns
        return cls(interval_ns, multiplier * interval_ns, multiplier, window_ns, settings.max_loss)


class LaneMedia:
    """What both ends have counted, and which path each lane takes since when."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._sent = _Counts(2 * terms.window_ns + 2 * S)
        self._heard = _Counts(2 * terms.window_ns + 2 * S)
        self._heard_ns = [0] * len(ALL_LANES)
        """When a packet of each lane was last counted as heard."""
        self._again_ns = [0] * len(ALL_LANES)
        """When the last silence of each lane ended."""
        self._since_ns = [0] * len(ALL_LANES)
        self._paths: list[Relays] = [()] * len(ALL_LANES)

    def sent(self, at_ns: int, packets: Counts) -> None:
        """The source has counted."""
        self._sent.add(at_ns, packets)

    def heard(self, at_ns: int, packets: Counts) -> None:
        """The destination has counted."""
        before = self._heard.last.packets if self._heard.last else packets
        self._heard.add(at_ns, packets)
        for lane in ALL_LANES:
            if packets[lane] > before[lane]:
                if at_ns - self._heard_ns[lane] > self._terms.silent_ns:
                    self._again_ns[lane] = at_ns
                self._heard_ns[lane] = at_ns

    def take(self, paths: Sequence[Relays], at_ns: int) -> None:
        """The path that each lane takes from now on."""
        for lane, path in enumerate(paths):
            if path != self._paths[lane]:
                self._paths[lane], self._since_ns[lane] = path, at_ns

    @property
    def paths(self) -> tuple[Relays, ...]:
        """Those that lanes take."""
        return tuple(dict.fromkeys(self._paths))

    def taken_since_ns(self, path: Relays) -> int:
        """Since when all lanes that take a path do."""
        return max((self._since_ns[lane] for lane in self._lanes(path)), default=0)

    def heard_after(self, path: Relays, at_ns: int) -> bool:
        """Whether a packet in one of the lanes that take a path was heard after that time."""
        return any(self._heard_ns[lane] > at_ns for lane in self._lanes(path))

    def judge(self, path: Relays, delay_ns: int, from_ns: int) -> Judgement | None:
        """What is found of the lanes that take a path, on which packets are under way for `delay_ns`, by those sent
        from `from_ns` on; None: too little was sent or heard to tell."""
        if not self._heard.last or not self._sent.last:
            return None
        now_ns = self._heard.last.at_ns
        begun_ns = {lane: max(from_ns, self._since_ns[lane]) for lane in self._lanes(path)}
        arrived_ns = now_ns - delay_ns - self._terms.interval_ns
        return (
            self._silent(begun_ns, now_ns, arrived_ns)
            or self._lossy(begun_ns, delay_ns, arrived_ns)
            or self._good(begun_ns)
        )

    def _silent(self, begun_ns: Mapping[int, int], now_ns: int, arrived_ns: int) -> Judgement | None:
        last_ns = {lane: max(at_ns, self._heard_ns[lane]) for lane, at_ns in begun_ns.items()}
        long_enough = [lane for lane, at_ns in last_ns.items() if now_ns - at_ns > self._terms.silent_ns]
        if not long_enough:
            return None
        missed = {lane: self._sent.between(lane, at_ns, arrived_ns) for lane, at_ns in last_ns.items()}
        silent = [lane for lane in long_enough if missed[lane] >= self._terms.fewest]
        if not silent:
            return None
        used = [lane for lane, at_ns in begun_ns.items() if missed[lane] or self._heard_ns[lane] > at_ns]
        # One cause silences all at once, and the last packets of some lanes may have been counted a report later.
        all_silent = all(missed[lane] for lane in used)
        silent = used if all_silent else silent
        since_ns = max(last_ns[lane] for lane in silent)
        reason = f"nothing heard for {(now_ns - since_ns) / MS:.0f} ms in {len(silent)} of {len(used)} lanes"
        return Judgement("unheard" if all_silent else "heard in part", reason, since_ns)

    def _lossy(self, begun_ns: Mapping[int, int], delay_ns: int, arrived_ns: int) -> Judgement | None:
        window_ns, end = self._terms.window_ns, self._heard.last
        begin = self._heard.before(end.at_ns - window_ns) if end else None
        if not end or not begin:
            return None
        # Not of lanes that are or were silent: a silence has causes that a share of loss has not.
        lanes = [
            lane
            for lane, at_ns in begun_ns.items()
            if max(at_ns, self._again_ns[lane]) < arrived_ns - window_ns
            and not self._sent.between(lane, self._heard_ns[lane], arrived_ns)
        ]
        heard = sum(end.packets[lane] - begin.packets[lane] for lane in lanes)
        sent = sum(self._sent.between(lane, begin.at_ns - delay_ns, end.at_ns - delay_ns) for lane in lanes)
        if sent < _FEWEST or sent - heard <= self._terms.max_loss * sent:
            return None
        share, length_s = (sent - heard) / sent, (end.at_ns - begin.at_ns) / S
        return Judgement("heard in part", f"loss {share * 100:.0f} % of the media of the last {length_s:.1f} s")

    def _good(self, begun_ns: Mapping[int, int]) -> Judgement | None:
        if not any(self._heard_ns[lane] > at_ns for lane, at_ns in begun_ns.items()):
            return None
        return Judgement("heard", "media are heard")

    def _lanes(self, path: Relays) -> list[int]:
        return [lane for lane, taken in enumerate(self._paths) if taken == path]


class _Counts:
    """The counts of one end, the latest last, of the time `keep_ns`."""

    def __init__(self, keep_ns: int) -> None:
        self._keep_ns = keep_ns
        self._counts: list[_Count] = []

    def add(self, at_ns: int, packets: Counts) -> None:
        """A count; one that is lower than the last is of a client that began anew."""
        last = self.last
        if last and at_ns <= last.at_ns:
            return
        if last and any(new < old for new, old in zip(packets, last.packets, strict=True)):
            self._counts.clear()
        self._counts.append(_Count(at_ns, packets))
        del self._counts[: bisect_left(self._counts, at_ns - self._keep_ns, key=_time)]

    @property
    def last(self) -> _Count | None:
        return self._counts[-1] if self._counts else None

    def before(self, at_ns: int) -> _Count | None:
        """The last one that is not after a time."""
        place = bisect_right(self._counts, at_ns, key=_time)
        return self._counts[place - 1] if place else None

    def between(self, lane: int, from_ns: int, until_ns: int) -> int:
        """Packets that were counted after one time and before another, at least."""
        if from_ns >= until_ns:
            return 0
        begin, end = bisect_left(self._counts, from_ns, key=_time), bisect_right(self._counts, until_ns, key=_time) - 1
        return self._counts[end].packets[lane] - self._counts[begin].packets[lane] if begin < end else 0


def _time(count: _Count) -> int:
    return count.at_ns
