"""What becomes of a report that cannot be written."""

from __future__ import annotations

from results.verdict.summary import Summary


class UnwrittenError(Exception):
    """The summary of a run was made, and `error` kept a file of the run directory from being written."""

    def __init__(self, summary: Summary, error: OSError) -> None:
        super().__init__(summary, error)
        self.summary = summary
        self.error = error
