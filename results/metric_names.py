"""The metrics that an expectation may name: numeric paths into `summary.json`, each with its unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Literal, get_type_hints

from results.summary import Media

Unit = Literal["ms", "percent", "count"]


def _leaves(of: type) -> Iterator[str]:
    hints = get_type_hints(of)
    for field in fields(of):
        if is_dataclass(hints[field.name]):
            yield from (f"{field.name}.{leaf}" for leaf in _leaves(hints[field.name]))
        else:
            yield field.name


def _unit(name: str) -> Unit:
    stem = name.split(".", maxsplit=1)[0]
    return "ms" if stem.endswith("_ms") else "percent" if stem.endswith("_percent") else "count"


METRICS: Mapping[str, Unit] = MappingProxyType(
    {**{f"media.{name}": _unit(name) for name in _leaves(Media)}, "reroutes": "count"}
)
"""Every number under `media`, and `reroutes`, which is the length of the summary's list."""
