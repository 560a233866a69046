"""Reads what the monitor saw of relays that are programs."""

from __future__ import annotations

from results.run_files.program_samples import ProgramSamples, program_files
from results.run_files.records import read_rows
from results.run_files.run_dir import RunDir


def read_program_samples(run: RunDir) -> ProgramSamples:
    """All rows of a run. Raises RecordsError."""
    return ProgramSamples(*(read_rows(path, dtype) for path, dtype in program_files(run).items()))
