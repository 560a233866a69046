"""Arguments of `--set`: `sessions.0.count=200` sets a value of the parsed file. Set before the file is checked, it is
checked like the file's own."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from scenarios.errors import ScenarioError
from scenarios.language import yamlfile
from scenarios.language.document import DataPath, Document, path_text
from scenarios.language.wording import found, quoted

Container: TypeAlias = dict[str, object] | list[object]

_INDEX = re.compile("0|[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Override:
    """Sets the value at `keys`. `argument`: as it was typed, for error messages."""

    keys: tuple[str, ...]
    value: object
    argument: str


def parse_override(text: str) -> Override:
    """Read `path=value`; the value is a YAML scalar. ScenarioError."""
    argument = f"--set {text}"
    path, equals, value = text.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or not all(keys):
        raise ScenarioError(argument, "not a path and a value; write one such as sessions.0.count=200", None)
    if len(keys) > yamlfile.MAX_DEPTH:
        raise ScenarioError(argument, "the path is too long; the deepest value is three keys down", None)
    return Override(keys, yamlfile.parse_scalar(value.strip(), argument), argument)


def overridden(document: Document, overrides: Sequence[Override]) -> Document:
    """A copy of the document with these values set, in order; missing keys are added. ScenarioError."""
    data = copy.deepcopy(document.data)
    arguments = dict(document.arguments)
    for override in overrides:
        arguments.update(dict.fromkeys(_set(data, override.keys, override), override.argument))
    return replace(document, data=data, arguments=arguments)


def _set(node: object, keys: tuple[str, ...], override: Override, path: DataPath = ()) -> Iterator[DataPath]:
    """Set the value below `node`, which is at `path`; yields the paths of values that the argument created."""
    container = _container(node, path, override.argument)
    step = _step(container, keys[0], path, override.argument)
    if len(keys) == 1:
        _assign(container, step, override.value)
        yield (*path, step)
        return
    child = _child(container, step)
    if child is None:
        child = _empty(keys[1])
        _assign(container, step, child)
        yield (*path, step)
    yield from _set(child, keys[1:], override, (*path, step))


def _container(node: object, path: DataPath, argument: str) -> Container:
    if isinstance(node, (dict, list)):
        return node
    raise ScenarioError(argument, f"{path_text(path)} is {found(node)}, which has no parts; set it whole", None)


def _step(container: Container, key: str, path: DataPath, argument: str) -> str | int:
    """The key or list index in `key`; the index one past the end of a list appends an entry. ScenarioError."""
    if isinstance(container, dict):
        return key
    if _INDEX.fullmatch(key) and int(key) <= len(container):
        return int(key)
    last = len(container)
    message = f"{path_text(path)} is a list without an entry {quoted(key)}; write 0 to {last}, where {last} adds one"
    raise ScenarioError(argument, message, None)


def _child(container: Container, step: str | int) -> object:
    if isinstance(container, dict):
        return container.get(str(step))
    return container[int(step)] if int(step) < len(container) else None


def _assign(container: Container, step: str | int, value: object) -> None:
    if isinstance(container, dict):
        container[str(step)] = value
    elif step == len(container):
        container.append(value)
    else:
        container[int(step)] = value


def _empty(key: str) -> Container:
    return [] if _INDEX.fullmatch(key) else {}
