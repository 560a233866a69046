"""Makes Parquet files of the arrays (.npy) that processes leave."""

from __future__ import annotations

from collections.abc import Collection, Container
from pathlib import Path
from typing import Any

import numpy as np

from relay_app.records import (
    ABSENCE,
    DIGEST,
    EXCHANGE,
    FETCH,
    PROBE,
    RECEIVED,
    REFRESH,
    RELAY_FATE,
    RELAY_SAMPLE,
    RELAYED_PACKET,
    SENT,
)
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY
from results.run_files.machine import CORE_SAMPLE, LINK_SAMPLE, MACHINE_SAMPLE
from results.run_files.program_samples import program_files
from results.run_files.records import RecordsError, Rows, noting, write_rows
from results.run_files.run_dir import RunDir
from topologies.link_backend import FRAME_FATE


def collect(
    staging: Path,
    run: RunDir,
    clusters: Collection[str],
    recorded: Container[str],
    *,
    calling: Collection[str] = (),
    connected: bool = False,
    digested: bool = False,
    permitted: bool = False,
    consented: bool = False,
    frames_noted: bool = False,
    bytes_counted: bool = False,
) -> tuple[str, ...]:
    """Convert the .npy files in `staging` to the Parquet files of the run directory.

    `recorded`: the clusters whose relay records itself; `calling`: those with a WebRTC peer; `permitted`: streams need
    permissions; `consented`: their clients need consent. Each file is removed as soon as it is converted, so that both
    need little more room than one. After an OSError the call can be made again: it goes on with what is left. Each
    Parquet file has a .npy file of the same stem, and a further one per later life of a relay; after an interrupt some
    may be missing. Returns one sentence per file that could not be converted, in the order of the clusters, those of
    the machine last.
    """
    problems: list[str] = []
    of_links = [(run.link_fates, FRAME_FATE)] if frames_noted else []
    of_links += [(run.link_bytes, LINK_SAMPLE)] if bytes_counted else []
    of_clusters = (file for each in clusters for file in _raw_files(run, each, each in recorded, connected, digested))
    of_machine = (
        (run.machine_samples, MACHINE_SAMPLE),
        (run.core_samples, CORE_SAMPLE),
        (run.hold_ups, HOLD_UP),
        (run.run_delays, RUN_DELAY),
    )
    of_programs = program_files(run).items() if any(each not in recorded for each in clusters) else ()
    of_permissions = ((run.refreshes(each), REFRESH) for each in clusters if permitted)
    of_consents = ((run.absences(each), ABSENCE) for each in clusters if consented)
    of_calls = ((run.relayed_packets(each), RELAYED_PACKET) for each in calling)
    of_clients = (*of_permissions, *of_consents, *of_calls)
    for target, dtype in (*of_links, *of_clusters, *of_clients, *of_machine, *of_programs):
        lives = _lives(staging, target.stem)
        if target.exists() and not any(each.exists() for each in lives):
            continue
        with noting(problems):
            write_rows(target, np.concatenate([_load_array(path, dtype) for path in lives]))
            for path in lives:
                path.unlink()
    return tuple(problems)


def _raw_files(
    run: RunDir, cluster: str, relay_recorded: bool, connected: bool, digested: bool
) -> tuple[tuple[Path, np.dtype[Any]], ...]:
    of_relay = ((run.relay(cluster), RELAY_SAMPLE), (run.fetches(cluster), FETCH)) if relay_recorded else ()
    of_digests = ((run.sent_digests(cluster), DIGEST), (run.received_digests(cluster), DIGEST)) if digested else ()
    return (
        (run.sent(cluster), SENT),
        (run.received(cluster), RECEIVED),
        (run.probes(cluster), PROBE),
        (run.relay_fates(cluster), RELAY_FATE),
        *of_relay,
        *of_digests,
        *(((run.exchanges(cluster), EXCHANGE),) if connected else ()),
    )


def _lives(staging: Path, stem: str) -> tuple[Path, ...]:
    """The files of all lives in order; that of the first is there or not."""
    later = sorted(staging.glob(f"{stem}.[0-9]*.npy"), key=lambda path: int(path.stem.rpartition(".")[2]))
    return (staging / f"{stem}.npy", *later)


def _load_array(source: Path, dtype: np.dtype[Any]) -> Rows:
    try:
        rows: Rows = np.load(source, allow_pickle=False)
    except FileNotFoundError as error:
        raise RecordsError(f"{source.name} was not written") from error
    except (OSError, EOFError, ValueError) as error:
        raise RecordsError(f"{source.name} is incomplete") from error
    if rows.dtype != dtype:
        raise RecordsError(f"{source.name} holds rows of another format")
    return rows
