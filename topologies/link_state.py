"""What a link direction does to a frame: one vocabulary for both back ends, after tc-netem(8). Frozen data, pure.

Shares and probabilities are numbers from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from hostio.timing import MS

SEQUENCE_FRAMES = 4_096
"""The longest loss pattern, and the highest number of an exactly lost frame."""

Distribution = Literal["uniform", "normal", "pareto", "paretonormal"]


@dataclass(frozen=True, slots=True)
class Jitter:
    """Spread of the delay: uniform over delay ± spread, else delay + spread × a value of `distributions`.

    A delay below zero is none. `correlation` is that of a frame's place in the distribution with the place of the
    frame before (the coefficient of a first-order autoregression).
    """

    spread_ns: int
    distribution: Distribution = "uniform"
    correlation: float = 0.0


@dataclass(frozen=True, slots=True)
class RandomLoss:
    """Each frame is lost independently of all others."""

    probability: float
    model: Literal["random"] = "random"


@dataclass(frozen=True, slots=True)
class GilbertElliott:
    """A chain of a good and a bad state, moved by each frame after its fate: `p` good → bad, `r` bad → good.

    A frame is lost with probability 1 − h in the bad state and 1 − k in the good one (Salsano et al. 2012,
    tc-netem(8) `loss gemodel`).
    """

    p: float
    r: float
    one_minus_h: float = 1.0
    one_minus_k: float = 0.0
    model: Literal["gilbert-elliott"] = "gilbert-elliott"


@dataclass(frozen=True, slots=True)
class FourState:
    """A chain of four states (Salsano et al. 2012, tc-netem(8) `loss state`), moved by each frame before its fate.

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
    """Frames are lost by a fixed pattern that repeats: 1 arrives, 0 is lost, as RFC 3611 §4.1 writes runs."""

    pattern: str
    model: Literal["pattern"] = "pattern"


@dataclass(frozen=True, slots=True)
class LostFrames:
    """Exactly these frames are lost, counted from 1 since the loss began."""

    numbers: tuple[int, ...]
    model: Literal["frames"] = "frames"


Loss: TypeAlias = RandomLoss | GilbertElliott | FourState | LossPattern | LostFrames


@dataclass(frozen=True, slots=True)
class LinkState:
    """The whole impairment of one direction; the default is a perfect, instant link.

    `up` False is port-down, an event that the switch sees; `blackhole` swallows every frame, and the switch sees
    nothing. A frame meets in this order: the blackhole; `flows`, the share of flows that vanish, told by a hash of
    addresses, protocol and ports; `duplicate`; `loss`; `corrupt`, which flips one bit; the rate, which serialises
    frames (bits of the Ethernet frame per second) behind a drop-tail queue that holds `queue_ns` of traffic; the
    delay with its jitter, from which `reorder` excepts a share of the frames.
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


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What a fault does to a direction while it lasts: `extra_delay_ns` adds up, None leaves a part as it is."""

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

    def applied_to(self, state: LinkState) -> LinkState:
        """The state under this fault; faults compose by folding."""
        return replace(state, delay_ns=state.delay_ns + self.extra_delay_ns, **self._set())

    def disagrees_with(self, other: LinkChange) -> str | None:
        """The first part that both set, and not to the same; None if they compose in any order."""
        mine, theirs = self._set(), other._set()
        return next((name for name in mine if name in theirs and mine[name] != theirs[name]), None)

    def scaled(self, share: float) -> LinkChange:
        """This fault at a share of its strength: delay, jitter and probabilities; what has no degrees stays whole."""
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
    """A part of a state that another part makes impossible, and what would be right."""

    part: str
    text: str


def contradictions(state: LinkState) -> Iterator[Contradiction]:
    """Everything in a state that cannot be emulated; times in the text are in ms."""
    if state.jitter and state.jitter.spread_ns > state.delay_ns:
        most = f"{state.delay_ns / MS:g}ms"
        yield Contradiction("jitter", f"more jitter than the one-way delay {most}; write at most {most}")
    if state.reorder and not state.delay_ns:
        yield Contradiction("reorder", "nothing to overtake on a link without delay; give it a delay first")


def flows_below(share: float) -> int:
    """The 32-bit hash below which a share of all flows lies."""
    return round(share * 2**32)
