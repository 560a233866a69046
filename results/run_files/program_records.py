"""Reads what the monitor saw of relays that are programs."""

from __future__ import annotations

from collections.abc import Collection

from results.run_files import documents
from results.run_files.lock_waits import LockWaits
from results.run_files.program_samples import ProgramSamples, program_files
from results.run_files.records import read_rows
from results.run_files.run_dir import RunDir


def read_program_samples(run: RunDir, clusters: Collection[str]) -> ProgramSamples:
    """All that was seen of the programs that are the relays of these clusters. Raises RecordsError, DocumentError."""
    waits = {cluster: documents.read(LockWaits, run.lock_waits(cluster)) for cluster in clusters}
    processes, hosts, udp_drops = (read_rows(path, dtype) for path, dtype in program_files(run).items())
    return ProgramSamples(processes, hosts, udp_drops, waits)
