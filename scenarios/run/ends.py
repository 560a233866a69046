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
from scenarios.supervision.processes import BUG, CannotStartError, ProcessBugError, ProcessError
from topologies.link_backend import LinkError

_EXPECTED = (ProcessError, CommandError, LinkError, DirectoryError)


def attempt(act: Callable[[], End], root: Path, reached: End | None = None) -> End:
    """What `act` returns. If it fails, the End `reached` so far, or one of now, with the failure.

    A run directory, `root`, that takes nothing is named as the cause. What is neither that nor expected is an error of
    this program, whose traceback goes to standard error.
    """
    try:
        return act()
    except ProcessBugError as error:
        return _failed(str(error), reached, bug=True)
    except CannotStartError as error:
        return replace(_failed(str(error), reached), cannot_start=True)
    except _EXPECTED as error:
        return _failed(str(error), reached)
    except Exception as error:
        if isinstance(error, OSError) and is_of_storage(error, root):
            return _failed(sentence(error, root), reached)
        with suppress(OSError):
            traceback.print_exc()
        return _failed(f"{BUG} logs/runner.log", reached, bug=True)


def _failed(why: str, reached: End | None, *, bug: bool = False) -> End:
    now_ns = monotonic_ns()
    end = reached or End(at_ns=now_ns, media_end_ns=now_ns, interrupted=False)
    return replace(end, failure=end.failure or why, bug=end.bug or bug)
