"""What tc-netem(8) and tc-tbf(8) are told for a link's state, and what they tell back; pure.

A direction is shaped at its source's port by `netem` (root, 1:) for delay, jitter and loss, and for a rate by a token
bucket below it (1:1, 10:), whose queue is bounded in bytes; netem's own rate is bounded in packets only. Fixed
handles let `tc qdisc replace` change both in place, and nothing that is queued gets lost. For the same reason neither
is removed: a netem without delay passes frames at once, and a rate that is lifted leaves a bucket that never holds
anything back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from hostio.units import US, S
from topologies.classic_bpf import bytecode
from topologies.commands import Command, tc_delete, tc_replace
from topologies.distributions import LARGEST
from topologies.flow_filter import flow_filter
from topologies.link_state import (
    FourState,
    GilbertElliott,
    Jitter,
    LinkState,
    Loss,
    LossPattern,
    LostFrames,
    RandomLoss,
    flows_below,
)
from topologies.media_filter import media_filter
from topologies.model import Direction

Row = dict[str, Any]
"""One queueing discipline as `tc -json -statistics -raw qdisc show` tells it."""

_ROOT = "1:"
_BUCKET = "10:"
_BUCKET_PARENT = "1:1"

_LARGEST_FRAME = 1_540
_SPARE_PACKETS = 1_000
_PACKETS_PER_SECOND = 500_000
_COUNT_FILTER = ("egress", "protocol", "all", "prio", "1", "handle", "1")
_FLOW_FILTER = ("egress", "protocol", "all", "prio", "2", "handle", "1")
_DROP = ("action", "drop")
_GO_ON = ("action", "continue")
_COUNTING = 1
_OPEN_BPS = 32_000_000_000
_BURST_SHARE = 1_000

_TIME_TOLERANCE_NS = 2 * US
_SHARE_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Netem:
    """What netem is told. `limit`: packets in the delay line; `seed` None: the kernel picks its own random numbers."""

    delay_ns: int
    jitter: Jitter | None
    loss: Loss | None
    duplicate: float
    corrupt: float
    reorder: float
    limit: int
    seed: int | None = None


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
    flows: int | None = None
    """Hashes of flows below it vanish, of 2³²; None where no filter was ever needed."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Packets of one end: sent, dropped by netem itself (loss, or a full delay line), by the bucket, and in line."""

    sent: int
    dropped: int
    bucket_dropped: int
    queued: int


def refusal(state: LinkState) -> str | None:
    """What netem cannot do of a state, in words; None if it can do all of it.

    It takes the place in the distribution from the low bits of a number that it correlates in the high ones, so its
    correlation of delays has no effect (net/sched/sch_netem.c, `get_crandom` and `tabledist`).
    """
    if isinstance(state.loss, LossPattern | LostFrames):
        return "netem cannot lose packets by number"
    if state.jitter and state.jitter.correlation:
        return "netem does not correlate delays, although it takes the option"
    return None


