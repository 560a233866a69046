"""Compiled loss models of the userspace wire, step by step as in the kernel's netem. Without input or output.

`parameters.loss_model` tells how `parameters.loss` is read (`wire_memory.LOSS_MODELS`); `direction.loss_state` is the
chain's state, 0 at first, and `direction.frames` counts the frames since the loss began.
"""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled
from topologies.wire.memory import FOUR_STATE, GILBERT_ELLIOTT, PATTERN, RANDOM
from topologies.wire.random_loop import uniform

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
