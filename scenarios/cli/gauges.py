"""The figures of a run as gauges in base units, as Prometheus has them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType

from results.verdict.summary import Summary

VERDICTS = ("pass", "fail", "inconclusive")

_STATISTICS = ("p50", "p99", "max", "min")
"""Names of fields that become the label `stat`."""

_UNITS: Mapping[str, tuple[str, float, float]] = MappingProxyType(
    {
        "ms": ("seconds", 1, 1000),
        "s": ("seconds", 1, 1),
        "percent": ("ratio", 1, 100),
        "kib": ("bytes", 1024, 1),
        "mib": ("bytes", 1 << 20, 1),
    }
)
"""By the last part of a name: the base unit, and by what a value is multiplied and then divided."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A family of samples. `unit`: with which the name ends, or empty; `samples`: labels and value of each."""

    name: str
    about: str
    unit: str
    samples: Sequence[tuple[Mapping[str, str], float]]


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of the summary: its path there, with <labels> in place of names, in parts."""

    path: tuple[str, ...]
    labels: Mapping[str, str]
    value: float


def gauges_of(summary: Summary, run: str) -> list[Gauge]:
    """All figures of a summary. `run`: the name of its directory, a label of each sample, as are scenario and seed."""
    shared = {"scenario": summary.scenario, "seed": str(summary.seed), "run": run}
    about: dict[tuple[str, str], str] = {}
    samples: defaultdict[str, list[tuple[Mapping[str, str], float]]] = defaultdict(list)
    for number in _numbers(summary):
        name, unit, value = _in_base_unit(number)
        stat = {"stat": number.path[-1]} if number.path[-1] in _STATISTICS else {}
        samples[name].append(({**shared, **number.labels, **stat}, value))
        path = ".".join(each for each in number.path if each not in _STATISTICS)
        about.setdefault((name, unit), f"{path} of summary.json")
    return [Gauge(name, text, unit, tuple(samples[name])) for (name, unit), text in sorted(about.items())]


def _in_base_unit(number: _Number) -> tuple[str, str, float]:
    """The name of a number, its base unit, and its value in that."""
    words = [word for part in number.path if part[0] != "<" and part not in _STATISTICS for word in part.split("_")]
    at = next((at for at in range(len(words) - 1, -1, -1) if words[at] in _UNITS), None)
    if at is None and words[-1] != "at":
        return "_".join(("blipnet", *words)), "", number.value
    unit, times, per = _UNITS["s" if at is None else words.pop(at)]
    return "_".join(("blipnet", *words, unit)), unit, number.value * times / per


def _numbers(summary: Summary) -> Iterator[_Number]:
    for verdict in VERDICTS:
        yield _Number(("run", "verdict"), {"verdict": verdict}, float(summary.verdict == verdict))
    for expected in summary.expectations:
        if expected.ok is not None:
            yield _Number(("expectation", "met"), {"expectation": expected.text}, float(expected.ok))
    for check in summary.fidelity:
        yield _Number(("fidelity", "ok"), {"check": check.id}, float(check.ok))
    yield _Number(("reroutes",), {}, len(summary.reroutes))
    for name in ("media", "ledger", "machine", "oracle"):
        yield from _leaves(getattr(summary, name), (name,), {})
    for pair in summary.pairs:
        yield from _leaves(pair, ("pair",), {"source": pair.source, "destination": pair.destination})
    for group in summary.groups:
        yield from _leaves(group, ("group",), {"group": group.name})
    for name, label in (("relay", "cluster"), ("connections", "group"), ("webrtc", "group")):
        for each, figures in getattr(summary, name).items():
            yield from _leaves(figures, (name, f"<{label}>"), {label: each})
    for cluster, program in summary.programs.items():
        yield from _leaves(program, ("relay", "<cluster>"), {"cluster": cluster})


def _leaves(value: object, path: tuple[str, ...], labels: Mapping[str, str]) -> Iterator[_Number]:
    """The numbers in a value; those of a mapping are told apart by the label `what`. Lists are left out."""
    if isinstance(value, (int, float)):
        yield _Number(path, labels, float(value))
    elif isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, (int, float)):
                yield _Number(path, {**labels, "what": key}, float(each))
    elif is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name), (*path, field.name), labels)
