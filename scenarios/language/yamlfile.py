"""Reads YAML, one document of plain mappings, lists and scalars, each with its place in the text. The only importer of
yaml.

Scalars resolve by a subset of YAML 1.2's core schema (§10.3.2): null, true and false, decimal integers and floats.
Everything else is text: `no`, `1:30`, `010` and `0x1f` are never taken for a boolean or a number.

Anchors, aliases, merge keys, tags and directives are refused in the stream of parser events, before data are built from
them: nested aliases can expand a small file to gigabytes, tags can call constructors, and the event still has the line
and column for the message.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol, TypeAlias

import yaml

from scenarios.errors import START, Mark, ScenarioError
from scenarios.language.document import DataPath, Document
from scenarios.language.wording import found, nearest, quoted

MAX_BYTES = 256 * 1024

CONTROL = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that are refused: control characters, surrogates, noncharacters, byte order marks, and U+2028 and U+2029,
which editors do not count as line ends, so that line numbers in messages would be wrong."""

_BYTE_ORDER_MARK = "\ufeff"


def read_text(path: Path, most_bytes: int = MAX_BYTES) -> str:
    """The text of a file: at most 256 KiB of UTF-8 without characters in `CONTROL`, or `most_bytes`; ScenarioError."""
    return decoded(read_bytes(path, most_bytes), str(path))


def decoded(raw: bytes, file: str) -> str:
    """The text of these bytes; ScenarioError with the place of the first byte or character that is refused."""
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
    """The place directly after this text."""
    lines = re.split(r"\r\n|\r|\n", before)
    return Mark(len(lines), len(lines[-1]) + 1)


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """The bytes of a file that has at most so many; ScenarioError."""
    raw = _begin(path, most_bytes + 1)
    if len(raw) > most_bytes:
        usual = "a scenario is a few dozen lines" if most_bytes == MAX_BYTES else "shorten it"
        raise ScenarioError(str(path), f"the file is larger than {most_bytes >> 10} KiB; {usual}")
    return raw


def _begin(path: Path, count: int) -> bytes:
    """The first bytes of a file. Never blocks: only regular files are opened, with O_NONBLOCK, because between stat and
    open one may be replaced by a pipe."""
    try:
        status = path.stat()
        _require_regular(path, status)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(path, os.fstat(descriptor))
            return file.read(count)
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


def _sibling(path: Path) -> str:
    alike = {".yaml", path.suffix or ".yaml"}
    match = nearest(path.name, sorted(each.name for each in path.parent.glob("*") if each.suffix in alike))
    return f"did you mean {quoted(match)}?" if match else "check the path"


MAX_DEPTH = 16

_Loader: TypeAlias = yaml.SafeLoader | yaml.CSafeLoader
_FAST: type[_Loader] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"(?=[^.eE]*[.eE])[-+]?((0|[1-9][0-9]*)\.?|(0|[1-9][0-9]*)?\.[0-9]+)([eE][-+]?[0-9]{1,4})?")

_HINTS = {
    "mapping values are not allowed here": "put text that holds ': ' in quotes, and check the indentation",
    "found character '\\t' that cannot start any token": "indent with spaces, not tabs",
    "could not find expected ':'": "write 'key: value'",
    "expected <block end>": "line it up with the entries above",
    "found unexpected end of stream": "close the quote",
    "expected ',' or ']'": "close the bracket",
    "expected ',' or '}'": "close the brace",
    "found character '": "put this text in quotes",
    "sequence entries are not allowed here": "start the list on its own line",
}


def read(path: Path) -> Document:
    """The document in a file; ScenarioError."""
    return parse(read_text(path), str(path))


def parse(text: str, file: str) -> Document:
    """The document in a text from `read_text`; ScenarioError, in which `file` is the file's name."""
    builder, data = _built(text, file)
    if not isinstance(data, dict):
        raise ScenarioError(file, f"{found(data)} at the top level; write 'key: value' lines", builder.values[()])
    return Document(file, data, builder.keys, builder.values)


def parse_scalar(text: str, argument: str) -> object:
    """The value of an argument, read as the same text would be in a file; ScenarioError if it is no scalar."""
    refused = CONTROL.search(text)
    if refused:
        raise ScenarioError(argument, f"control character U+{ord(refused[0]):04X} in the value; remove it", None)
    try:
        value = _built(text, argument)[1] if text.strip() else None
    except ScenarioError as error:
        raise ScenarioError(argument, error.message, None) from None
    if isinstance(value, (dict, list)):
        raise ScenarioError(
            argument, f"{found(value)} cannot be set; set its parts one by one, or quote the text", None
        )
    return value


