"""The first thing that runs in the sandbox. Imports nothing before it can say that it cannot be imported."""

from __future__ import annotations

import os
import traceback
from contextlib import suppress
from typing import NoReturn


def main(run_dir: str, told: int) -> NoReturn:
    """Run the plan of a run directory, and exit: with EX_SOFTWARE after an error that nobody expected.

    Its traceback is then on standard error, which is `logs/runner.log`. `told` as in `run_in_sandbox`.
    """
    code = os.EX_SOFTWARE
    try:
        from scenarios.run.in_sandbox import run_in_sandbox

        code = run_in_sandbox(run_dir, told)
    except Exception:
        with suppress(OSError):
            traceback.print_exc()
    finally:
        # Not by the interpreter's own exit: multiprocessing waits there, without limit, for every process that still
        # runs. When this one has ended, process 1 of its namespace, the kernel ends them.
        os._exit(code)
