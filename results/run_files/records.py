"""Raw records: arrays written as Parquet files, and read back. The only module that imports polars."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hostio.files import replacing
from relay_app.records import (
    ABSENCE,
    DIGEST,
    EXCHANGE,
    FETCH,
    PROBE,
    RECEIVED,
    RELAY_FATE,
    RELAY_SAMPLE,
    RELAYED_PACKET,
    SENT,
)
from relay_app.streams import Stream
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY, HoldUps
from results.run_files.machine import CORE_SAMPLE, LINK_SAMPLE, MACHINE_SAMPLE, MachineSamples
from results.run_files.relay_lives import cumulative_over_lives
from results.run_files.run_dir import RunDir
from topologies.link_backend import FRAME_FATE

# Read by its allocator as polars is loaded: pages of columns that were freed go back at once, not when memory runs out.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")

import polars as pl

Rows: TypeAlias = NDArray[np.void]
"""A structured array, of a dtype in `relay_app.records` that each use names."""


class RecordsError(Exception):
    """A file of raw records is missing, incomplete or of another format; the message names it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The raw records of a run, by cluster.

    A cluster whose file is missing has no key: it was not measured, as opposed to an empty array, where nothing
    happened. Cumulative columns of `relays` are summed over all lives.
    `problems`: one sentence per file that is missing or cannot be read.
    """

    streams: tuple[Stream, ...]
    sent: Mapping[str, Rows]
    received: Mapping[str, Rows]
    relays: Mapping[str, Rows]
    probes: Mapping[str, Rows]
    fetches: Mapping[str, Rows]
    relay_fates: Mapping[str, Rows]
    exchanges: Mapping[str, Rows]
    """Empty if the scenario has no connections."""
    link_fates: Rows
    """FRAME_FATE; empty where the link back end does not record single frames."""
    problems: tuple[str, ...]
    sent_digests: Mapping[str, Rows] = field(default_factory=dict)
    received_digests: Mapping[str, Rows] = field(default_factory=dict)
    """Both empty if no program publishes media."""
    relayed: Mapping[str, Rows] = field(default_factory=dict)
    """Of the clusters with a peer of a WebRTC call."""
    absences: Mapping[str, Rows] = field(default_factory=dict)
    """Empty if no client needs consent to send."""


def write_rows(target: Path, rows: Rows) -> None:
    """Write a structured array as a Parquet file, a column per field."""
    names = rows.dtype.names or ()
    _write(target, pl.DataFrame({name: np.ascontiguousarray(rows[name]) for name in names}))


def write_columns(target: Path, columns: Mapping[str, Sequence[object]]) -> None:
    """Write a table of columns, of which each has texts, flags, whole numbers or floats, and null. OSError."""
    _write(target, pl.DataFrame({name: list(values) for name, values in columns.items()}, infer_schema_length=None))


def write_sessions(run: RunDir, streams: Sequence[Stream]) -> None:
    """Write the streams of all sessions, a row each."""
    texts = dict.fromkeys(("session", "group", "source", "destination", "media"), pl.String)
    schema = {"ssrc": pl.UInt32} | texts | {"relayed": pl.Boolean, "taken": pl.UInt32}
    _write(run.sessions(), pl.DataFrame([asdict(stream) for stream in streams], schema=schema))


def read_recording(
    run: RunDir,
    clusters: Sequence[str],
    recorded: Sequence[str],
    *,
    calling: Sequence[str] = (),
    connected: bool = False,
    digested: bool = False,
    consented: bool = False,
    frames_noted: bool = False,
) -> Recording:
    """Read all raw records of a run.

    `recorded`: the clusters whose relay records itself; `calling`: those with a WebRTC peer; `connected`: the scenario
    has TCP connections; `digested`: programs publish media; `consented`: clients need consent to send; `frames_noted`:
    the link back end recorded single frames. A missing or unreadable file becomes an entry of `problems`, not an error.
    """
    problems: list[str] = []
    sent = _read_each({name: run.sent(name) for name in clusters}, SENT, problems)
    received = _read_each({name: run.received(name) for name in clusters}, RECEIVED, problems)
    samples = _read_each({name: run.relay(name) for name in recorded}, RELAY_SAMPLE, problems)
    relays = {name: cumulative_over_lives(rows) for name, rows in samples.items()}
    probes = _read_each({name: run.probes(name) for name in clusters}, PROBE, problems)
    fetches = _read_each({name: run.fetches(name) for name in recorded}, FETCH, problems)
    relay_fates = _read_each({name: run.relay_fates(name) for name in clusters}, RELAY_FATE, problems)
    link_fates = _read_each({"": run.link_fates} if frames_noted else {}, FRAME_FATE, problems).get(
        "", np.empty(0, FRAME_FATE)
    )
    dialled = {name: run.exchanges(name) for name in clusters} if connected else {}
    exchanges = _read_each(dialled, EXCHANGE, problems)
    passed = clusters if digested else ()
    sent_digests = _read_each({name: run.sent_digests(name) for name in passed}, DIGEST, problems)
    received_digests = _read_each({name: run.received_digests(name) for name in passed}, DIGEST, problems)
    relayed = _read_each({name: run.relayed_packets(name) for name in calling}, RELAYED_PACKET, problems)
    absences = _read_each({name: run.absences(name) for name in clusters if consented}, ABSENCE, problems)
    streams: tuple[Stream, ...] = ()
    with noting(problems):
        streams = read_sessions(run)
    further = (sent_digests, received_digests, relayed, absences)
    return Recording(
        streams, sent, received, relays, probes, fetches, relay_fates, exchanges, link_fates, tuple(problems), *further
    )


def read_machine_samples(run: RunDir) -> MachineSamples:
    """The samples of machine and cores, one a second. Raises RecordsError."""
    return MachineSamples(read_rows(run.machine_samples, MACHINE_SAMPLE), read_rows(run.core_samples, CORE_SAMPLE))


def read_link_bytes(run: RunDir) -> Rows:
    """What link directions with a rate carried (LINK_SAMPLE). Raises RecordsError; runs of `machine.json` before format
    5, and those without a rate, have none."""
    return read_rows(run.link_bytes, LINK_SAMPLE)


def read_hold_ups(run: RunDir) -> HoldUps:
    """When the machine held up parts of the testbed. Raises RecordsError; runs of `machine.json` before format 3 have
    none."""
    return HoldUps(read_rows(run.hold_ups, HOLD_UP), read_rows(run.run_delays, RUN_DELAY))


def read_sessions(run: RunDir) -> tuple[Stream, ...]:
    """The streams of all sessions. Raises RecordsError."""
    frame = _read(run.sessions())
    if {*frame.columns, "taken"} != {each.name for each in fields(Stream)}:  # earlier versions had none taken
        raise RecordsError(f"raw/{run.sessions().name} has other columns than a stream")
    return tuple(Stream(**row) for row in frame.iter_rows(named=True))


def read_rows(source: Path, dtype: np.dtype[Any]) -> Rows:
    """The rows of a Parquet file as a structured array. Raises RecordsError."""
    frame = _read(source)
    rows = np.empty(frame.height, dtype)
    for name in dtype.names or ():
        if name in _LATER_COLUMNS and name not in frame.columns:
            rows[name] = 0
            continue
        if name not in frame.columns:
            raise RecordsError(f"raw/{source.name} has no column {name}")
        rows[name] = frame[name].to_numpy()
    return rows


_LATER_COLUMNS = ("dropped_expired",)
"""That runs of earlier versions do not have: there it was always 0."""


def _read_each(sources: Mapping[str, Path], dtype: np.dtype[Any], problems: list[str]) -> dict[str, Rows]:
    found = {}
    for cluster, source in sources.items():
        with noting(problems):
            found[cluster] = read_rows(source, dtype)
    return found


@contextmanager
def noting(problems: list[str]) -> Iterator[None]:
    """Turn a RecordsError into an entry of `problems`, so that the report is made of the files that remain."""
    try:
        yield
    except RecordsError as error:
        problems.append(str(error))


def _read(source: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(source)
    except FileNotFoundError as error:
        raise RecordsError(f"raw/{source.name} is missing") from error
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RecordsError(f"raw/{source.name} cannot be read") from error


def change_texts(source: Path, target: Path, change: Callable[[str], str]) -> None:
    """Write the rows of a Parquet file to another one, with each text in them changed. Raises RecordsError; OSError."""
    frame = _read(source)
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    _write(target, frame.with_columns(_changed(frame[name], change) for name in texts))


def texts_of(source: Path) -> tuple[str, ...]:
    """The different texts in a Parquet file, names of its columns too. Raises RecordsError."""
    frame = _read(source)
    columns = [frame[name].drop_nulls().unique() for name, kind in frame.schema.items() if kind == pl.String]
    return (*frame.columns, *(text for column in columns for text in column.to_list()))


def _changed(column: pl.Series, change: Callable[[str], str]) -> pl.Series:
    texts = column.drop_nulls().unique().to_list()
    changed = {text: change(text) for text in texts}
    return column.replace_strict(changed, default=None, return_dtype=pl.String) if changed else column


_OS_ERROR = re.compile(r"\(os error (\d+)\)")


def _write(target: Path, frame: pl.DataFrame) -> None:
    """Write atomically, by rename: a reader never sees a partial file. OSError, which polars has in its words only."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with replacing(target) as partial:
            frame.write_parquet(partial)
    except pl.exceptions.PolarsError as error:
        number = _OS_ERROR.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(target)) from error
