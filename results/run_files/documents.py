"""Reads and writes the JSON documents and the JSON lines files of a run directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from controller.decisions import Decision, HealthChange, HeldUp, Kept, Review
from results.run_files.app_metrics import Scrape
from results.run_files.captured import CaptureEnd
from results.run_files.document_error import DocumentError
from results.run_files.events import (
    Begun,
    End,
    FaultEdge,
    LogFull,
    MediaStart,
    Phase,
    ProgramEnd,
    ProgramMessage,
    ProgramStart,
    WatchdogMissed,
)
from results.run_files.validation import Field, InvalidError, JsonReader, dump_json

T = TypeVar("T")

Event: TypeAlias = (
    Phase
    | Begun
    | MediaStart
    | FaultEdge
    | ProgramStart
    | ProgramEnd
    | ProgramMessage
    | WatchdogMissed
    | LogFull
    | CaptureEnd
    | End
)
"""A line of `events.jsonl`."""

ControllerRecord: TypeAlias = HealthChange | HeldUp | Decision | Kept | Review
"""A line of `controller.jsonl`."""


@dataclass(frozen=True, slots=True)
class Lines(Generic[T]):
    """Records of a JSON lines file. `truncated`: the last line has no newline, as after the writer was killed."""

    records: tuple[T, ...]
    truncated: bool


_EVENT = Annotated[Event, Field(discriminator="kind")]
_CONTROLLER_RECORD = Annotated[ControllerRecord, Field(discriminator="kind")]


def load(of: type[T], text: str | bytes, name: str) -> T:
    """Parse a document strictly as type `of`. Raises DocumentError, whose message calls the document `name`."""
    value: T = _loaded(JsonReader(of), text, name)
    return value


def read(of: type[T], path: Path) -> T:
    """Parse a file strictly as type `of`. Raises DocumentError."""
    return load(of, content(path), path.name)


def dump(value: object) -> str:
    """A record as indented JSON. Keys are in the order of the fields, so equal records give equal text."""
    return dump_json(value, indent=2) + "\n"


def dump_line(value: object) -> str:
    """A record as one line of a JSON lines file, newline included."""
    return dump_json(value) + "\n"


def read_scrapes(path: Path) -> Lines[Scrape]:
    """Parse a `raw/app-<cluster>.jsonl`. Raises DocumentError."""
    return _load_lines(Scrape, content(path), path.name)


def load_events(text: str | bytes, name: str) -> Lines[Event]:
    """Parse the text of an `events.jsonl`. Raises DocumentError."""
    return _load_lines(_EVENT, text, name)


def load_decisions(text: str | bytes, name: str) -> Lines[ControllerRecord]:
    """Parse the text of a `controller.jsonl`. Raises DocumentError."""
    return _load_lines(_CONTROLLER_RECORD, text, name)


def read_events(path: Path) -> Lines[Event]:
    """Parse an `events.jsonl`. Raises DocumentError."""
    return load_events(content(path), path.name)


def read_decisions(path: Path) -> Lines[ControllerRecord]:
    """Parse a `controller.jsonl`. Raises DocumentError."""
    return load_decisions(content(path), path.name)


def _load_lines(of: Any, text: str | bytes, name: str) -> Lines[Any]:
    # The writer ends each record with a newline: text after the last one is a record that was not written whole.
    content = text.encode() if isinstance(text, str) else text
    *whole, rest = content.split(b"\n")
    reader = JsonReader(of)
    records = (_loaded(reader, line, f"{name}:{number}") for number, line in enumerate(whole, 1) if line.strip())
    return Lines(tuple(records), truncated=bool(rest.strip()))


def _loaded(reader: JsonReader, text: str | bytes, name: str) -> Any:
    try:
        return reader.load(text)
    except InvalidError as error:
        raise DocumentError(f"{name}: {error}") from error


def content(path: Path) -> bytes:
    """The bytes of a file. Raises DocumentError."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DocumentError(f"{path.name} is missing") from error
    except OSError as error:
        raise DocumentError(f"{path.name} cannot be read: {error.strerror}") from error
