"""`scenarios/cases/narrow-link*.yaml`: what the wire loses of the schedule, against a queue written down by hand."""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any, NamedTuple

import numpy as np
import pytest

from hostio.timing import MS, S
from relay_app.clients.media_schedule import Schedule
from relay_app.media_profiles import OVERHEAD_BYTES, PROFILES
from relay_app.streams import media_of, streams_of
from results.run_files.plan import Plan
from scenarios.language.library import LIBRARY, load_plan
from topologies.distributions import tables
from topologies.link_state import LinkState
from topologies.model import Direction
from topologies.netem.shaping import Bucket, Shaping, shaping
from topologies.wire.impairment_compiled import due, next_frame
from topologies.wire.memory import DIRECTION, allocate
from topologies.wire.parameters import LossNumbers, fill_bank

PLAN, LINE_RATE, LONG_QUEUE = (
    load_plan(LIBRARY / "cases" / f"narrow-link{name}.yaml") for name in ("", "-line-rate", "-long-queue")
)
RATE_BPS = 2_000_000
TABLES = tables()


class Frame(NamedTuple):
    """A frame of video: when it comes to the link, its bytes, and the RTP timestamp of its picture."""

    at_ns: int
    size: int
    picture: int


def each_way(plan: Plan) -> list[list[Frame]]:
    found = []
    for stream in streams_of(plan.sessions, plan.seed):
        packets = Schedule([stream], plan.seed, 0, media=media_of(plan.sessions)).window(0, plan.duration_ns)
        found.append([Frame(int(p["due_ns"]), int(p["length"]) + OVERHEAD_BYTES, int(p["timestamp"])) for p in packets])
    return found


def lost_by_hand(frames: list[Frame], queue_ns: int) -> list[Frame]:
    """What finds more than `queue_ns` of traffic before it at 2 Mbit/s."""
    lost, free_ns = [], 0
    for frame in frames:
        if free_ns - frame.at_ns > queue_ns:
            lost.append(frame)
        else:
            free_ns = max(free_ns, frame.at_ns) + frame.size * 8 * S // RATE_BPS
    return lost


def lost_by_wire(frames: list[Frame], queue_ns: int) -> list[Frame]:
    memory, way = allocate(((0, 0),), 0, 0, capacity=1), Direction("a", "b")
    fill_bank(memory, 0, {way: LinkState(rate_bps=RATE_BPS, queue_ns=queue_ns)}, {way: LossNumbers()})
    direction: Any = np.zeros(1, DIRECTION)[0]
    lost = []
    for frame in frames:
        if due(frame.size, frame.at_ns, memory.banks[0, 0], direction, TABLES, 0) < 0:
            lost.append(frame)
        next_frame(direction)
    return lost


def lost_by_bucket(frames: list[Frame], bucket: Bucket) -> list[Frame]:
    """What does not fit into the bytes behind a token bucket (tc-tbf(8)), which is full at first."""
    lost, tokens, at_ns = [], float(bucket.burst), 0
    queue: deque[int] = deque()
    for frame in frames:
        while queue:
            ready_ns = at_ns + max(0.0, queue[0] - tokens) * 8 * S / bucket.rate_bps
            if ready_ns > frame.at_ns:
                break
            tokens, at_ns = max(tokens, queue[0]) - queue.popleft(), round(ready_ns)
        tokens = min(bucket.burst, tokens + (frame.at_ns - at_ns) * bucket.rate_bps / (8 * S))
        at_ns = frame.at_ns
        if not queue and frame.size <= tokens:
            tokens -= frame.size
        elif sum(queue) + frame.size <= bucket.limit:
            queue.append(frame.size)
        else:
            lost.append(frame)
    return lost


@pytest.mark.parametrize("queue_ms", [20, 100])
def test_the_wire_loses_what_finds_no_room_in_the_queue(queue_ms: int) -> None:
    for frames in each_way(PLAN):
        assert lost_by_wire(frames, queue_ms * MS) == lost_by_hand(frames, queue_ms * MS)


