"""What link back ends can do beyond what all of them can, and which states they must refuse for it."""

from __future__ import annotations

from dataclasses import dataclass

from topologies.link_state import LinkState, LossPattern, LostFrames


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a link back end can do and measure beyond what all of them can.

    Code that depends on one of these checks the capability, never the back end's name.
    """

    inner_ends: bool = False
    """It carries frames itself, between the two inner ends of a link that is left open in the middle."""
    loses_by_number: bool = False
    """It can lose frames by a pattern or by their numbers."""
    correlates_delays: bool = False
    """It can correlate the jitter of a frame with that of the frame before."""
    keeps_order: bool = False
    """It can keep frames from overtaking those under way when a delay falls: `LinkState.in_order`."""
    orders_jitter: bool = False
    """It can do so under jitter, which sets frames free to overtake once the queue has drained."""
    tells_frames_apart: bool = False
    """It can give frames that match a state of their own: `LinkState.matched`."""
    takes_seed: bool = False
    """Its random numbers are generated from a seed."""
    notes_frames: bool = False
    """It writes a FRAME_FATE row for each media frame that it lost, duplicated, corrupted, or holds at the end."""
    counts_media: bool = False
    """It counts media apart from other frames: `LinkCounters.media`."""
    counts_duplicates: bool = False
    """It counts the copies that it makes by duplication."""
    counts_corrupted: bool = False
    """It counts the frames in which it flips a bit."""
    tells_lateness: bool = False
    """It measures by how much frames were released after they were due."""


def refusal(name: str, capabilities: Capabilities, state: LinkState) -> str | None:
    """Why a back end cannot apply a state, as text for an error message; None if it can. `name`: of the back end."""
    if isinstance(state.loss, LossPattern | LostFrames) and not capabilities.loses_by_number:
        return f"{name} cannot lose packets by number"
    if state.jitter and state.jitter.correlation and not capabilities.correlates_delays:
        return f"{name} does not correlate delays"
    if state.in_order and not capabilities.keeps_order:
        return f"{name} does not keep frames in order when a delay falls"
    if state.in_order and state.jitter and not capabilities.orders_jitter:
        return f"{name} does not keep frames in order where there is jitter"
    if state.matched and not capabilities.tells_frames_apart:
        return f"{name} has one state for all frames of a direction"
    return None
