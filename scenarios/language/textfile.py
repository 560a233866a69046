"""Reads a small text file that may be anything: huge, binary, a directory, a pipe that never ends."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from scenarios.errors import Mark, ScenarioError
from scenarios.language.wording import nearest, quoted

MAX_BYTES = 256 * 1024

CONTROL = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Control characters, lone surrogates, noncharacters, byte order marks, and line separators no editor counts."""

_BYTE_ORDER_MARK = "\ufeff"


def read_text(path: Path) -> str:
    """The file's text, at most 256 KiB of UTF-8 without control characters; ScenarioError otherwise."""
    return decoded(_read(path), str(path))


def decoded(raw: bytes, file: str) -> str:
    """The text of these bytes; ScenarioError at the first byte or character that has no place in it."""
    if len(raw) > MAX_BYTES:
        raise ScenarioError(file, "the file is larger than 256 KiB; a scenario is a few dozen lines")
    try:
        text = raw.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ScenarioError(
            file, message, _mark_at(raw[: error.start].decode("utf-8").removeprefix(_BYTE_ORDER_MARK))
        ) from None
    refused = CONTROL.search(text)
    if refused:
        message = f"control character U+{ord(refused[0]):04X} in the text; remove it"
        raise ScenarioError(file, message, _mark_at(text[: refused.start()]))
    return text


def _mark_at(before: str) -> Mark:
    """The place that follows this text."""
    lines = re.split(r"\r\n|\r|\n", before)
    return Mark(len(lines), len(lines[-1]) + 1)


def _read(path: Path) -> bytes:
    """At most one byte more than the limit. Never blocks: only regular files are opened, and those non-blocking."""
    try:
        status = path.stat()
        _require_regular(path, status)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(path, os.fstat(descriptor))
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ScenarioError(str(path), f"there is no such file; {_sibling(path)}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ScenarioError(str(path), f"the file cannot be read ({reason.lower()}); give a readable file") from None


def _require_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ScenarioError(str(path), f"this is a directory; give a file in it, such as {path.name or '.'}/NAME.yaml")
    if not stat.S_ISREG(status.st_mode):
        raise ScenarioError(str(path), "this is a pipe, socket or device; give a regular file")
    if status.st_size > MAX_BYTES:
        raise ScenarioError(str(path), "the file is larger than 256 KiB; a scenario is a few dozen lines")


def _sibling(path: Path) -> str:
    match = nearest(path.name, sorted(entry.name for entry in path.parent.glob("*.yaml")))
    return f"did you mean {quoted(match)}?" if match else "check the path"
