"""Translates link states into the PARAMETERS of the userspace wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topologies.distributions import TABLES
from topologies.link_state import (
    FourState,
    GilbertElliott,
    LinkState,
    Loss,
    LossPattern,
    LostFrames,
    RandomLoss,
    flows_below,
)
from topologies.model import Direction
from topologies.wire.memory import EXACT, FOUR_STATE, GILBERT_ELLIOTT, NO_LOSS, PATTERN, RANDOM, UNIFORM, WireMemory


def fill_bank(
    memory: WireMemory, bank: int, states: Mapping[Direction, LinkState], loss_numbers: Mapping[Direction, int]
) -> None:
    """Write the states of all directions, in the memory's order, into a bank that does not apply.

    A port that is down at either end stops both directions of its link. A `loss_numbers` entry is greater than before
    where the loss model is to start again.
    """
    for index, (direction, state) in enumerate(states.items()):
        back = states.get(direction.reversed())
        row = memory.banks[bank, index]
        row["port_down"] = not state.up or (back is not None and not back.up)
        row["loss_number"] = loss_numbers[direction]
        _fill(row, state)
        _fill_loss(row, memory.sequences[bank, index], state.loss)


def _fill(row: Any, state: LinkState) -> None:
    row["blackhole"] = state.blackhole
    row["mtu"] = state.mtu or 0
    row["flows"] = flows_below(state.flows)
    row["duplicate"] = state.duplicate
    row["corrupt"] = state.corrupt
    row["reorder"] = state.reorder
    row["delay_ns"] = state.delay_ns
    jitter = state.jitter
    row["jitter_ns"] = jitter.spread_ns if jitter else 0
    row["distribution"] = TABLES.index(jitter.distribution) if jitter and jitter.distribution in TABLES else UNIFORM
    row["jitter_correlation"] = jitter.correlation if jitter else 0.0
    row["rate_bps"] = state.rate_bps or 0
    row["queue_ns"] = state.queue_ns
    row["in_order"] = state.in_order


def _fill_loss(row: Any, sequence: Any, loss: Loss | None) -> None:
    model, numbers, lost = _loss_words(loss)
    row["loss_model"] = model
    row["loss"] = (*numbers, *[0.0] * (5 - len(numbers)))
    row["sequence_length"] = len(lost)
    sequence[: len(lost)] = lost


def _loss_words(loss: Loss | None) -> tuple[int, tuple[float, ...], list[bool]]:
    """The model, its probabilities, and for loss by number which frames it drops, from the first."""
    match loss:
        case RandomLoss():
            return RANDOM, (loss.probability,), []
        case GilbertElliott():
            return GILBERT_ELLIOTT, (loss.p, loss.r, loss.one_minus_h, loss.one_minus_k), []
        case FourState():
            return FOUR_STATE, (loss.p13, loss.p31, loss.p32, loss.p23, loss.p14), []
        case LossPattern():
            return PATTERN, (), [bit == "0" for bit in loss.pattern]
        case LostFrames():
            return EXACT, (), [number in loss.numbers for number in range(1, max(loss.numbers) + 1)]
        case None:
            return NO_LOSS, (), []
