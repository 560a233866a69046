"""A run in three sentences for somebody who has never seen one: what was done, what was heard, and why. Pure."""

from __future__ import annotations

from collections import Counter

from results.metrics.network_figures import FaultRow
from results.metrics.system_figures import RelayFigures
from results.verdict.diagnosis import STALL_NS
from results.verdict.summary import Summary
from topologies.model import route_name

_MOST_KINDS = 3


def three_sentences(summary: Summary) -> tuple[str, str, str]:
    """What went wrong by plan, what the listeners heard of it, and what explains that."""
    return _done(summary.faults), _heard(summary), _why(summary)


def seconds(value: float) -> str:
    """A time for a sentence: ms below a second."""
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def sessions_text(count: int) -> str:
    """A number of sessions in words."""
    return "1 session" if count == 1 else f"{count} sessions"


def _done(faults: list[FaultRow]) -> str:
    if not faults:
        return "Nothing was made to go wrong in this run."
    start = min(_start(fault) for fault in faults)
    if len(faults) == 1:
        only = faults[0]
        return f"At {start:.1f} s there was a fault by plan, {_named(only)}, for {seconds(_end(only) - start)}."
    kinds = Counter(_named(fault) for fault in faults)
    named = [name if count == 1 else f"{count} × {name}" for name, count in kinds.most_common(_MOST_KINDS)]
    more = f" and {len(kinds) - _MOST_KINDS} others" if len(kinds) > _MOST_KINDS else ""
    until = max(_end(fault) for fault in faults)
    return f"From {start:.1f} s to {until:.1f} s there were {len(faults)} faults by plan: {', '.join(named)}{more}."


def _named(fault: FaultRow) -> str:
    return f"{fault.what} {fault.where}".rstrip()


def _start(fault: FaultRow) -> float:
    return fault.planned_at if fault.applied_at is None else fault.applied_at


def _end(fault: FaultRow) -> float:
    return fault.planned_until if fault.applied_until is None else fault.applied_until


def _heard(summary: Summary) -> str:
    media = summary.media
    longest_ms = media.interruption_ms.max
    if not media.directions:
        return "What listeners heard is not on record."
    if longest_ms is None:
        return f"Nobody was interrupted: in {sessions_text(media.sessions)} every listener heard all the time."
    still = f" {media.still_interrupted} of {media.directions} listeners still heard nothing when the run ended."
    tail = still if media.still_interrupted else ""
    longest = f"{'at least ' if _longest_is_open(summary) else ''}{seconds(longest_ms / 1000)}"
    if media.hit_sessions:
        hit = f"In {media.hit_sessions} of {sessions_text(media.sessions)} somebody heard nothing for a second or more"
        return f"{hit}; the longest silence lasted {longest}.{tail}"
    heard = f"{media.interrupted_directions} of {media.directions} listeners were interrupted, none for a second"
    return f"{heard}: the longest silence lasted {longest}.{tail}"


def _longest_is_open(summary: Summary) -> bool:
    """Whether the longest interruption may be one that lasted until the media end."""
    bound = (summary.bounds or {}).get("media.interruption_ms.max")
    return bool(summary.media.still_interrupted) and (bound is None or bound.high is None)


def _why(summary: Summary) -> str:
    if summary.media.interruption_ms.max is None:
        return _moved(summary) if summary.reroutes else "There was nothing to repair."
    guilty = max(summary.relay, key=lambda name: summary.relay[name].lock_held_across_io_ms, default=None)
    if guilty is not None and summary.relay[guilty].lock_held_across_io_ms * 1e6 >= STALL_NS:
        return _stuck(summary, guilty, summary.relay[guilty])
    if summary.reroutes:
        return _moved(summary)
    if not summary.faults:
        return "No fault was planned that would explain it."
    lag_ms = summary.media.recovery_lag_ms
    after = "" if lag_ms is None else f"; the last listener heard again {seconds(lag_ms / 1000)} after the last fault"
    return f"The controller moved no calls{after}."


def _stuck(summary: Summary, cluster: str, relay: RelayFigures) -> str:
    held = f"the relay of {cluster} held a lock for {seconds(relay.lock_held_across_io_ms / 1000)} in all"
    waited = f"while it waited for the session directory, and kept waiting the {relay.moved} streams moved there"
    over = [_end(fault) for fault in summary.faults]
    network = f"The network was whole again at {max(over):.1f} s, but " if over else "Not the network is why: "
    return f"{network}{held} {waited}." if relay.moved else f"{network}{held} while it waited for the directory."


def _moved(summary: Summary) -> str:
    first = summary.reroutes[0]
    after = "" if first.fault_at is None else f", {seconds(first.in_force_at - first.fault_at)} after the fault"
    more = f", the first of {len(summary.reroutes)} moves" if len(summary.reroutes) > 1 else ""
    return f"The controller moved the calls of {first.link} {route_name(first.relays)}{after}{more}."