def _built(text: str, file: str) -> tuple[_Builder, object]:
    """The data of a text, and what built them. libyaml parses ten times as fast as Python; what it does not take is
    parsed again in Python, whose messages say more."""
    with suppress(ScenarioError):
        builder = _Builder(text, file, _FAST)
        return builder, builder.document()
    builder = _Builder(text, file, yaml.SafeLoader)
    return builder, builder.document()


class _Builder:
    """Builds data from the parser events of one document; ScenarioError for features that are not allowed."""

    def __init__(self, text: str, file: str, loader: type[_Loader]) -> None:
        self._events = self._stream(text, loader)
        self._file = file
        self.keys: dict[DataPath, Mark] = {}
        self.values: dict[DataPath, Mark] = {}

    def document(self) -> object:
        next(self._events)
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            raise ScenarioError(self._file, "the file is empty; start with 'name: …'")
        if isinstance(start, yaml.DocumentStartEvent) and (start.version or start.tags):
            self._refuse(start, "a % directive is not allowed; remove the line")
        data = self._value(next(self._events), ())
        next(self._events)
        follower = next(self._events)
        if not isinstance(follower, yaml.StreamEndEvent):
            self._refuse(follower, "a second document starts here; keep one document in a file")
        return data

    def _stream(self, text: str, loader: type[_Loader]) -> Iterator[yaml.Event]:
        """The parser's events; its errors become ScenarioError. Some escape it as ValueError, without a place; the end
        of the last event stands in for it."""
        last = START
        try:
            for event in yaml.parse(text, Loader=loader):
                last = _mark(event.end_mark)
                yield event
        except yaml.MarkedYAMLError as error:
            raise self._syntax_error(error, last) from None
        except (yaml.YAMLError, ValueError, OverflowError):
            message = "not valid YAML after this; check its \\ escapes and numbers"
            raise ScenarioError(self._file, message, last) from None

    def _syntax_error(self, error: yaml.MarkedYAMLError, last: Mark) -> ScenarioError:
        problem = (error.problem or error.context or "cannot be parsed").replace("\n", " ")
        hint = next((hint for start, hint in _HINTS.items() if problem.startswith(start)), "check this line")
        mark = error.problem_mark or error.context_mark
        return ScenarioError(self._file, f"not valid YAML: {problem}; {hint}", _mark(mark) if mark else last)

    def _value(self, event: yaml.Event, path: DataPath) -> object:
        self.values[path] = _mark(event.start_mark)
        self._refuse_features(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if len(path) >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels; write it flatter")
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._list(path)

    def _mapping(self, path: DataPath) -> dict[str, object]:
        mapping: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            place = (*path, key)
            if key in mapping:
                first = self.keys[place].line
                self._refuse(event, f"key {quoted(key)} is given twice, first on line {first}; keep one")
            self.keys[place] = _mark(event.start_mark)
            mapping[key] = self._value(next(self._events), place)
        return mapping

    def _list(self, path: DataPath) -> list[object]:
        entries: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            entries.append(self._value(event, (*path, len(entries))))
        return entries

    def _key(self, event: yaml.Event) -> str:
        self._refuse_features(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "a list or mapping as a key; write a word")
        key = self._scalar(event)
        if not isinstance(key, str):
            self._refuse(event, f"the key {found(key)} is not text; write a word, or put it in quotes")
        if key == "<<" and event.implicit[0]:
            self._refuse(event, "a merge key << is not allowed; write the keys out")
        return key

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        refused = CONTROL.search(event.value)
        if refused:
            self._refuse(event, f"an escape for control character U+{ord(refused[0]):04X}; remove it")
        return _resolved(event.value) if event.implicit[0] else event.value

    def _refuse_features(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"an alias {quoted(f'*{event.anchor}')} is not allowed; write the value out")
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._refuse(event, f"an anchor {quoted(f'&{event.anchor}')} is not allowed; remove it")
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            self._refuse(event, f"a tag {quoted(_shorthand(event.tag))} is not allowed; write the plain value")

    def _refuse(self, event: yaml.Event, message: str) -> NoReturn:
        raise ScenarioError(self._file, message, _mark(event.start_mark))


def _resolved(text: str) -> object:
    """The value of a plain scalar."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def _shorthand(tag: str) -> str:
    return re.sub("^tag:yaml.org,2002:", "!!", tag)


class _LibraryMark(Protocol):
    """A place as the library counts it, line and column from 0."""

    line: int
    column: int


def _mark(mark: _LibraryMark | None) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark else START
