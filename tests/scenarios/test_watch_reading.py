"""The files of a run directory, while they grow, torn, replaced, or of another version."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from watch_lab import BLIP, CENTRAL, EAST, RECORDED, START, Directory, at, edge, end, move, samples

from hostio.files import GrowingArray, write_whole
from relay_app.records import RELAY_SAMPLE
from results.run_files.document_error import DocumentError
from results.run_files.documents import dump_line
from results.run_files.events import End, MediaStart
from results.run_files.records import write_rows
from results.run_files.run_dir import RunDir
from scenarios.watch.reading import RunReading, opened_plan


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "run")


def reading_of(directory: Directory) -> RunReading:
    reading = RunReading(directory.run)
    reading.look()
    return reading


def test_records_of_both_files_are_in_the_order_of_time(directory: Directory) -> None:
    directory.add(*reversed(BLIP))
    times = [each.at_ns for each in reading_of(directory).records]
    assert times == sorted(times)
    assert len(times) == len(BLIP)


def test_half_a_line_waits_for_its_other_half(directory: Directory) -> None:
    directory.add(BLIP[0])
    reading = reading_of(directory)
    text = dump_line(edge(0, "start", 4))
    with directory.run.events.open("a") as file:
        file.write(text[:20])
        file.flush()
        reading.look()
        assert len(reading.records) == 1
        file.write(text[20:])
    reading.look()
    assert len(reading.records) == 2


def test_a_torn_last_line_of_a_run_that_is_over_is_noted(directory: Directory) -> None:
    directory.add(BLIP[0], end())
    with directory.run.decisions.open("a") as file:
        file.write(dump_line(move(CENTRAL, 2))[:-30])
    reading = reading_of(directory)
    assert reading.over
    assert reading.notes == ("the last line of controller.jsonl is cut short",)


@pytest.mark.parametrize("wrong", ["no json", '{"kind": "of tomorrow", "at_ns": 1}', '{"kind": "phase"}', "\x00\xff"])
def test_a_line_that_is_no_record_is_counted_and_left_out(directory: Directory, wrong: str) -> None:
    directory.add(BLIP[0])
    with directory.run.events.open("a") as file:
        file.write(f"{wrong}\n")
    directory.add(end())
    reading = reading_of(directory)
    assert len(reading.records) == 2
    assert reading.notes == ("events.jsonl: line 2 is no record of this version, and not shown",)


def test_a_file_that_is_replaced_is_read_again(directory: Directory) -> None:
    """As the runner does with an end that it knows better."""
    directory.add(MediaStart(START), end(20))
    reading = reading_of(directory)
    better = End(at(13), at(12), interrupted=True)
    write_whole(directory.run.events, dump_line(MediaStart(START)) + dump_line(better))
    reading.look()
    assert [each.record for each in reading.records] == [MediaStart(START), better]
    assert reading.end_ns == at(13)


def test_a_file_that_is_missing_or_a_folder_is_empty(directory: Directory) -> None:
    directory.run.events.mkdir()
    reading = reading_of(directory)
    assert reading.records == ()
    assert reading.end_ns is None


def test_a_run_goes_on_while_its_runner_has_the_lock(directory: Directory) -> None:
    directory.add(BLIP[0])
    with directory.run.log("runner").open("rb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        reading = reading_of(directory)
        assert not reading.over
        assert reading.notes == ()
    reading.look()
    assert reading.over
    assert reading.notes == ("the run never came to its end: it was killed, or its machine stopped",)


def test_the_lock_is_left_alone_before_the_first_record(directory: Directory) -> None:
    assert not reading_of(directory).over
    long_ago = directory.run.plan.stat().st_mtime - 3600
    os.utime(directory.run.plan, (long_ago, long_ago))
    assert reading_of(directory).over


def test_samples_are_read_while_a_relay_writes_them(directory: Directory) -> None:
    first, second = (samples({"at_ns": at(n), "forwarded": n, "life": n}) for n in (0, 1))
    reading = reading_of(directory)
    array = GrowingArray(directory.run.staged(directory.run.relay(EAST)), RELAY_SAMPLE)
    array.append(first)
    reading.look_at_samples()
    assert len(reading.samples[EAST]) == 1
    array.append(first)
    later = GrowingArray(directory.run.staged(directory.run.relay(EAST), 1), RELAY_SAMPLE)
    later.append(second)
    reading.look_at_samples()
    assert reading.samples[EAST]["life"].tolist() == [0, 0, 1]
    assert CENTRAL not in reading.samples
    array.close()
    later.close()


def test_samples_that_were_collected_are_read_and_bad_ones_noted(directory: Directory) -> None:
    directory.add(BLIP[0], end())
    write_rows(directory.run.relay(EAST), samples({"at_ns": at(1), "forwarded": 5}))
    directory.run.relay(CENTRAL).write_bytes(b"PAR1 no more")
    reading = reading_of(directory)
    reading.look_at_samples()
    assert reading.samples[EAST]["forwarded"].tolist() == [5]
    (note,) = reading.notes
    assert "samples of relay us-central cannot be read" in note


def test_samples_that_are_torn_or_of_another_format_do_no_harm(directory: Directory) -> None:
    staged = directory.run.staged(directory.run.relay(EAST))
    staged.parent.mkdir()
    staged.write_bytes(b"\x93NUMPY\x01\x00")
    np.save(directory.run.staged(directory.run.relay(CENTRAL)), np.zeros(3))
    reading = reading_of(directory)
    reading.look_at_samples()
    assert not reading.samples
    assert len(reading.notes) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"verdict": "pass"}', '{"verdict": 1, "reasons": 2}'])
def test_a_summary_that_is_none_gives_no_verdict(directory: Directory, text: str) -> None:
    directory.run.summary.write_text(text)
    assert reading_of(directory).verdict() is None


def test_the_verdict_is_that_of_the_summary(directory: Directory) -> None:
    directory.run.summary.write_text(json.dumps({"verdict": "fail", "reasons": ["late"], "more": 1}))
    verdict = reading_of(directory).verdict()
    assert verdict
    assert (verdict.word, verdict.reasons) == ("fail", ("late",))


def test_a_folder_of_runs_names_the_newest(directory: Directory) -> None:
    folder = directory.root.parent
    older = folder / "older"
    shutil.copytree(directory.root, older)
    os.utime(older / "plan.json", (1, 1))
    with pytest.raises(DocumentError, match=r"no run directory.*did you mean \S*/run, the newest in it\?$"):
        opened_plan(RunDir(folder))


@pytest.mark.parametrize("change", ["no json", "list", "field", "value"])
def test_a_plan_of_another_version_is_refused_in_one_line(directory: Directory, change: str) -> None:
    plan = json.loads(directory.run.plan.read_text())
    plan["seed"] = "one" if change == "value" else 1
    if change == "field":
        del plan["topology"]
    directory.run.plan.write_text({"no json": "{", "list": "[]"}.get(change, json.dumps(plan)))
    with pytest.raises(DocumentError, match="its plan is none of this version of Blipnet: ") as caught:
        opened_plan(directory.run)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["one-blip", "rolling-restart", "incident-short"])
def test_runs_of_earlier_versions_are_read(name: str) -> None:
    reading = RunReading(RunDir(RECORDED / name / "run"))
    reading.look()
    reading.look_at_samples()
    assert reading.over
    assert reading.notes == ()
    assert set(reading.samples) == {"us-east", "us-central", "us-west"}
    assert isinstance(reading.records[-1].record, End)
