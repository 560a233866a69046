"""`scenarios/cases/large-frames-swallowed.yaml` as its arithmetic has it, and the canary that notices it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from event_lab import Ran
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

from hostio.timing import S
from relay_app.clients.media_schedule import Schedule
from relay_app.records import RECEIVED
from relay_app.streams import Stream, streams_of
from results.run_files.plan_formats import read_plan
from results.run_files.records import read_rows
from results.run_files.run_dir import RunDir

CASE = PROJECT / "scenarios" / "cases" / "large-frames-swallowed.yaml"
BEGINS_S, ENDS_S = 3.0, 9.0
PICTURE_S = 1 / 30

pytestmark = [pytest.mark.root, pytest.mark.repeats_alone]


def lost(run: Run, group: str) -> int:
    with (run.root / "streams.csv").open() as table:
        return sum(int(row["lost"]) for row in csv.DictReader(table) if row["session"].startswith(group))


def all_is_as_computed(run: Run) -> bool:
    return lost(run, "voice") == 0 and run.summary["reroutes"] == []


@pytest.fixture(scope="module")
def swallowed(runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("swallowed")
    return Ran(**vars(attempted(runs, folder, CASE, believed=all_is_as_computed)))


def whole_pictures_s(run: Run) -> dict[Stream, list[float]]:
    """When the pictures were due that arrived whole, seconds after the media start, by stream of video."""
    directory = RunDir(run.root)
    plan = read_plan(directory.plan)
    streams = streams_of(plan.sessions, plan.seed)
    found = {}
    for source in {stream.source for stream in streams}:
        own = [stream for stream in streams if stream.source == source]
        packets = Schedule(own, plan.seed, 0).window(0, plan.duration_ns)
        for index, stream in enumerate(own):
            if stream.media == "video":
                arrived = _arrived(directory, stream)
                mine = packets[packets["stream"] == index]
                pictures = np.split(mine, np.flatnonzero(np.diff(mine["timestamp"])) + 1)
                whole = (each for each in pictures if {seq & 0xFFFF for seq in each["seq"].tolist()} <= arrived)
                found[stream] = [int(each["due_ns"][0]) / S for each in whole]
    return found


def _arrived(directory: RunDir, stream: Stream) -> set[int]:
    rows = read_rows(directory.received(stream.destination), RECEIVED)
    return set(rows["seq"][rows["ssrc"] == stream.ssrc].tolist())


def test_voice_and_probes_pass_and_nothing_is_rerouted(swallowed: Ran) -> None:
    assert swallowed.bears(all_is_as_computed(swallowed))
    assert lost(swallowed, "video") > 0


def test_no_picture_is_whole_while_large_frames_vanish(swallowed: Ran) -> None:
    """A picture is sent over a thirtieth of a second: one due two of them before the end is out before it."""
    (_, begun_ms), (ends_ms, _) = (swallowed.applied_ms(0, edge) for edge in ("start", "end"))
    found = whole_pictures_s(swallowed)
    assert len(found) == 4
    for due_s in found.values():
        assert [at_s for at_s in due_s if begun_ms / 1e3 <= at_s < ends_ms / 1e3 - 2 * PICTURE_S] == []


def test_the_picture_stands_still_for_six_seconds(swallowed: Ran) -> None:
    """From the last whole one before to the first after; a picture at either edge may be cut."""

    def stands_still(run: Run) -> bool:
        for due_s in whole_pictures_s(run).values():
            before, after = (
                at_s for at_s in (max(s for s in due_s if s < BEGINS_S), min(s for s in due_s if s > ENDS_S - 0.1))
            )
            if not 6.0 - 2 * PICTURE_S <= after - before <= 6.0 + 4 * PICTURE_S:
                return False
        return True

    assert swallowed.bears(stands_still(swallowed))


def test_the_summary_counts_the_pictures_that_came_whole_and_the_freezes(swallowed: Ran) -> None:
    """Of those counted here the end of the media may have cut the last of each stream."""
    (video,) = (row["frames"] for row in swallowed.summary["groups"] if row["name"] == "video")
    whole = sum(map(len, whole_pictures_s(swallowed).values()))
    assert whole - 4 <= video["whole"] <= whole
    assert video["sent"] - video["whole"] - video["lost"] in range(5)
    assert swallowed.bears(video["freezes"] == 4)


def test_the_books_name_the_link_for_every_packet_of_video_that_is_missing(swallowed: Ran) -> None:
    swallowed.require(swallowed.conclusive)
    routes = swallowed.summary["ledger"]["routes"]
    causes = {cause for route in routes for cause in route["lost"]}
    assert causes == {f"link {way}: blackhole" for way in ("us-east→us-west", "us-west→us-east")}
    assert swallowed.summary["ledger"]["unexplained"] == 0


@pytest.mark.long
def test_a_canary_of_full_size_notices_it(runs: RunRecord, tmp_path: Path) -> None:
    def noticed(run: Run) -> bool:
        return bool(relays_down(run))

    run = attempted(runs, tmp_path, CASE, "controller.canary_bytes=1100", believed=noticed)
    assert run.bears(noticed(run))
    assert run.bears({frozenset(ends) for ends in relays_down(run)} == {frozenset(("us-east", "us-west"))})


def relays_down(run: Run) -> set[tuple[str, str]]:
    """Observer and relay of each relay that was judged down by its canaries while the large frames vanished."""
    start_ns = Ran(**vars(run)).start_ns()
    changes = (each for each in run.lines("controller.jsonl") if each["kind"] == "health")
    down = (each for each in changes if each["detector"] == "relay-canary" and each["after"] == "down")
    return {
        (each["source"], each["destination"])
        for each in down
        if BEGINS_S <= (each["at_ns"] - start_ns) / S <= ENDS_S + 0.5
    }
