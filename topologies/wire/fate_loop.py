"""Compiled decision of the userspace wire about one frame: lost, and to what, or when it is due. No input or output.

`parameters` is one PARAMETERS record, `direction` one DIRECTION record, `tables` the quantiles of the distributions
(`wire_memory.py`). A fate below zero is minus the number of the counter that the frame falls to.
"""

from __future__ import annotations

import math
from typing import Any

from hostio.compiled import compiled
from topologies.wire.loss_loop import lost
from topologies.wire.memory import LOST_BLACKHOLE, LOST_FLOW, LOST_PORT_DOWN, LOST_QUEUE, NO_LOSS, UNIFORM
from topologies.wire.random_loop import uniform

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
def swallowed(parameters: Any, flow: int) -> int:
    """What takes a frame whatever its luck: a port that is down, the blackhole, or that its flow vanishes; else 0.

    `flow`: the flow's hash, 32 bits.
    """
    if parameters.cut:
        return -LOST_PORT_DOWN
    if parameters.blackhole:
        return -LOST_BLACKHOLE
    if flow < parameters.flows:
        return -LOST_FLOW
    return 0


@compiled
def lost_to_luck(parameters: Any, direction: Any, sequence: Any, of_copy: int, numbered: bool) -> bool:
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
