"""Words of events against the faults they stand for, worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from small_scenario import HEAD

from hostio.timing import MS, S
from results.run_files.faults import (
    Action,
    Cut,
    Fault,
    Forget,
    Freeze,
    Kill,
    Level,
    LinkFault,
    Part,
    Process,
    ProcessFault,
    Slow,
    Stop,
)
from scenarios.language.library import load_plan
from scenarios.process_faults.fault_target import count_ends
from topologies.frame_match import FrameMatch, Ports
from topologies.link_state import FourState, GilbertElliott, Jitter, LinkChange, LossPattern, LostFrames, RandomLoss
from topologies.model import Direction

EAST, CENTRAL, WEST = "us-east", "us-central", "us-west"
LINK = "link: [us-east, us-west]"
PARTS = get_args(Part)


def faults(folder: Path, event: str) -> tuple[Fault, ...]:
    path = folder / "small.yaml"
    path.write_text(f"{HEAD}events: [{{at: 2s, for: 4s, {event}}}]\n")
    return load_plan(path).faults


def link_faults(folder: Path, event: str) -> tuple[LinkFault, ...]:
    found = faults(folder, event)
    on_links = tuple(fault for fault in found if isinstance(fault, LinkFault))
    assert on_links == found
    return on_links


@pytest.mark.parametrize(
    ("event", "change"),
    [
        (
            "what: loss, gilbert-elliott: {p: 1%, r: 25%, 1-h: 90%, 1-k: 2%}",
            LinkChange(loss=GilbertElliott(0.01, 0.25, 0.9, 0.02)),
        ),
        ("what: loss, bursts: {mean: 20%, length: 4}", LinkChange(loss=GilbertElliott(0.0625, 0.25))),
        ("what: loss, bursts: {mean: 50%, length: 1}", LinkChange(loss=GilbertElliott(1.0, 1.0))),
        ("what: loss, 4-state: {p13: 1%, p31: 25%}", LinkChange(loss=FourState(0.01, 0.25))),
        ('what: loss, pattern: "1110"', LinkChange(loss=LossPattern("1110"))),
        ("what: loss, packets: [5, 2, 2]", LinkChange(loss=LostFrames((2, 5)))),
        (
            "what: latency, extra: 5ms, jitter: 1ms, distribution: pareto, correlation: 25%",
            LinkChange(extra_delay_ns=5 * MS, jitter=Jitter(MS, "pareto", 0.25)),
        ),
        ("what: path-change, extra: 40ms", LinkChange(extra_delay_ns=40 * MS)),
        ("what: latency, extra: 40ms, by: path", LinkChange(extra_delay_ns=40 * MS)),
        ("what: latency, extra: 40ms, by: queue", LinkChange(extra_delay_ns=40 * MS, in_order=True)),
        ("what: blackhole, match: {protocol: udp}", LinkChange(blackhole=True)),
        ("what: mtu, size: 100B, answer: icmp", LinkChange(blackhole=True, answer_mtu=100)),
        ("what: partial, flows: 25%", LinkChange(flows=0.25)),
        ("what: duplicate, share: 1%", LinkChange(duplicate=0.01)),
        ("what: corrupt, share: 1%", LinkChange(corrupt=0.01)),
        ("what: reorder, share: 1%", LinkChange(reorder=0.01)),
        ("what: flap, period: 1s", LinkChange(up=False)),
    ],
)
def test_what_a_word_does(event: str, change: LinkChange, tmp_path: Path) -> None:
    (fault,) = link_faults(tmp_path, f"{event}, {LINK}")
    assert fault.change == change
    assert set(fault.directions) == {Direction(EAST, WEST), Direction(WEST, EAST)}


@pytest.mark.parametrize(
    ("event", "match"),
    [
        ("what: blackhole", None),
        (
            "what: loss, loss: 5%, match: {larger-than: 9B, protocol: udp, ports: [7, 40000-40015], payload-type: 111}",
            FrameMatch(9, "udp", (Ports(7, 7), Ports(40_000, 40_015)), payload_type=111),
        ),
        ("what: partial, flows: 25%, match: {dscp: 0}", FrameMatch(dscp=0)),
        ("what: mtu, size: 100B", FrameMatch(larger_than=114)),
    ],
)
def test_which_frames_a_word_strikes(event: str, match: FrameMatch | None, tmp_path: Path) -> None:
    """A frame is 14 bytes longer than its IP packet (IEEE 802.3)."""
    (fault,) = link_faults(tmp_path, f"{event}, {LINK}")
    assert fault.match == match


@pytest.mark.parametrize(
    ("event", "pairs"),
    [
        (f"what: one-way, {LINK}", {(EAST, WEST)}),
        ("what: isolate, cluster: us-east", {(EAST, WEST), (WEST, EAST), (EAST, CENTRAL), (CENTRAL, EAST)}),
        ("what: partition, groups: [[us-east], [us-west]]", {(EAST, WEST), (WEST, EAST)}),
        (
            "what: partition, groups: [[us-east], [us-west, us-central]]",
            {(EAST, WEST), (WEST, EAST), (EAST, CENTRAL), (CENTRAL, EAST)},
        ),
    ],
)
def test_where_a_word_strikes(event: str, pairs: set[tuple[str, str]], tmp_path: Path) -> None:
    (fault,) = link_faults(tmp_path, event)
    assert set(fault.directions) == pairs
    assert fault.change == LinkChange(blackhole=True)


def test_repeats_are_faults_of_their_own(tmp_path: Path) -> None:
    found = faults(tmp_path, f"what: blackhole, repeat: 3, every: 6s, {LINK}")
    assert [(fault.at_ns // S, fault.until_ns // S) for fault in found] == [(2, 6), (8, 12), (14, 18)]


def test_flap_is_down_first_in_each_period_and_up_at_its_end(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, f"what: flap, period: 1500ms, duty: 40%, {LINK}")
    shares = [(level.at_ns // MS, level.share) for level in fault.levels]
    assert shares == [(2000, 1.0), (2600, 0.0), (3500, 1.0), (4100, 0.0), (5000, 1.0), (5600, 0.0)]


def test_ramp_grows_to_the_whole_and_fades_as_evenly(tmp_path: Path) -> None:
    (fault,) = link_faults(tmp_path, f"what: loss, loss: 40%, ramp: 200ms, {LINK}")
    assert fault.levels == (
        Level(2000 * MS, 0.25),
        Level(2050 * MS, 0.5),
        Level(2100 * MS, 0.75),
        Level(2150 * MS, 1.0),
        Level(5800 * MS, 0.75),
        Level(5850 * MS, 0.5),
        Level(5900 * MS, 0.25),
    )
    assert fault.change.scaled(fault.levels[0].share) == LinkChange(loss=RandomLoss(0.1))


@pytest.mark.parametrize(
    ("event", "process", "action", "where"),
    [
        ("what: relay-restart, cluster: us-central", Process("relay", CENTRAL), Stop(), CENTRAL),
        ("what: relay-kill, cluster: us-west", Process("relay", WEST), Kill(), WEST),
        ("what: relay-kill, cluster: us-west, kind: leak", Process("relay", WEST), Kill("leak"), WEST),
        ("what: relay-freeze, cluster: us-central", Process("relay", CENTRAL), Freeze(), CENTRAL),
        ("what: controller-restart", Process("controller"), Stop(), ""),
        ("what: controller-kill", Process("controller"), Kill(), ""),
        ("what: controller-freeze", Process("controller"), Freeze(), ""),
        ("what: controller-cut", Process("controller"), Cut(), ""),
        ("what: controller-slow, extra: 200ms", Process("controller"), Slow(200 * MS), ""),
        ("what: controller-cut, cluster: us-west", Process("switch", WEST), Cut(), WEST),
        ("what: switch-forgets, cluster: us-west", Process("switch", WEST), Forget(), WEST),
        ("what: switch-restart, cluster: us-west", Process("switch", WEST), Forget(offline=True), WEST),
        ("what: switch-freeze", Process("switches"), Freeze(), ""),
        ("what: directory-slow, extra: 200ms", Process("directory"), Slow(200 * MS), ""),
        ("what: directory-down", Process("directory"), Kill(), ""),
    ],
)
def test_what_a_word_does_to_a_process(
    event: str, process: Process, action: Action, where: str, tmp_path: Path
) -> None:
    (fault,) = faults(tmp_path, event)
    word = event.split()[1].rstrip(",")
    assert fault == ProcessFault(word, 2 * S, 6 * S, process, action)
    assert fault.where == where


def test_an_event_can_strike_a_part_of_a_relay_alone(tmp_path: Path) -> None:
    events = [
        f"{{at: {2 + number}s, what: relay-kill, part: {part}, cluster: {WEST}, for: 500ms}}"
        for number, part in enumerate(PARTS)
    ]
    scenario = tmp_path / "parts.yaml"
    scenario.write_text(f"{HEAD}events: [{', '.join(events)}]\n")
    found = load_plan(scenario).faults
    assert [fault.part for fault in found if isinstance(fault, ProcessFault)] == [*PARTS]
    assert [count_ends(found, Process("relay", WEST), part) for part in PARTS] == [3, 2, 2]


@pytest.mark.parametrize(
    ("action", "ends"), [(Stop(), True), (Kill(), True), (Freeze(), False), (Cut(), False), (Slow(1), False)]
)
def test_a_process_that_is_stopped_or_killed_needs_a_successor(action: Action, ends: bool) -> None:
    assert ProcessFault("a word", 0, 1, Process("controller"), action).ends_process is ends


def test_a_directory_grows_slow_and_recovers_in_steps(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "what: directory-slow, extra: 400ms, ramp: 100ms")
    assert [(level.at_ns // MS, level.share) for level in fault.levels] == [(2000, 0.5), (2050, 1.0), (5900, 0.5)]
