"""Names places in the source, for people who look for a lock."""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType

_HERE = str(Path(__file__).parent)
_PROJECT = Path(__file__).resolve().parent.parent.parent
_PASSED_OVER = (_HERE, threading.__file__, contextlib.__file__)


def call_site() -> str:
    """Where this thread is, outside the lock's own code and the library's around it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PASSED_OVER):
        frame = frame.f_back
    return "?" if frame is None else _place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def stack() -> tuple[str, ...]:
    """The calls that led here, outermost first, without the lock's own code."""
    calls = [call for call in traceback.extract_stack() if not call.filename.startswith(_PASSED_OVER)]
    return tuple(_place(call.filename, call.lineno or 0, call.name) for call in calls)


def _place(filename: str, line: int, function: str) -> str:
    path = Path(filename)
    shown = path.relative_to(_PROJECT) if path.is_relative_to(_PROJECT) else Path(path.name)
    return f"{shown}:{line} {function}"
