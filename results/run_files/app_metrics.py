"""The metrics that a relay program gives of itself, a JSON object per second: `raw/app-<cluster>.jsonl`.

A sample is named as Prometheus writes it, `name{label="value",…}`, labels in the order of their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*"'
_SAMPLE = re.compile(rf"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{{(?P<labels>{_LABEL}(?:,{_LABEL})*)\}})?")
_EACH_LABEL = re.compile(_LABEL)


@dataclass(frozen=True, slots=True)
class Scrape:
    """The answer of an endpoint at a time, CLOCK_MONOTONIC ns. `values`: of samples, by name, without those that are no
    finite number; `counters`: names of those that only grow while the program lives. `problem`: why there are none."""

    at_ns: int
    values: dict[str, float] = field(default_factory=dict)
    counters: tuple[str, ...] = ()
    problem: str | None = None


def sample_name(name: str, labels: Mapping[str, str]) -> str:
    """The name of a sample with its labels."""
    escaped = (f'{label}="{_escaped(value)}"' for label, value in sorted(labels.items()))
    return f"{name}{{{','.join(escaped)}}}" if labels else name


def canonical_name(text: str) -> str | None:
    """A sample's name as somebody wrote it, with its labels in order; None if it is none."""
    found = _SAMPLE.fullmatch(text)
    if found is None:
        return None
    labels = sorted(_EACH_LABEL.findall(found["labels"] or ""))
    return f"{found['name']}{{{','.join(labels)}}}" if labels else found["name"]


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
