"""What tc-netem(8) and tc-tbf(8) are told for a link's state, and what they tell back; pure.

A direction is shaped at its source's port by `netem` (root, 1:) for delay, jitter and loss, and for a rate by a token
bucket below it (1:1, 10:), whose queue is bounded in bytes; netem's own rate is bounded in packets only. Fixed
handles let `tc qdisc replace` change both in place, and nothing that is queued gets lost. For the same reason neither
is removed: a netem without delay passes frames at once, and a rate that is lifted leaves a bucket that never holds
anything back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hostio.units import US, S
from topologies.commands import Command, tc_delete, tc_replace
from topologies.links import LinkState

Row = dict[str, Any]
"""One queueing discipline as `tc -json -statistics -raw qdisc show` tells it."""

_ROOT = "1:"
_BUCKET = "10:"
_BUCKET_PARENT = "1:1"

_LARGEST_FRAME = 1_540
_SPARE_PACKETS = 1_000
_PACKETS_PER_SECOND = 500_000
_OPEN_BPS = 32_000_000_000
_BURST_SHARE = 1_000

_TIME_TOLERANCE_NS = 2 * US
_LOSS_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Netem:
    """Delay, jitter and loss (0-1); `limit`: packets in the delay line."""

    delay_ns: int
    jitter_ns: int
    loss: float
    limit: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: rate in bit/s, bucket and queue in bytes."""

    rate_bps: int
    burst: int
    limit: int


@dataclass(frozen=True, slots=True)
class Shaping:
    """The queueing disciplines of one end of a link; None where there is none."""

    netem: Netem | None = None
    bucket: Bucket | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Packets of one end: sent, dropped by netem itself (loss, or a full delay line), by the bucket, and in line."""

    sent: int
    dropped: int
    bucket_dropped: int
    queued: int


def shaping(state: LinkState, before: Shaping) -> Shaping:
    """What an end is to have for a state; a bucket that is there stays."""
    netem = Netem(state.delay_ns, state.jitter_ns, state.loss, _line_limit(state))
    if state.rate_bps is None:
        return Shaping(netem, before.bucket and _bucket(_OPEN_BPS, before.bucket.limit))
    return Shaping(netem, _bucket(state.rate_bps, state.rate_bps * state.queue_ns // (8 * S)))


def _line_limit(state: LinkState) -> int:
    """Room for what half a million packets per second leave in the line, more than one core can send."""
    return _SPARE_PACKETS + _PACKETS_PER_SECOND * (state.delay_ns + state.jitter_ns) // S


def _bucket(rate_bps: int, limit: int) -> Bucket:
    """A bucket of a millisecond, so that the timer's grain costs no throughput; both hold a frame at least."""
    return Bucket(rate_bps, max(_LARGEST_FRAME, rate_bps // 8 // _BURST_SHARE), max(_LARGEST_FRAME, limit))


def shape(port: str, wanted: Shaping) -> list[Command]:
    """Commands that give a port what is wanted."""
    commands = []
    if wanted.netem:
        commands.append(tc_replace(port, "root", "handle", _ROOT, "netem", *_netem_words(wanted.netem)))
    if wanted.bucket:
        words = _bucket_words(wanted.bucket)
        commands.append(tc_replace(port, "parent", _BUCKET_PARENT, "handle", _BUCKET, "tbf", *words))
    return commands


def unshape(port: str) -> Command:
    """Command that removes everything from a port, queued packets too."""
    return tc_delete(port, "root", "handle", _ROOT)


def _netem_words(netem: Netem) -> list[str]:
    words = ["limit", str(netem.limit), "delay", f"{netem.delay_ns / US:.3f}us"]
    if netem.jitter_ns:
        words.append(f"{netem.jitter_ns / US:.3f}us")
    if netem.loss:
        words += ["loss", "random", f"{100 * netem.loss:.6f}%"]
    return words


def _bucket_words(bucket: Bucket) -> list[str]:
    return ["rate", f"{bucket.rate_bps}bit", "burst", f"{bucket.burst}b", "limit", f"{bucket.limit}b"]


def shapings(rows: Iterable[Row]) -> dict[str, Shaping]:
    """What every port has."""
    found: dict[str, Shaping] = {}
    for row in rows:
        before = found.get(row["dev"], Shaping())
        if _is_netem(row):
            found[row["dev"]] = Shaping(_read_netem(row["options"]), before.bucket)
        elif _is_bucket(row):
            found[row["dev"]] = Shaping(before.netem, _read_bucket(row["options"]))
    return found


def tallies(rows: Iterable[Row]) -> dict[str, Tally]:
    """Counters of every port that is shaped. netem counts as its own what its bucket drops; here they are apart."""
    by_port: dict[str, dict[str, Row]] = {}
    for row in rows:
        if _is_netem(row) or _is_bucket(row):
            by_port.setdefault(row["dev"], {})[row["kind"]] = row
    return {port: _tally(kinds["netem"], kinds.get("tbf")) for port, kinds in by_port.items()}


def _tally(netem: Row, bucket: Row | None) -> Tally:
    bucket_dropped = bucket["drops"] if bucket else 0
    return Tally(netem["packets"], netem["drops"] - bucket_dropped, bucket_dropped, netem["qlen"])


def _is_netem(row: Row) -> bool:
    return bool(row["kind"] == "netem" and row["handle"] == _ROOT)


def _is_bucket(row: Row) -> bool:
    return bool(row["kind"] == "tbf" and row["handle"] == _BUCKET)


def _read_netem(options: Row) -> Netem:
    delay = options.get("delay", {})
    loss = options.get("loss-random", {})
    return Netem(
        delay_ns=round(delay.get("delay", 0) * S),
        jitter_ns=round(delay.get("jitter", 0) * S),
        loss=loss.get("loss", 0.0),
        limit=options["limit"],
    )


def _read_bucket(options: Row) -> Bucket:
    return Bucket(rate_bps=8 * options["rate"], burst=options["burst"], limit=options["limit"])


def reads_back(wanted: Shaping, got: Shaping) -> bool:
    """Whether a port has what was wanted, to the grain at which tc tells times (µs), rates (byte/s) and shares."""
    return _same_netem(wanted.netem, got.netem) and _same_bucket(wanted.bucket, got.bucket)


def _same_netem(wanted: Netem | None, got: Netem | None) -> bool:
    if wanted is None or got is None:
        return wanted is got
    return (
        abs(wanted.delay_ns - got.delay_ns) <= _TIME_TOLERANCE_NS
        and abs(wanted.jitter_ns - got.jitter_ns) <= _TIME_TOLERANCE_NS
        and abs(wanted.loss - got.loss) <= _LOSS_TOLERANCE
        and wanted.limit == got.limit
    )


def _same_bucket(wanted: Bucket | None, got: Bucket | None) -> bool:
    if wanted is None or got is None:
        return wanted is got
    return (
        abs(wanted.rate_bps - got.rate_bps) <= 8
        and abs(wanted.burst - got.burst) <= max(1, wanted.burst // 100)
        and wanted.limit == got.limit
    )
