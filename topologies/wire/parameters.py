"""Translates link states into the PARAMETERS of the userspace wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from topologies.distributions import TABLES
from topologies.frame_match import PROTOCOL_NUMBERS, FrameMatch
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
from topologies.wire.memory import (
    ANY,
    EXACT,
    FOUR_STATE,
    GILBERT_ELLIOTT,
    NO_LOSS,
    PATTERN,
    RANDOM,
    UNIFORM,
    WireMemory,
)


class LossNumbers(NamedTuple):
    """Changes where the loss model starts again: that of a direction's frames, and that of the matching ones."""

    others: int = 0
    matching: int = 0

    def after(self, before: LinkState, state: LinkState) -> LossNumbers:
        """The numbers once `state` follows `before`."""
        changes = (one.loss != other.loss for one, other in zip(_both(before), _both(state), strict=True))
        return LossNumbers(*(number + changed for number, changed in zip(self, changes, strict=True)))


def fill_bank(
    memory: WireMemory, bank: int, states: Mapping[Direction, LinkState], numbers: Mapping[Direction, LossNumbers]
) -> None:
    """Write the states of all directions, in the memory's order, into a bank that does not apply.

    A port that is down at either end stops both directions of its link. A number in `numbers` is greater than before
    where its loss model is to start again. Once nothing is to match any more, the last match stays and changes nothing:
    frames that waited in a queue of their own are not overtaken by later ones that match.
    """
    for index, (direction, state) in enumerate(states.items()):
        back = states.get(direction.reversed())
        down = not state.up or (back is not None and not back.up)
        rows, both = (index, index + len(states)), _both(state)
        for row, each, number in zip(rows, both, numbers[direction], strict=True):
            own_loss = each.loss != state.loss
            loss_number = number if own_loss else numbers[direction].others
            _fill(memory.banks[bank, row], each, down=down, loss_number=loss_number)
            _fill_loss(memory.banks[bank, row], memory.sequences[bank, row], each.loss)
            memory.banks[bank, row]["own_loss"] = own_loss
            memory.banks[bank, row]["own_path"] = _path(each) != _path(state)
        if state.matched:
            _fill_match(memory.matches[bank, index], state.matched.match)
        else:
            memory.matches[bank, index] = memory.matches[1 - bank, index]


def _both(state: LinkState) -> tuple[LinkState, LinkState]:
    """The states of matching frames and, before it, of the others."""
    return state, state.matched.state if state.matched else state


def _path(state: LinkState) -> tuple[object, ...]:
    return state.rate_bps, state.queue_ns, state.delay_ns, state.jitter, state.reorder, state.in_order


def _fill_match(row: Any, match: FrameMatch) -> None:
    row["active"] = 1
    row["larger_than"] = ANY if match.larger_than is None else match.larger_than
    row["protocol"] = PROTOCOL_NUMBERS[match.protocol] if match.protocol else ANY
    row["port_ranges"] = len(match.ports)
    for number, ports in enumerate(match.ports):
        row["ports"][number] = ports.first, ports.last
    row["dscp"] = ANY if match.dscp is None else match.dscp
    row["payload_type"] = ANY if match.payload_type is None else match.payload_type


def _fill(row: Any, state: LinkState, *, down: bool, loss_number: int) -> None:
    row["port_down"] = down
    row["loss_number"] = loss_number
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
    row["answer_mtu"] = state.answer_mtu or 0


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
