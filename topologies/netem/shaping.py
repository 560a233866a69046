"""A link's state as settings of netem and a token bucket, and the comparison of such settings; pure.

A direction is shaped at its source's port, by netem (root, 1:) for delay, jitter and loss and, for a rate, by a token
bucket below it (1:1, 10:). netem has a rate of its own, but its queue is bounded in packets only, that of the bucket in
bytes. Handles are fixed, so that `tc qdisc replace` changes both in place, and no queued packet is lost. For the same
reason neither is ever removed: netem without delay passes frames at once, and where a rate has ended the bucket stays,
with a rate of 32 Gbit/s. Nor does the limit of the delay line fall: while it holds more, all that comes is lost.

netem keeps frames in order while it has a rate of its own: a frame is then due after the last one in the line
(Linux, net/sched/sch_netem.c). For `in_order` it gets one of 32 Gbit/s, and keeps that until a state with
jitter or reordering, so that the queue drains in order.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

from hostio.timing import US, S
from topologies.distributions import LARGEST
from topologies.link_state import Jitter, LinkState, Loss, RandomLoss, flows_below
from topologies.model import Direction

ROOT = "1:"
BUCKET = "10:"
BUCKET_PARENT = "1:1"
"""Handles of netem and of the token bucket, and the bucket's place."""

_LARGEST_FRAME = 1_540
_SPARE_PACKETS = 1_000
_PACKETS_PER_SECOND = 500_000
_OPEN_BPS = 32_000_000_000
_BURST_SHARE = 1_000

_TIME_TOLERANCE_NS = 2 * US
_SHARE_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Netem:
    """Settings of netem. `limit`: packets in the delay line; `seed` None: the kernel chooses one; `rate_bps`: its own
    rate in bit/s, 0 to have none any more, None if it never had one."""

    delay_ns: int
    jitter: Jitter | None
    loss: Loss | None
    duplicate: float
    corrupt: float
    reorder: float
    limit: int
    seed: int | None = None
    rate_bps: int | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Settings of tbf: rate in bit/s; size of bucket (`burst`) and queue (`limit`) in bytes."""

    rate_bps: int
    burst: int
    limit: int


@dataclass(frozen=True, slots=True)
class Shaping:
    """Queueing disciplines and filter at one end of a link; None where there is none."""

    netem: Netem | None = None
    bucket: Bucket | None = None
    flows: int | None = None
    """Flows with a 32-bit hash below it are dropped; None if no filter was ever needed."""
    mtu: int | None = None
    """Bytes of the longest IP packet that passes; None if all do."""


def shaping(state: LinkState, before: Shaping, seed: int | None = None) -> Shaping:
    """The shaping for a state; `before`: the present one, whose bucket is kept."""
    netem = Netem(
        delay_ns=state.delay_ns,
        jitter=state.jitter,
        loss=_loss(state),
        duplicate=state.duplicate,
        corrupt=state.corrupt,
        reorder=state.reorder,
        limit=max(_line_limit(state), before.netem.limit if before.netem else 0),
        seed=seed,
        rate_bps=_own_rate(state, before.netem.rate_bps if before.netem else None),
    )
    flows = flows_below(state.flows) if state.flows or before.flows is not None else None
    if state.rate_bps is None:
        return Shaping(netem, before.bucket and _bucket(_OPEN_BPS, before.bucket.limit), flows, state.mtu)
    return Shaping(netem, _bucket(state.rate_bps, state.rate_bps * state.queue_ns // (8 * S)), flows, state.mtu)


def _loss(state: LinkState) -> Loss | None:
    """Its loss model; None where that loses nothing, as which tc shows it."""
    if state.blackhole:
        return RandomLoss(1.0)
    return None if state.loss == RandomLoss(0.0) else state.loss


def _own_rate(state: LinkState, before: int | None) -> int | None:
    if state.in_order or (before and not state.jitter and not state.reorder):
        return _OPEN_BPS
    return None if before is None else 0


def _line_limit(state: LinkState) -> int:
    """Limit of the delay line, packets: for half a million per second, more than one core can send."""
    longest_ns = state.delay_ns + (LARGEST * state.jitter.spread_ns if state.jitter else 0)
    return _SPARE_PACKETS + _PACKETS_PER_SECOND * longest_ns // S


def _bucket(rate_bps: int, limit: int) -> Bucket:
    """A bucket of 1 ms of traffic, so that the timer's resolution costs no throughput; bucket and queue each hold at
    least one frame."""
    return Bucket(rate_bps, max(_LARGEST_FRAME, rate_bps // 8 // _BURST_SHARE), max(_LARGEST_FRAME, limit))


def netem_seed(seed: int, direction: Direction, change: int) -> int:
    """The 64-bit seed of a change of a direction. Each has its own: netem restarts its generator at each change, and
    would repeat the same losses."""
    return int.from_bytes(hashlib.sha256(f"netem {seed} {direction} {change}".encode()).digest()[:8], "little")


def equivalent(wanted: Shaping, got: Shaping) -> bool:
    """Whether a port has the wanted queueing disciplines, within the precision of tc's output: times in µs, rates in
    byte/s."""
    return _same_netem(wanted.netem, got.netem) and _same_bucket(wanted.bucket, got.bucket)


def _same_netem(wanted: Netem | None, got: Netem | None) -> bool:
    if wanted is None or got is None:
        return wanted is got
    shares = (
        (wanted.duplicate, got.duplicate),
        (wanted.corrupt, got.corrupt),
        (wanted.reorder, got.reorder),
        *zip(_probabilities(wanted.loss), _probabilities(got.loss), strict=True),
    )
    return (
        abs(wanted.delay_ns - got.delay_ns) <= _TIME_TOLERANCE_NS
        and abs(_spread_ns(wanted) - _spread_ns(got)) <= _TIME_TOLERANCE_NS
        and _model(wanted.loss) == _model(got.loss)
        and all(abs(one - other) <= _SHARE_TOLERANCE for one, other in shares)
        and wanted.limit == got.limit
        and bool(wanted.rate_bps) == bool(got.rate_bps)
    )


def _spread_ns(netem: Netem) -> int:
    return netem.jitter.spread_ns if netem.jitter else 0


def _model(loss: Loss | None) -> str | None:
    return loss.model if loss else None


def _probabilities(loss: Loss | None) -> tuple[float, ...]:
    """Probabilities of a loss model, padded with 0 to five, so that those of two models can be compared."""
    found = tuple(value for value in asdict(loss).values() if isinstance(value, int | float)) if loss else ()
    return (*found, *[0.0] * (5 - len(found)))


def _same_bucket(wanted: Bucket | None, got: Bucket | None) -> bool:
    if wanted is None or got is None:
        return wanted is got
    return (
        abs(wanted.rate_bps - got.rate_bps) <= 8
        and abs(wanted.burst - got.burst) <= max(1, wanted.burst // 100)
        and wanted.limit == got.limit
    )