def test_about_134_of_16_s_are_lost_with_20_ms_of_queue_and_none_with_100() -> None:
    short, long = ([lost_by_hand(frames, queue_ms * MS) for frames in each_way(PLAN)] for queue_ms in (20, 100))
    assert 0.9 * 134 <= sum(map(len, short)) <= 1.1 * 134
    assert long == [[], []]


def test_what_finds_room_takes_half_of_the_rate() -> None:
    """`tests/test_narrow_run.py` compares with it what a run's links carried."""
    for frames, used_percent in zip(each_way(PLAN), (52.5, 54.1), strict=True):
        lost = lost_by_hand(frames, 20 * MS)
        bits = 8 * sum(frame.size for frame in frames if frame not in lost)
        assert 100 * bits * S / (RATE_BPS * PLAN.duration_ns) == pytest.approx(used_percent, abs=0.1)


def test_the_rate_of_video_is_that_of_its_frames() -> None:
    for frames in each_way(PLAN):
        bps = 8 * sum(frame.size for frame in frames) * S / PLAN.duration_ns
        # Sizes are drawn, and most frames end in a packet that is not full.
        assert 0.92 * bps < PROFILES["video"].mean_bps < 1.02 * bps


def test_nearly_all_of_them_are_of_key_pictures() -> None:
    """A picture with more than ten packets is a key picture: others have at most 5600 bytes, six packets."""
    for frames in each_way(PLAN):
        packets = np.unique([frame.picture for frame in frames], return_counts=True)
        key = {picture for picture, count in zip(*map(np.ndarray.tolist, packets), strict=True) if count > 10}
        lost = lost_by_hand(frames, 20 * MS)
        assert len(key) == 8
        assert sum(frame.picture in key for frame in lost) >= 0.9 * len(lost)


def test_at_line_rate_twice_as_many_are_lost_and_no_key_picture_is_whole() -> None:
    ways = each_way(LINE_RATE)
    lost = [lost_by_hand(frames, 20 * MS) for frames in ways]
    assert 0.9 * 268 <= sum(map(len, lost)) <= 1.1 * 268
    for frames, own in zip(ways, lost, strict=True):
        packets = np.unique([frame.picture for frame in frames], return_counts=True)
        key = {picture for picture, count in zip(*map(np.ndarray.tolist, packets), strict=True) if count > 10}
        assert len(key) == 8
        assert key <= {frame.picture for frame in own}
        assert own == lost_by_wire(frames, 20 * MS)


@pytest.mark.parametrize(("plan", "queue_ms", "packets"), [(PLAN, 20, 132), (LINE_RATE, 20, 227), (LONG_QUEUE, 100, 0)])
def test_netem_loses_what_does_not_fit_behind_its_bucket(plan: Plan, queue_ms: int, packets: int) -> None:
    """Where the wire counts what is before a packet, the bucket counts the packet, too: it loses none that is so short
    that there is room. At line rate `scripts/bench cases` finds these 227 to the packet."""
    bucket = shaping(LinkState(rate_bps=RATE_BPS, queue_ns=queue_ms * MS), Shaping()).bucket
    assert bucket is not None
    lost = [lost_by_bucket(frames, bucket) for frames in each_way(plan)]
    assert sum(map(len, lost)) == packets


def test_the_packets_of_a_burst_are_due_at_once_and_carry_as_much_as_paced_ones() -> None:
    burst, paced = ([*itertools.chain(*each_way(plan))] for plan in (LINE_RATE, PLAN))
    times: dict[int, set[int]] = {}
    for frame in burst:
        times.setdefault(frame.picture, set()).add(frame.at_ns)
    assert {len(each) for each in times.values()} == {1}
    assert sum(frame.size for frame in burst) == pytest.approx(sum(frame.size for frame in paced), rel=0.05)


@pytest.mark.parametrize(("plan", "queue_ns"), [(PLAN, 20 * MS), (LINE_RATE, 20 * MS), (LONG_QUEUE, 100 * MS)])
def test_the_cases_have_this_link(plan: Plan, queue_ns: int) -> None:
    (fault,) = plan.link_faults
    assert (fault.change.rate_bps, fault.change.queue_ns) == (RATE_BPS, queue_ns)
