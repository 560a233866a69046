"""The impairments of a link direction, for all link back ends, in the terms of tc-netem(8). Frozen data, pure.

Shares and probabilities are numbers from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from hostio.timing import MS
from topologies.frame_match import FrameMatch

SEQUENCE_FRAMES = 4_096
"""Length of the longest loss pattern, and highest number in LostFrames."""

Distribution = Literal["uniform", "normal", "pareto", "paretonormal"]


@dataclass(frozen=True, slots=True)
class Jitter:
    """Variation of the delay: uniform over delay ± spread, else delay + spread × a value of `topologies.distributions`.

    A negative delay counts as 0. `correlation`: coefficient of a first-order autoregression of the frames' quantiles.
    """

    spread_ns: int
    distribution: Distribution = "uniform"
    correlation: float = 0.0


@dataclass(frozen=True, slots=True)
class RandomLoss:
    """Each frame is lost with this probability, independently of all others."""

    probability: float
    model: Literal["random"] = "random"


@dataclass(frozen=True, slots=True)
class GilbertElliott:
    """A Markov chain of a good and a bad state: `p` good → bad, `r` bad → good.

    A frame is lost with probability 1 − h in the bad state and 1 − k in the good one; then the chain moves (Salsano et
    al. 2012, tc-netem(8) `loss gemodel`).
    """

    p: float
    r: float
    one_minus_h: float = 1.0
    one_minus_k: float = 0.0
    model: Literal["gilbert-elliott"] = "gilbert-elliott"


@dataclass(frozen=True, slots=True)
class FourState:
    """A Markov chain of four states (Salsano et al. 2012, tc-netem(8) `loss state`), which moves before each frame.

    1: delivered in a gap; 2: delivered in a burst; 3: lost in a burst; 4: lost alone in a gap, and back to 1.
    """

    p13: float
    p31: float
    p32: float = 0.0
    p23: float = 1.0
    p14: float = 0.0
    model: Literal["4-state"] = "4-state"


@dataclass(frozen=True, slots=True)
class LossPattern:
    """Frames are lost by a fixed pattern that repeats: 1 arrives, 0 is lost (as in RFC 3611 §4.1)."""

    pattern: str
    model: Literal["pattern"] = "pattern"


@dataclass(frozen=True, slots=True)
class LostFrames:
    """Exactly these frames are lost, numbered from 1 since the loss began."""

    numbers: tuple[int, ...]
    model: Literal["frames"] = "frames"


Loss: TypeAlias = RandomLoss | GilbertElliott | FourState | LossPattern | LostFrames


@dataclass(frozen=True, slots=True)
class LinkState:
    """All impairments of one direction; the default is a link without any, and without delay.

    `up` False: port down, which the switch sees. `blackhole`: every frame is dropped, which it does not see. A frame
    passes, in this order: blackhole; `mtu`, bytes of the longest IP packet, beyond which one is dropped without a word;
    `flows`, the share of flows that are dropped, chosen by a hash of addresses, protocol and ports; `duplicate`;
    `loss`; `corrupt`, which flips one bit; the rate, which serialises frames (bits of the Ethernet frame per second)
    behind a drop-tail queue that holds `queue_ns` of traffic; the delay with its jitter, which a share `reorder` of the
    frames does not get. `in_order`: the delay is that of a queue. No frame that comes
    while it is set is overtaken, neither then nor after it was unset; without it, a frame with a shorter delay
    overtakes those under way, as on a path that got shorter. `answer_mtu`: frames that the blackhole takes are answered
    by ICMP "fragmentation needed" with this MTU in bytes (RFC 792, RFC 1191). `matched`: frames that match have a state
    of their own.
    """

    up: bool = True
    blackhole: bool = False
    delay_ns: int = 0
    jitter: Jitter | None = None
    loss: Loss | None = None
    flows: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    reorder: float = 0.0
    rate_bps: int | None = None
    queue_ns: int = 100 * MS
    in_order: bool = False
    mtu: int | None = None
    answer_mtu: int | None = None
    matched: Matched | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """The state that matching frames meet in place of the direction's; it has the same port, and none matched of its
    own.

    What both states have alike they share: a loss model counts the frames of both, and all wait in one queue.
    """

    match: FrameMatch
    state: LinkState


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What a fault changes in a direction while it lasts: `extra_delay_ns` is added, None leaves a part as it is."""

    up: bool | None = None
    blackhole: bool | None = None
    extra_delay_ns: int = 0
    jitter: Jitter | None = None
    loss: Loss | None = None
    flows: float | None = None
    duplicate: float | None = None
    corrupt: float | None = None
    reorder: float | None = None
    rate_bps: int | None = None
    queue_ns: int | None = None
    in_order: bool | None = None
    answer_mtu: int | None = None

    @property
    def may_lose(self) -> bool:
        """Whether frames can be lost to it: not to delay and its variation, overtaking, or copies."""
        harmless = ("extra_delay_ns", "jitter", "duplicate", "reorder", "in_order")
        return self != LinkChange(**{name: getattr(self, name) for name in harmless})

    def applied_to(self, state: LinkState) -> LinkState:
        """`state` with this change; concurrent faults are applied one to the result of the other."""
        return replace(state, delay_ns=state.delay_ns + self.extra_delay_ns, **self._set())

    def disagrees_with(self, other: LinkChange) -> str | None:
        """The first part that both set, to different values; None if they can be applied in any order."""
        mine, theirs = self._set(), other._set()
        return next((name for name in mine if name in theirs and mine[name] != theirs[name]), None)

    def sets_with(self, other: LinkChange) -> str | None:
        """The first part that both set, to whatever values; None if there is none."""
        theirs = other._set()
        return next((name for name in self._set() if name in theirs), None)

    def scaled(self, share: float) -> LinkChange:
        """This change at a share of its strength: delay, jitter and probabilities are multiplied, other parts kept."""
        return replace(
            self,
            extra_delay_ns=round(self.extra_delay_ns * share),
            jitter=self.jitter and replace(self.jitter, spread_ns=round(self.jitter.spread_ns * share)),
            loss=replace(self.loss, probability=self.loss.probability * share)
            if isinstance(self.loss, RandomLoss)
            else self.loss,
            **{
                name: getattr(self, name) * share
                for name in ("flows", "duplicate", "corrupt", "reorder")
                if getattr(self, name) is not None
            },
        )

    def _set(self) -> dict[str, Any]:
        parts = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "extra_delay_ns"}
        return {name: value for name, value in parts.items() if value is not None}


class Contradiction(NamedTuple):
    """A part of a state that another part makes impossible; `text` says so, and what to write instead."""

    part: str
    text: str


def contradictions(state: LinkState) -> Iterator[Contradiction]:
    """All combinations in a state that cannot be emulated; times in the text are in ms."""
    if state.matched:
        yield from contradictions(state.matched.state)
    if state.jitter and state.jitter.spread_ns > state.delay_ns:
        most = f"{state.delay_ns / MS:g}ms"
        yield Contradiction("jitter", f"more jitter than the one-way delay {most}; write at most {most}")
    if state.reorder and not state.delay_ns:
        yield Contradiction("reorder", "nothing to overtake on a link without delay; give it a delay first")
    if state.reorder and state.in_order:
        yield Contradiction(
            "reorder", "no frame overtakes in a queue; let the latency with by: queue end before this begins"
        )


def flows_below(share: float) -> int:
    """The threshold for 32-bit hashes of flows: a share `share` of all flows lies below it."""
    return round(share * 2**32)
