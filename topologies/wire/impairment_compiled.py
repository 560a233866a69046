"""Compiled impairment of one frame: its random numbers, whether it is lost, and when it is due. No input or output.

`parameters` is one PARAMETERS record, `direction` one DIRECTION record, `tables` the quantiles of the distributions
(`topologies.wire.memory`). A fate below zero is minus the number of the counter that the frame falls to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hostio.compiled import compiled
from topologies.wire.memory import (
    FOUR_STATE,
    GILBERT_ELLIOTT,
    LOST_BLACKHOLE,
    LOST_FLOW,
    LOST_PORT_DOWN,
    LOST_QUEUE,
    NO_LOSS,
    PATTERN,
    RANDOM,
    UNIFORM,
)

DRAWS = 16
"""Numbers of a frame; the second half is for its duplicate."""

OF_DUPLICATE = 8

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_TO_53_BITS = np.uint64(11)


@compiled
def random_bits(direction: Any, draw: int) -> Any:
    """The frame's 64 random bits number `draw`, from 0."""
    z = direction.random + np.uint64(draw + 1) * _GAMMA
    z = (z ^ (z >> _SHIFT_1)) * _MIX_1
    z = (z ^ (z >> _SHIFT_2)) * _MIX_2
    return z ^ (z >> _SHIFT_3)


@compiled
def uniform(direction: Any, draw: int) -> float:
    """The frame's random number `draw` in [0, 1)."""
    return (random_bits(direction, draw) >> _TO_53_BITS) * 2.0**-53  # type: ignore[no-any-return]


@compiled
def next_frame(direction: Any) -> None:
    """Go on to the next frame's numbers."""
    direction.random += np.uint64(DRAWS) * _GAMMA


_GOOD, _BAD = 0, 1
_IN_GAP, _IN_BURST, _LOST_IN_BURST, _LOST_IN_GAP = 0, 1, 2, 3


@compiled
def lost(parameters: Any, direction: Any, sequence: Any, first_draw: int, numbered: bool) -> bool:
    """Whether the loss model takes the frame; `numbered`: patterns and exact frames count it.

    `sequence` uint8[parameters.sequence_length or more] is 1 where a frame is lost.
    """
    model = parameters.loss_model
    if model == RANDOM:
        return uniform(direction, first_draw) < parameters.loss[0]  # type: ignore[no-any-return]
    if model == GILBERT_ELLIOTT:
        return _gilbert_elliott(parameters.loss, direction, first_draw)
    if model == FOUR_STATE:
        return _four_state(parameters.loss, direction, uniform(direction, first_draw))
    return numbered and _by_number(parameters, direction, sequence)


@compiled
def _gilbert_elliott(loss: Any, direction: Any, first_draw: int) -> bool:
    move, luck = uniform(direction, first_draw), uniform(direction, first_draw + 1)
    p, r, one_minus_h, one_minus_k = loss[0], loss[1], loss[2], loss[3]
    if direction.loss_state == _GOOD:
        if move < p:
            direction.loss_state = _BAD
        return luck < one_minus_k  # type: ignore[no-any-return]
    if move < r:
        direction.loss_state = _GOOD
    return luck < one_minus_h  # type: ignore[no-any-return]


@compiled
def _four_state(loss: Any, direction: Any, luck: float) -> bool:
    p13, p31, p32, p23, p14 = loss[0], loss[1], loss[2], loss[3], loss[4]
    state = direction.loss_state
    if state == _IN_GAP:
        if luck < p14:
            direction.loss_state = _LOST_IN_GAP
        elif luck < p14 + p13:
            direction.loss_state = _LOST_IN_BURST
    elif state == _IN_BURST:
        if luck < p23:
            direction.loss_state = _LOST_IN_BURST
    elif state == _LOST_IN_BURST:
        if luck < p32:
            direction.loss_state = _IN_BURST
        elif luck < p32 + p31:
            direction.loss_state = _IN_GAP
    else:
        direction.loss_state = _IN_GAP
    return direction.loss_state >= _LOST_IN_BURST  # type: ignore[no-any-return]


