"""Compiled impairment of one frame: its random numbers, whether it is lost, and when it is due. No input or output.

`parameters` is one PARAMETERS record, `direction` one DIRECTION record, `tables` the quantiles of the distributions
(`topologies.wire.memory`). A result below zero is minus the number of the counter to which the frame is lost.

A frame has a fixed set of random numbers, each for one use. So which frames are lost depends on the seed and their
number alone, and not on what other impairments there are.
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
    LOST_MTU,
    LOST_PORT_DOWN,
    LOST_QUEUE,
    NO_LOSS,
    PATTERN,
    RANDOM,
    UNIFORM,
)

DRAWS = 16
"""Random numbers of a frame; the second half is for its duplicate."""
OF_DUPLICATE = 8

LOSS_DRAW = 0
"""And the next one: the Gilbert-Elliott model takes two."""
JITTER_DRAW = 2
REORDER_DRAW = 3
CORRUPT_DRAW = 4
BIT_DRAW = 5
DUPLICATE_DRAW = 6

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_TO_53_BITS = np.uint64(11)

_GOOD, _BAD = 0, 1
"""States of the Gilbert-Elliott model."""
_IN_GAP, _IN_BURST, _LOST_IN_BURST, _LOST_IN_GAP = 0, 1, 2, 3
"""States 1 to 4 of the 4-state Markov model, netem's `loss state`."""

_S = 1_000_000_000
_ETHERNET_HEADER = 14
_TABLES_REACH = 4
"""Standard deviations that the distributions' tables span at most."""
_SQRT_2 = math.sqrt(2.0)


@compiled
def random_bits(direction: Any, draw: int) -> Any:
    """Number `draw` of the frame, from 0: 64 bits of SplitMix64 (Steele, Lea, Flood 2014), which can be computed in any
    order."""
    z = direction.random + np.uint64(draw + 1) * _GAMMA
    z = (z ^ (z >> _SHIFT_1)) * _MIX_1
    z = (z ^ (z >> _SHIFT_2)) * _MIX_2
    return z ^ (z >> _SHIFT_3)


@compiled
def uniform(direction: Any, draw: int) -> float:
    """Number `draw` of the frame, uniform in [0, 1)."""
    return (random_bits(direction, draw) >> _TO_53_BITS) * 2.0**-53  # type: ignore[no-any-return]


@compiled
def next_frame(direction: Any) -> None:
    """Go on to the next frame's numbers."""
    direction.random += np.uint64(DRAWS) * _GAMMA


@compiled
def hard_drop(parameters: Any, length: int, flow: int) -> int:
    """Minus the counter of what drops every such frame: a port that is down, the blackhole, MTU, or its flow; else 0.

    `length`: of the frame, bytes; `flow`: the flow's hash, 32 bits. The order is that of the path: the port comes
    before all that netem does.
    """
    if parameters.port_down:
        return -LOST_PORT_DOWN
    if parameters.blackhole:
        return -LOST_BLACKHOLE
    if 0 < parameters.mtu < length - _ETHERNET_HEADER:
        return -LOST_MTU
    if flow < parameters.flows:
        return -LOST_FLOW
    return 0


@compiled
def loss_model_drops(parameters: Any, direction: Any, sequence: Any, of_copy: int, numbered: bool) -> bool:
    """Whether the loss model drops the frame, or the copy of it whose random numbers begin at `of_copy`.

    A new `loss_number` starts the model in its first state.
    """
    if direction.loss_number != parameters.loss_number:
        direction.loss_number = parameters.loss_number
        direction.loss_state = 0
        direction.frames = 0
    return parameters.loss_model != NO_LOSS and _lost(parameters, direction, sequence, of_copy + LOSS_DRAW, numbered)


