import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from synthetic_machine import core_samples, hold_ups, machine_samples
from synthetic_media import received, sent, stream

from relay_app.records import FETCH, PROBE, RECEIVED, RELAY_FATE, RELAY_SAMPLE, SENT
from results.run_files.collecting import collect
from results.run_files.machine import LINK_SAMPLE
from results.run_files.records import (
    RecordsError,
    read_hold_ups,
    read_link_bytes,
    read_machine_samples,
    read_recording,
    read_rows,
    read_sessions,
    write_rows,
    write_sessions,
)
from results.run_files.run_dir import RunDir
from topologies.link_backend import FRAME_FATE

CLUSTERS = ("us-east", "us-west")


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / "staging"
    folder.mkdir()
    for cluster in CLUSTERS:
        rows = sent(7, 10, first_seq=2**32 - 10)
        np.save(folder / f"sent-{cluster}.npy", rows)
        np.save(folder / f"received-{cluster}.npy", received(rows, 5))
        np.save(folder / f"relay-{cluster}.npy", np.ones(3, RELAY_SAMPLE))
        np.save(folder / f"probes-{cluster}.npy", np.ones(3, PROBE))
        np.save(folder / f"fetches-{cluster}.npy", np.ones(3, FETCH))
        np.save(folder / f"fates-{cluster}.npy", np.ones(3, RELAY_FATE))
    np.save(folder / "links.npy", np.ones(3, FRAME_FATE))
    np.save(folder / "machine.npy", machine_samples())
    np.save(folder / "cores.npy", core_samples())
    np.save(folder / "link-bytes.npy", np.ones(3, LINK_SAMPLE))
    np.save(folder / "hold-ups.npy", hold_ups().late)
    np.save(folder / "run-delays.npy", hold_ups().waits)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path / "run")


def test_collected_rows_are_the_rows_recorded(staging: Path, run: RunDir) -> None:
    write_sessions(run, [stream()])
    left = {path.stem: np.load(path) for path in staging.iterdir()}
    assert collect(staging, run, CLUSTERS, CLUSTERS, frames_noted=True, bytes_counted=True) == ()
    assert list(staging.iterdir()) == [], "what is converted gives its room back"
    recording, samples = read_recording(run, CLUSTERS, CLUSTERS, frames_noted=True), read_machine_samples(run)
    assert recording.problems == ()
    assert np.array_equal(samples.machine, machine_samples())
    assert np.array_equal(samples.cores, core_samples())
    for cluster in CLUSTERS:
        assert np.array_equal(recording.sent[cluster], left[f"sent-{cluster}"])
        assert np.array_equal(recording.received[cluster], left[f"received-{cluster}"])
        assert np.array_equal(recording.relays[cluster], left[f"relay-{cluster}"])
        assert np.array_equal(recording.probes[cluster], left[f"probes-{cluster}"])
        assert np.array_equal(recording.fetches[cluster], left[f"fetches-{cluster}"])
        assert np.array_equal(recording.relay_fates[cluster], left[f"fates-{cluster}"])
    assert np.array_equal(recording.link_fates, left["links"])
    assert np.array_equal(read_link_bytes(run), left["link-bytes"])


def test_hold_ups_are_those_recorded_and_one_of_their_files_missing_is_named(staging: Path, run: RunDir) -> None:
    collect(staging, run, CLUSTERS, CLUSTERS)
    found = read_hold_ups(run)
    assert np.array_equal(found.late, hold_ups().late)
    assert np.array_equal(found.waits, hold_ups().waits)
    run.run_delays.unlink()
    with pytest.raises(RecordsError, match=r"^raw/run-delays\.parquet is missing$"):
        read_hold_ups(run)