@compiled
def _by_number(parameters: Any, direction: Any, sequence: Any) -> bool:
    """Repeating if the model is a pattern; past the end of exact frames nothing is lost."""
    number = direction.frames
    direction.frames += 1
    if parameters.loss_model == PATTERN:
        number %= parameters.sequence_length
    return number < parameters.sequence_length and sequence[number] == 1  # type: ignore[no-any-return]


LOSS_DRAW = 0
JITTER_DRAW = 2
REORDER_DRAW = 3
CORRUPT_DRAW = 4
BIT_DRAW = 5
DUPLICATE_DRAW = 6

_S = 1_000_000_000
_TABLES_REACH = 4
_SQRT_2 = math.sqrt(2.0)


@compiled
def hard_drop(parameters: Any, flow: int) -> int:
    """What takes a frame whatever its luck: a port that is down, the blackhole, or that its flow vanishes; else 0.

    `flow`: the flow's hash, 32 bits.
    """
    if parameters.port_down:
        return -LOST_PORT_DOWN
    if parameters.blackhole:
        return -LOST_BLACKHOLE
    if flow < parameters.flows:
        return -LOST_FLOW
    return 0


@compiled
def loss_model_drops(parameters: Any, direction: Any, sequence: Any, of_copy: int, numbered: bool) -> bool:
    """Whether the loss model takes the frame, or the copy of it whose numbers begin at `of_copy`."""
    if direction.loss_number != parameters.loss_number:
        direction.loss_number = parameters.loss_number
        direction.loss_state = 0
        direction.frames = 0
    return parameters.loss_model != NO_LOSS and lost(parameters, direction, sequence, of_copy + LOSS_DRAW, numbered)


@compiled
def due(length: int, arrived_ns: int, parameters: Any, direction: Any, tables: Any, of_copy: int) -> int:
    """When a frame that arrived then and is not lost is due, ns; or its fate if the queue has no room for it."""
    serialised_ns = _serialise(length, arrived_ns, parameters, direction)
    if serialised_ns < 0:
        return serialised_ns
    if parameters.reorder and uniform(direction, of_copy + REORDER_DRAW) < parameters.reorder:
        return serialised_ns
    return serialised_ns + max(0, parameters.delay_ns + _spread_ns(parameters, direction, tables, of_copy))  # type: ignore[no-any-return]


@compiled
def earliest_ns(parameters: Any) -> int:
    """The shortest delay that the jitter allows, ns."""
    steps = 1 if parameters.distribution == UNIFORM else _TABLES_REACH
    return max(0, parameters.delay_ns - steps * parameters.jitter_ns)  # type: ignore[no-any-return]


@compiled
def _serialise(length: int, arrived_ns: int, parameters: Any, direction: Any) -> int:
    """When the frame's last bit leaves the queue, ns. What an earlier rate still holds back goes out first."""
    start_ns = max(arrived_ns, direction.busy_until_ns)
    if parameters.rate_bps == 0:
        return start_ns  # type: ignore[no-any-return]
    if start_ns - arrived_ns > parameters.queue_ns:
        return -LOST_QUEUE
    direction.busy_until_ns = start_ns + (length * 8 * _S + parameters.rate_bps - 1) // parameters.rate_bps
    return direction.busy_until_ns  # type: ignore[no-any-return]


@compiled
def _spread_ns(parameters: Any, direction: Any, tables: Any, of_copy: int) -> int:
    """What the jitter adds to the delay, below zero too."""
    if parameters.jitter_ns == 0:
        return 0
    share = uniform(direction, of_copy + JITTER_DRAW)
    if parameters.jitter_correlation:
        share = _correlated(share, parameters, direction, tables)
    if parameters.distribution == UNIFORM:
        value = 2.0 * share - 1.0
    else:
        value = tables[parameters.distribution, int(share * tables.shape[1])]
    return round(value * parameters.jitter_ns)  # type: ignore[no-any-return]


@compiled
def _correlated(share: float, parameters: Any, direction: Any, tables: Any) -> float:
    """A share that follows the frame before: a Gaussian autoregression, read off the normal distribution."""
    rho = parameters.jitter_correlation
    fresh = tables[0, int(share * tables.shape[1])]
    direction.jitter_normal = rho * direction.jitter_normal + math.sqrt(1.0 - rho * rho) * fresh
    return min(0.5 * math.erfc(-direction.jitter_normal / _SQRT_2), 1.0 - 2.0**-53)
