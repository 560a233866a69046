"""The word `loss` of a scenario's events, and its loss models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from results.run_files.validation import Field, Strict, checked
from scenarios.language.document import DataPath, Problem
from scenarios.language.event_base import RampedEvent, Surroundings
from scenarios.language.fields import loss_pattern, numbers_from_one
from scenarios.language.quantities import share_text
from scenarios.language.readings import WHOLE, within
from scenarios.language.values import Probability, SomeShare
from scenarios.language.wording import quoted
from topologies.link_state import FourState, GilbertElliott, LinkChange, Loss, LossPattern, LostFrames, RandomLoss

Pattern: TypeAlias = Annotated[str, checked(loss_pattern)]
BurstLength: TypeAlias = Annotated[int, checked(within(WHOLE, "1", "10000"))]
Numbers: TypeAlias = Annotated[tuple[int, ...], checked(numbers_from_one)]


class GilbertElliottLoss(Strict):
    """The Gilbert-Elliott model, with the probabilities of tc-netem(8) `loss gemodel`."""

    p: Probability = Field(examples=["1%"])
    """From the good state to the bad, per packet."""
    r: Probability = Field(examples=["25%"])
    """From the bad state to the good, per packet."""
    one_minus_h: Probability = Field(default=1.0, alias="1-h")
    """Of the loss of a packet in the bad state."""
    one_minus_k: Probability = Field(default=0.0, alias="1-k")
    """Of the loss of a packet in the good state."""

    def model(self) -> Loss:
        """The chain."""
        return GilbertElliott(self.p, self.r, self.one_minus_h, self.one_minus_k)


class BurstLoss(Strict):
    """The Gilbert model, by what it comes to: bursts of losses of geometric length, with nothing lost between them."""

    mean: SomeShare = Field(examples=["2%"])
    """The share lost in the long run."""
    length: BurstLength = Field(examples=["5"])
    """The mean length of a burst, packets."""

    @property
    def most(self) -> float:
        """The share lost if a single packet arrives between two bursts, rounded down to 0.01 %."""
        return self.length * 10_000 // (self.length + 1) / 10_000

    def model(self) -> GilbertElliott:
        """The chain that is in its bad state for the share `mean`, p / (p + r), each time for 1 / r packets."""
        r, share = 1 / self.length, min(self.mean, self.most)
        return GilbertElliott(p=r * share / (1 - share), r=r)

    def problems(self, path: DataPath) -> Iterator[Problem]:
        """A share that would leave less than a packet between two bursts."""
        if self.mean > self.most:
            text = (
                f"more than bursts of {self.length} can lose; write at most {share_text(self.most)}, or longer bursts"
            )
            yield Problem((*path, "mean"), text)


class FourStateLoss(Strict):
    """The four-state model, with the probabilities of tc-netem(8) `loss state`."""

    p13: Probability = Field(examples=["1%"])
    """From receiving to a burst of losses."""
    p31: Probability = Field(examples=["25%"])
    """From a burst of losses to receiving."""
    p32: Probability = 0.0
    """From a burst of losses to receiving within it."""
    p23: Probability = 1.0
    """From receiving within a burst to losses."""
    p14: Probability = 0.0
    """From receiving to a single loss."""

    def model(self) -> Loss:
        """The chain."""
        return FourState(self.p13, self.p31, self.p32, self.p23, self.p14)

    def problems(self, path: DataPath) -> Iterator[Problem]:
        """Probabilities of leaving a state that add up to more than 1."""
        if self.p13 + self.p14 > 1:
            yield Problem(path, "p13 and p14 leave the same state and add up to more than 100%; lower one")
        if self.p31 + self.p32 > 1:
            yield Problem(path, "p31 and p32 leave the same state and add up to more than 100%; lower one")


class LossEvent(RampedEvent):
    """Frames are lost, by one model: at random, by a chain of states, or (media frames only) by number."""

    what: Literal["loss"]
    loss: SomeShare | None = Field(default=None, examples=["30%"])
    """The share lost, at random."""
    gilbert_elliott: GilbertElliottLoss | None = Field(
        default=None, alias="gilbert-elliott", examples=["{p: 1%, r: 25%}"]
    )
    """Lost by a chain of two states."""
    bursts: BurstLoss | None = Field(default=None, examples=["{mean: 2%, length: 5}"])
    """Lost by a chain of two states, given by the share lost and the length of its bursts."""
    four_state: FourStateLoss | None = Field(default=None, alias="4-state", examples=["{p13: 1%, p31: 25%}"])
    """Lost by a chain of four states."""
    pattern: Pattern | None = Field(default=None, examples=['"1110"'])
    """Which arrive (1) and which are lost (0), again and again."""
    packets: Numbers | None = Field(default=None, examples=["[1, 2, 5]"])
    """The numbers of the media packets lost, from 1 on."""

    def change(self) -> LinkChange:
        """The loss model that is given."""
        models = (each for each in self._models().values() if each is not None)
        return LinkChange(loss=next(models, RandomLoss(0.0)))

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also no model or several, a model that cannot ramp, and probabilities that add up to more than 1."""
        yield from super().problems(path, around)
        given = [key for key, model in self._models().items() if model is not None]
        if not given:
            yield Problem(path, f"what loss? add loss: 30%, or one of {', '.join([*self._models()][1:])}")
        for key in given[1:]:
            yield Problem((*path, key), f"there is {quoted(given[0])} already; keep one of them", at_key=True)
        if self.ramp and self.loss is None:
            yield Problem((*path, "ramp"), "only loss at random can ramp; leave the ramp out")
        if self.four_state:
            yield from self.four_state.problems((*path, "4-state"))
        if self.bursts:
            yield from self.bursts.problems((*path, "bursts"))

    def _models(self) -> dict[str, Loss | None]:
        """The loss model of each key; None where the key is not given."""
        return {
            "loss": None if self.loss is None else RandomLoss(self.loss),
            "gilbert-elliott": self.gilbert_elliott.model() if self.gilbert_elliott else None,
            "bursts": self.bursts.model() if self.bursts else None,
            "4-state": self.four_state.model() if self.four_state else None,
            "pattern": None if self.pattern is None else LossPattern(self.pattern),
            "packets": None if self.packets is None else LostFrames(self.packets),
        }