def shaping(state: LinkState, before: Shaping, seed: int | None = None) -> Shaping:
    """What an end is to have for a state; a bucket that is there stays."""
    netem = Netem(
        delay_ns=state.delay_ns,
        jitter=state.jitter,
        loss=RandomLoss(1.0) if state.blackhole else state.loss,
        duplicate=state.duplicate,
        corrupt=state.corrupt,
        reorder=state.reorder,
        limit=_line_limit(state),
        seed=seed,
    )
    flows = flows_below(state.flows) if state.flows or before.flows is not None else None
    if state.rate_bps is None:
        return Shaping(netem, before.bucket and _bucket(_OPEN_BPS, before.bucket.limit), flows)
    return Shaping(netem, _bucket(state.rate_bps, state.rate_bps * state.queue_ns // (8 * S)), flows)


def _line_limit(state: LinkState) -> int:
    """Room for what half a million packets per second leave in the line, more than one core can send."""
    longest_ns = state.delay_ns + (LARGEST * state.jitter.spread_ns if state.jitter else 0)
    return _SPARE_PACKETS + _PACKETS_PER_SECOND * longest_ns // S


def _bucket(rate_bps: int, limit: int) -> Bucket:
    """A bucket of a millisecond, so that the timer's grain costs no throughput; both hold a frame at least."""
    return Bucket(rate_bps, max(_LARGEST_FRAME, rate_bps // 8 // _BURST_SHARE), max(_LARGEST_FRAME, limit))


def shape(port: str, wanted: Shaping, before: Shaping) -> list[Command]:
    """Commands that give a port what is wanted."""
    commands = []
    if wanted.flows is not None and before.flows is None:
        commands.append(["tc", "qdisc", "replace", "dev", port, "clsact"])
    if wanted.flows:
        program = bytecode(flow_filter(wanted.flows))
        commands.append(
            ["tc", "filter", "replace", "dev", port, *_FLOW_FILTER, "bpf", "bytecode", f'"{program}"', *_DROP]
        )
    elif before.flows:
        commands.append(["tc", "filter", "del", "dev", port, *_FLOW_FILTER, "bpf"])
    if wanted.netem:
        commands.append(tc_replace(port, "root", "handle", _ROOT, "netem", *_netem_words(wanted.netem)))
    if wanted.bucket:
        words = _bucket_words(wanted.bucket)
        commands.append(tc_replace(port, "parent", _BUCKET_PARENT, "handle", _BUCKET, "tbf", *words))
    return commands


def counting(port: str, media_ports: tuple[int, int]) -> list[Command]:
    """Commands that have a port count the media that comes to it, ahead of whatever else happens there."""
    program = bytecode(media_filter(media_ports))
    words = ["tc", "filter", "replace", "dev", port, *_COUNT_FILTER, "bpf", "bytecode", f'"{program}"', *_GO_ON]
    return [["tc", "qdisc", "replace", "dev", port, "clsact"], words]


def unshape(port: str) -> Command:
    """Command that removes everything from a port, queued packets too."""
    return tc_delete(port, "root", "handle", _ROOT)


def _netem_words(netem: Netem) -> list[str]:
    """All of it, zeros too: netem keeps what it is not told anew of corruption, correlation and distribution."""
    words = ["limit", str(netem.limit), "delay", f"{netem.delay_ns / US:.3f}us"]
    if netem.jitter:
        words += [f"{netem.jitter.spread_ns / US:.3f}us", "0%", "distribution", netem.jitter.distribution]
    if netem.reorder:
        words += ["reorder", _percent(netem.reorder)]
    words += ["loss", *_loss_words(netem.loss)] if netem.loss else []
    words += ["duplicate", _percent(netem.duplicate)] if netem.duplicate else []
    words += ["corrupt", _percent(netem.corrupt)]
    return [*words, "seed", str(netem.seed)] if netem.seed is not None else words


def _loss_words(loss: Loss) -> list[str]:
    match loss:
        case RandomLoss():
            return ["random", _percent(loss.probability)]
        case GilbertElliott():
            return ["gemodel", *map(_percent, (loss.p, loss.r, loss.one_minus_h, loss.one_minus_k))]
        case FourState():
            return ["state", *map(_percent, (loss.p13, loss.p31, loss.p32, loss.p23, loss.p14))]
    raise ValueError(f"netem has no loss by {loss.model}")


def _percent(share: float) -> str:
    return f"{100 * share:.6f}%"


def _bucket_words(bucket: Bucket) -> list[str]:
    return ["rate", f"{bucket.rate_bps}bit", "burst", f"{bucket.burst}b", "limit", f"{bucket.limit}b"]


def shapings(rows: Iterable[Row]) -> dict[str, Shaping]:
    """What every port has."""
    found: dict[str, Shaping] = {}
    for row in rows:
        before = found.get(row["dev"], Shaping())
        if _is_netem(row):
            found[row["dev"]] = replace(before, netem=_read_netem(row["options"]))
        elif _is_bucket(row):
            found[row["dev"]] = replace(before, bucket=_read_bucket(row["options"]))
    return found


def tallies(rows: Iterable[Row]) -> dict[str, Tally]:
    """Counters of every port that is shaped. netem counts as its own what its bucket drops; here they are apart."""
    by_port: dict[str, dict[str, Row]] = {}
    for row in rows:
        if _is_netem(row) or _is_bucket(row):
            by_port.setdefault(row["dev"], {})[row["kind"]] = row
    return {port: _tally(kinds["netem"], kinds.get("tbf")) for port, kinds in by_port.items()}


def flow_drops(rows: Iterable[Row]) -> int:
    """Packets that a port's filter has dropped."""
    actions = [action for row in rows for action in row.get("options", {}).get("actions", [])]
    return sum(action["stats"]["drops"] for action in actions)


def media_count(rows: Iterable[Row]) -> int:
    """Media frames that came to a port, of those its filters tell."""
    counting = (row for row in rows if row.get("pref") == _COUNTING)
    actions = (action for row in counting for action in row.get("options", {}).get("actions", []))
    return sum(action["stats"]["packets"] for action in actions)


def netem_seed(seed: int, direction: Direction, change: int) -> int:
    """A seed of its own for each change of each direction: netem begins its numbers anew with each."""
    return int.from_bytes(hashlib.sha256(f"netem {seed} {direction} {change}".encode()).digest()[:8], "little")


def _tally(netem: Row, bucket: Row | None) -> Tally:
    bucket_dropped = bucket["drops"] if bucket else 0
    return Tally(netem["packets"], netem["drops"] - bucket_dropped, bucket_dropped, netem["qlen"])


def _is_netem(row: Row) -> bool:
    return bool(row["kind"] == "netem" and row["handle"] == _ROOT)


def _is_bucket(row: Row) -> bool:
    return bool(row["kind"] == "tbf" and row["handle"] == _BUCKET)


def _read_netem(options: Row) -> Netem:
    delay = options.get("delay", {})
    jitter_ns = round(delay.get("jitter", 0) * S)
    return Netem(
        delay_ns=round(delay.get("delay", 0) * S),
        jitter=Jitter(jitter_ns) if jitter_ns else None,
        loss=_read_loss(options),
        duplicate=options.get("duplicate", {}).get("duplicate", 0.0),
        corrupt=options.get("corrupt", {}).get("corrupt", 0.0),
        reorder=options["reorder"]["reorder"] if options.get("gap") else 0.0,
        limit=options["limit"],
    )


def _read_loss(options: Row) -> Loss | None:
    if chain := options.get("loss-gemodel"):
        return GilbertElliott(chain["p"], chain["r"], chain["1-h"], chain["1-k"])
    if chain := options.get("loss-state"):
        return FourState(chain["p13"], chain["p31"], chain["p32"], chain["p23"], chain["p14"])
    probability = options.get("loss-random", {}).get("loss", 0.0)
    return RandomLoss(probability) if probability else None


def _read_bucket(options: Row) -> Bucket:
    return Bucket(rate_bps=8 * options["rate"], burst=options["burst"], limit=options["limit"])


def reads_back(wanted: Shaping, got: Shaping) -> bool:
    """Whether a port has what was wanted, to the grain at which tc tells times (µs), rates (byte/s) and shares."""
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
    )


def _spread_ns(netem: Netem) -> int:
    return netem.jitter.spread_ns if netem.jitter else 0


def _model(loss: Loss | None) -> str | None:
    return loss.model if loss else None


def _probabilities(loss: Loss | None) -> tuple[float, ...]:
    """Padded, so that those of different models can be laid side by side."""
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
