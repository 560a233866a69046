"""What becomes of an error in a run: the sentence that its End has as the failure."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic_ns

from hostio.commands import CommandError
from hostio.storage import is_of_storage, sentence
from relay_app.sessions.directory import DirectoryError
from results.run_files.events import End
from scenarios.supervision.processes import ProcessError
from topologies.link_backend import LinkError

BUG = "an error in blipnet itself; logs/runner.log has it"
"""The failure of an End after an error that nobody expected."""

_EXPECTED = (ProcessError, CommandError, LinkError, DirectoryError)


def attempt(act: Callable[[], End], root: Path, reached: End | None = None) -> End:
    """What `act` returns. If it fails, the End `reached` so far, or one of now, with the failure.

    A run directory, `root`, that takes nothing is named as the cause. What is neither that nor expected is an error of
    this program, whose traceback goes to standard error.
    """
    try:
        return act()
    except _EXPECTED as error:
        return _failed(str(error), reached)
    except Exception as error:
        if isinstance(error, OSError) and is_of_storage(error, root):
            return _failed(sentence(error, root), reached)
        with suppress(OSError):
            traceback.print_exc()
        return _failed(BUG, reached)


def _failed(why: str, reached: End | None) -> End:
    if reached:
        return replace(reached, failure=reached.failure or why)
    now_ns = monotonic_ns()
    return End(at_ns=now_ns, media_end_ns=now_ns, interrupted=False, failure=why)
