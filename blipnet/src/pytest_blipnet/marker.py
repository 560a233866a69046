"""The marker `scenario`: which file a test plays, and how."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import pytest

MARKER = "scenario"
USAGE = (
    f"{MARKER}(file, relay=None, set={{}}, seed=None, repeat=1): "
    "the scenario file that blipnet_run() plays, from the folder of the test's file; "
    "repeat: so often, each time with another seed"
)


@dataclass(frozen=True, slots=True)
class ScenarioMark:
    """Its arguments. `relay`: None leaves it to --blipnet-relay. Values of `set` go before those of the file."""

    file: str | None = None
    relay: str | Path | None = None
    set: Mapping[str, object] | Iterable[str] = field(default_factory=dict)
    seed: int | None = None
    repeat: int = 1

    @property
    def seeds(self) -> list[int]:
        """Those of the repeated runs: from the one given on, or from 1."""
        first = 1 if self.seed is None else self.seed
        return [first + each for each in range(self.repeat)]


def mark_of(node: pytest.Item) -> ScenarioMark:
    """The marker nearest to a test, or one without arguments. pytest.Collector.CollectError if it makes no sense."""
    mark = node.get_closest_marker(MARKER)
    if mark is None:
        return ScenarioMark()
    names = [name for name in inspect.signature(ScenarioMark).parameters if name != "file"]
    for unknown in mark.kwargs.keys() - {*names, "file"}:
        near = get_close_matches(unknown, names, n=1)
        raise _wrong(
            node, f"unknown argument {unknown!r}; " + (f"did you mean {near[0]!r}?" if near else f"it has {names}")
        )
    try:
        found = ScenarioMark(*mark.args, **mark.kwargs)
    except TypeError:
        raise _wrong(node, f"the file comes first, all else by name: {USAGE}") from None
    if len(mark.args) > 1 or not found.file:
        raise _wrong(node, f"the file comes first, all else by name: {USAGE}")
    if not isinstance(found.repeat, int) or found.repeat < 1:
        raise _wrong(node, f"repeat={found.repeat!r}: write a number from 1 on")
    return found


def _wrong(node: pytest.Item, what: str) -> pytest.Collector.CollectError:
    return pytest.Collector.CollectError(f"{node.nodeid}: marker {MARKER}: {what}")