@compiled
def _lost(parameters: Any, direction: Any, sequence: Any, first_draw: int, numbered: bool) -> bool:
    """Whether a loss model drops the frame; `numbered`: patterns and exact frames count it.

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
    move, draw = uniform(direction, first_draw), uniform(direction, first_draw + 1)
    p, r, one_minus_h, one_minus_k = loss[0], loss[1], loss[2], loss[3]
    if direction.loss_state == _GOOD:
        if move < p:
            direction.loss_state = _BAD
        return draw < one_minus_k  # type: ignore[no-any-return]
    if move < r:
        direction.loss_state = _GOOD
    return draw < one_minus_h  # type: ignore[no-any-return]


@compiled
def _four_state(loss: Any, direction: Any, draw: float) -> bool:
    p13, p31, p32, p23, p14 = loss[0], loss[1], loss[2], loss[3], loss[4]
    state = direction.loss_state
    if state == _IN_GAP:
        if draw < p14:
            direction.loss_state = _LOST_IN_GAP
        elif draw < p14 + p13:
            direction.loss_state = _LOST_IN_BURST
    elif state == _IN_BURST:
        if draw < p23:
            direction.loss_state = _LOST_IN_BURST
    elif state == _LOST_IN_BURST:
        if draw < p32:
            direction.loss_state = _IN_BURST
        elif draw < p32 + p31:
            direction.loss_state = _IN_GAP
    else:
        direction.loss_state = _IN_GAP
    return direction.loss_state >= _LOST_IN_BURST  # type: ignore[no-any-return]


@compiled
def _by_number(parameters: Any, direction: Any, sequence: Any) -> bool:
    """A pattern repeats; after the last of exact frames nothing is lost."""
    number = direction.frames
    direction.frames += 1
    if parameters.loss_model == PATTERN:
        number %= parameters.sequence_length
    return number < parameters.sequence_length and sequence[number] == 1  # type: ignore[no-any-return]


@compiled
def due(length: int, arrived_ns: int, parameters: Any, direction: Any, tables: Any, of_copy: int) -> int:
    """When a frame that arrived at `arrived_ns` and is not lost is due; below zero if the queue has no room for it.

    A reordered frame is due without delay, as in netem: it overtakes the frames before it. None is due before a frame
    that came while `in_order` was set.
    """
    serialised_ns = _serialise(length, arrived_ns, parameters, direction)
    if serialised_ns < 0:
        return serialised_ns
    delay_ns = 0
    if not parameters.reorder or uniform(direction, of_copy + REORDER_DRAW) >= parameters.reorder:
        delay_ns = max(0, parameters.delay_ns + _spread_ns(parameters, direction, tables, of_copy))
    due_ns = max(serialised_ns + delay_ns, direction.in_order_until_ns)
    if parameters.in_order:
        direction.in_order_until_ns = due_ns
    return due_ns  # type: ignore[no-any-return]


@compiled
def _serialise(length: int, arrived_ns: int, parameters: Any, direction: Any) -> int:
    """When the frame's last bit leaves the queue, ns; frames that an earlier rate still holds go first."""
    start_ns = max(arrived_ns, direction.busy_until_ns)
    if parameters.rate_bps == 0:
        return start_ns  # type: ignore[no-any-return]
    if start_ns - arrived_ns > parameters.queue_ns:
        return -LOST_QUEUE
    direction.busy_until_ns = start_ns + (length * 8 * _S + parameters.rate_bps - 1) // parameters.rate_bps
    return direction.busy_until_ns  # type: ignore[no-any-return]


@compiled
def _spread_ns(parameters: Any, direction: Any, tables: Any, of_copy: int) -> int:
    """What jitter adds to the delay, ns; may be negative."""
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
    """A share correlated with the last frame's: a Gaussian autoregression of first order, mapped back to [0, 1).

    netem correlates the uniform numbers, which changes their distribution; this keeps it.
    """
    rho = parameters.jitter_correlation
    fresh = tables[0, int(share * tables.shape[1])]
    direction.jitter_normal = rho * direction.jitter_normal + math.sqrt(1.0 - rho * rho) * fresh
    return min(0.5 * math.erfc(-direction.jitter_normal / _SQRT_2), 1.0 - 2.0**-53)


@compiled
def earliest_ns(parameters: Any) -> int:
    """The shortest delay that the jitter allows, ns."""
    steps = 1 if parameters.distribution == UNIFORM else _TABLES_REACH
    return max(0, parameters.delay_ns - steps * parameters.jitter_ns)  # type: ignore[no-any-return]
