"""The first thing that runs in the sandbox. Imports nothing before it can say that it cannot be imported."""

from __future__ import annotations

import os
import traceback


def main(run_dir: str) -> int:
    """Run the plan of a run directory; returns the exit code, EX_SOFTWARE after an error that nobody expected.

    Its traceback is then on standard error, which is `logs/runner.log`.
    """
    try:
        from scenarios.run.in_sandbox import run_in_sandbox

        return run_in_sandbox(run_dir)
    except Exception:
        traceback.print_exc()
        return os.EX_SOFTWARE
