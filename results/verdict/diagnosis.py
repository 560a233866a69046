"""Sentences on faults inside a relay, where its figures exceed thresholds, on clients that gave up, and on captures
that are not whole. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from controller.decisions import Review
from relay_app.locks.report import PACKET_PATH, HeldAcrossIo, LockReport
from results.metrics.figures import Media
from results.metrics.system_figures import LockWaitRow, ProgramFigures, ProgramStallRow, RelayFigures
from results.run_files.captured import CaptureEnd
from results.run_files.events import LogFull, ProgramEnd, WatchdogMissed

STALL_NS = 500_000_000
"""Least total time for which a lock was held across I/O to be reported, ns: 25 packet intervals of voice."""

WASTEFUL_FETCHES = 1.5
"""Requests per key above which a relay is reported as fetching records more than once."""


ProgramEvent: TypeAlias = ProgramEnd | WatchdogMissed | LogFull
"""What can have gone wrong with a relay that is a program."""


def diagnose_captures(captures: Sequence[CaptureEnd], start_ns: int) -> Iterator[str]:
    """Say which captures are not whole. `start_ns`: as for programs."""
    for each in captures:
        if each.full:
            yield f"{each.file} reached its limit {_when(each.at_ns, start_ns)}, and lacks what came later"
        if each.dropped:
            yield f"{each.file} lacks {each.dropped} packets, which came too fast to be captured"


def diagnose_clients(media: Media) -> Iterator[str]:
    """Diagnose the clients."""
    if media.gave_up and media.longest_given_up_ms is not None:
        streams = "1 stream" if media.gave_up == 1 else f"{media.gave_up} streams"
        yield f"clients gave up {streams} for want of consent, for at most {media.longest_given_up_ms / 1e3:.1f} s"
    if media.collided:
        came = "1 packet" if media.collided == 1 else f"{media.collided} packets"
        yield f"{came} came to the listener of another stream, whose SSRC their sender had taken when it restarted"


def diagnose_program(
    cluster: str, figures: ProgramFigures, events: Sequence[ProgramEvent], start_ns: int
) -> Iterator[str]:
    """Diagnose a relay that is a program, from outside. `start_ns`: media start, CLOCK_MONOTONIC; 0 for none."""
    relay = _named(cluster, figures)
    yield from _changed(relay, figures)
    for end in (each for each in events if isinstance(each, ProgramEnd)):
        yield f"{relay} {end.how}{f', {_when(end.at_ns, start_ns)}' if end.by_itself else ''}"
    if missed := [each for each in events if isinstance(each, WatchdogMissed)]:
        first, times = missed[0], "once" if len(missed) == 1 else f"{len(missed)} times, first"
        yield f"{relay} sent no WATCHDOG=1 for {first.within_ns / 1e9:g} s {times} {_when(first.at_ns, start_ns)}"
    for full in (each for each in events if isinstance(each, LogFull)):
        limit = f"its limit, {full.limit_bytes >> 20} MiB"
        yield f"{relay}: its log reached {limit}, {_when(full.at_ns, start_ns)}, and took no more"
    for wait in figures.lock_waits or ():
        if wait.total_ms * 1e6 >= STALL_NS:
            yield f"{relay}: {_waited(wait)}"
    for stall in figures.stalls_seen or ():
        yield f"{relay}: from {stall.at:.1f} s on{_stalled(stall)}{_stacks(stall)}"
    if figures.no_rtp:
        yield f"{relay}: {figures.no_rtp} datagrams that came to the clients there were no RTP"
    if figures.app_problem:
        yield f"{relay}: {figures.app_problem}"
    yield from _from_outside(relay, figures)


def _when(at_ns: int, start_ns: int) -> str:
    if not start_ns or at_ns < start_ns:
        return "before the media start"
    return f"at {(at_ns - start_ns) / 1e9:.3f} s"


def diagnose(
    cluster: str, figures: RelayFigures, locks: LockReport | None, checks: Sequence[Review] = ()
) -> Iterator[str]:
    """Diagnose a relay from its figures, its lock audit, and the controller's reviews of pairs routed over it."""
    relay = _named(cluster, figures)
    yield from _changed(relay, figures)
    if locks is not None:
        yield from _of_locks(relay, locks)
        yield from _unnoticed(relay, [check for check in checks if _during(check.at_ns, locks)])
    if figures.fetches_per_key > WASTEFUL_FETCHES:
        yield f"{relay}: asked for each session {figures.fetches_per_key:g} times; once is enough"
    yield from _from_outside(relay, figures)


def _stalled(stall: ProgramStallRow) -> str:
    if stall.silent_s is None:
        return f" it took no packet from lane {stall.lane}"
    lane = "" if stall.lane is None else f", and took none from lane {stall.lane}"
    return f", for {stall.silent_s:.1f} s, frames came to it from other hosts and it sent none{lane}"


def _stacks(stall: ProgramStallRow) -> str:
    if stall.stacks:
        return f"; the stacks of its threads are in {stall.stacks}"
    return f"; the stacks of its threads are not told: {stall.untold}" if stall.untold else ""


def _waited(wait: LockWaitRow) -> str:
    where = f"{wait.call} on {wait.target}" if wait.target else wait.call
    held = f"thread {wait.holder} held a lock in {where} while thread {wait.waiter} waited for it"
    return (
        f"{held}, {wait.total_ms / 1e3:.1f} s in all, {wait.longest_ms / 1e3:.1f} s at a time ({wait.samples} samples)"
    )


def _named(cluster: str, figures: RelayFigures | ProgramFigures) -> str:
    return f"relay {cluster} ({figures.title})"


def _changed(relay: str, figures: RelayFigures | ProgramFigures) -> Iterator[str]:
    if len(set(figures.kinds)) > 1:
        yield f"{relay}: what is said of it is of all its lives together"


def _from_outside(relay: str, figures: RelayFigures | ProgramFigures) -> Iterator[str]:
    if figures.receive_buffer:
        yield f"{relay}: {figures.receive_buffer} packets found its receive buffers full"
    if figures.never_forwarded:
        yield f"{relay}: {figures.never_forwarded} of {figures.moved} streams moved there were never heard over it"


def _during(at_ns: int, locks: LockReport) -> bool:
    stalls = (stall for stall in locks.stalls if stall.what == PACKET_PATH)
    return any(stall.at_ns <= at_ns <= stall.at_ns + stall.lasted_ns for stall in stalls)


def _unnoticed(relay: str, checks: Sequence[Review]) -> Iterator[str]:
    reasons = Counter(check.reason for check in checks)
    for reason, count in reasons.most_common(1):
        yield f"{relay}: meanwhile the controller looked {count} times and left the calls there: {reason}"


def _of_locks(relay: str, locks: LockReport) -> Iterator[str]:
    places = {row.site for row in locks.held_across_io}
    for site in sorted(places):
        rows = [row for row in locks.held_across_io if row.site == site]
        if sum(row.total_ns for row in rows) >= STALL_NS:
            yield f"{relay}: {_held(rows)}"
    for inversion in locks.inversions:
        yield f"{relay}: locks {inversion.first} and {inversion.second} are taken in both orders: {inversion.sites}"
    for stall in locks.stalls:
        yield f"{relay}: no progress of its {stall.what} for {stall.lasted_ns / 1e9:.1f} s"


def _held(rows: list[HeldAcrossIo]) -> str:
    total_s = sum(row.total_ns for row in rows) / 1e9
    across = " and ".join(f"{row.count} × {row.operation}" for row in rows)
    return f"lock {rows[0].lock}, taken at {rows[0].site}, was held for {total_s:.1f} s across {across}"