def test_collecting_twice_changes_nothing(staging: Path, run: RunDir) -> None:
    collect(staging, run, CLUSTERS, CLUSTERS)
    before = {path: path.read_bytes() for path in run.root.rglob("*.parquet")}
    assert len(before) > 2 * len(CLUSTERS)
    collect(staging, run, CLUSTERS, CLUSTERS)
    assert {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_collecting_goes_on_where_a_full_or_broken_disk_stopped_it(
    staging: Path, run: RunDir, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """polars has the number of the system's error in its words only."""
    left = {path.stem: np.load(path) for path in staging.iterdir()}
    write_parquet, written = pl.DataFrame.write_parquet, []

    def fail_at_the_third(frame: pl.DataFrame, path: Path) -> None:
        written.append(path)
        if len(written) == 3:
            raise pl.exceptions.ComputeError(f"parquet: underlying IO error: {os.strerror(number)} (os error {number})")
        write_parquet(frame, path)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fail_at_the_third)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        collect(staging, run, CLUSTERS, CLUSTERS, frames_noted=True)
    monkeypatch.undo()
    assert caught.value.errno == number
    assert len(list(staging.iterdir())) == len(left) - 2
    assert collect(staging, run, CLUSTERS, CLUSTERS, frames_noted=True) == ()
    recording = read_recording(run, CLUSTERS, CLUSTERS, frames_noted=True)
    assert all(np.array_equal(recording.sent[cluster], left[f"sent-{cluster}"]) for cluster in CLUSTERS)
    assert np.array_equal(recording.link_fates, left["links"])


def test_what_is_missing_or_cut_short_is_named_and_the_rest_collected(staging: Path, run: RunDir) -> None:
    (staging / "sent-us-east.npy").unlink()
    whole = (staging / "received-us-east.npy").read_bytes()
    (staging / "received-us-east.npy").write_bytes(whole[:-9])
    (staging / "relay-us-east.npy").write_bytes(b"")
    np.save(staging / "relay-us-west.npy", np.zeros(3))
    (staging / "cores.npy").unlink()
    assert collect(staging, run, CLUSTERS, CLUSTERS) == (
        "sent-us-east.npy was not written",
        "received-us-east.npy is incomplete",
        "relay-us-east.npy is incomplete",
        "relay-us-west.npy holds rows of another format",
        "cores.npy was not written",
    )
    assert set(read_recording(run, CLUSTERS, CLUSTERS).sent) == {"us-west"}


def test_sessions_survive_the_file(run: RunDir) -> None:
    streams = (stream(1), stream(2**32 - 1, "us-west", "us-east"))
    write_sessions(run, streams)
    assert read_sessions(run) == streams


def test_a_taken_ssrc_survives_the_file_and_earlier_files_have_none(run: RunDir) -> None:
    streams = (stream(1), replace(stream(2), taken=2**32 - 1))
    write_sessions(run, streams)
    assert read_sessions(run) == streams
    pl.read_parquet(run.sessions()).drop("taken").write_parquet(run.sessions())
    assert read_sessions(run) == (stream(1), stream(2))


def test_no_sessions_are_a_table_too(run: RunDir) -> None:
    write_sessions(run, [])
    assert read_sessions(run) == ()


def test_an_empty_run_directory_is_all_problems(run: RunDir) -> None:
    recording = read_recording(run, ["us-east"], ["us-east"])
    assert recording.problems == (
        "raw/sent-us-east.parquet is missing",
        "raw/received-us-east.parquet is missing",
        "raw/relay-us-east.parquet is missing",
        "raw/probes-us-east.parquet is missing",
        "raw/fetches-us-east.parquet is missing",
        "raw/fates-us-east.parquet is missing",
        "raw/sessions.parquet is missing",
    )


def test_a_file_that_is_no_parquet_is_named(run: RunDir) -> None:
    write_rows(run.sent("us-east"), np.zeros(1, SENT))
    run.sent("us-east").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(RecordsError, match=r"^raw/sent-us-east\.parquet cannot be read$"):
        read_rows(run.sent("us-east"), SENT)


def test_a_missing_column_is_named(run: RunDir) -> None:
    write_rows(run.sent("us-east"), np.zeros(1, SENT))
    with pytest.raises(RecordsError, match=r"^raw/sent-us-east\.parquet has no column path$"):
        read_rows(run.sent("us-east"), RECEIVED)
