"""Reads what the monitor saw of relays that are programs."""

from __future__ import annotations

from collections.abc import Mapping

from results.run_files import documents
from results.run_files.lock_waits import LockWaits
from results.run_files.program_samples import ProgramSamples, program_files
from results.run_files.program_stalls import ProgramStalls
from results.run_files.records import read_rows
from results.run_files.relay_program import RelayProgram
from results.run_files.run_dir import RunDir


def read_program_samples(run: RunDir, programs: Mapping[str, RelayProgram]) -> ProgramSamples:
    """All that was seen of these programs, by cluster. Raises RecordsError, DocumentError."""
    waits = {cluster: documents.read(LockWaits, run.lock_waits(cluster)) for cluster in programs}
    stalls = {cluster: documents.read(ProgramStalls, run.program_stalls(cluster)) for cluster in programs}
    asked = [cluster for cluster, program in programs.items() if program.metrics]
    scrapes = {cluster: documents.read_scrapes(run.app_metrics(cluster)).records for cluster in asked}
    processes, hosts, udp_drops = (read_rows(path, dtype) for path, dtype in program_files(run).items())
    return ProgramSamples(processes, hosts, udp_drops, waits, stalls, scrapes)
