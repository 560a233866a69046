"""Reads expectations such as `media.interruption_ms.max <= 1500ms`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite, nan
from typing import cast

from hostio.timing import MS
from results.metrics.metric_names import (
    METRICS,
    NO_PARTS,
    NamedParts,
    Unit,
    app_metric,
    metric_names,
    program_metric_names,
)
from results.run_files.app_metrics import canonical_name
from results.run_files.plan import Comparison, Expectation
from scenarios.language.quantities import percent, time_ns, whole_number
from scenarios.language.wording import nearest, quoted, suggestion

_SHAPE = re.compile(r"(?P<metric>[^\s<>=!≤≥{]+(?:\{[^{}]*\})?)\s*(?P<comparison>[<>=!≤≥]+)\s*(?P<value>\S.*)")
_COMPARISONS = ("<", "<=", "==", "!=", ">=", ">")
_OTHER_SIGNS = {"=": "==", "===": "==", "≤": "<=", "≥": ">=", "=<": "<=", "=>": ">=", "<>": "!="}


def expectation(text: str, named: NamedParts = NO_PARTS) -> Expectation:
    """The expectation in a text, for a run with these clusters and groups, which name some metrics.

    ValueError with what is wrong and what to write.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(f"{quoted(text)} is not an expectation; write one such as media.still_interrupted == 0")
    metric, comparison = match["metric"], match["comparison"]
    here = named.clusters
    unit: Unit
    metrics = {**metric_names(named), **program_metric_names(here)}
    if asked := app_metric(metric):
        metric, unit = _told_by_a_program(*asked, here), "number"
    elif metric in metrics:
        unit = metrics[metric]
    else:
        known = metrics if nearest(metric, metrics) else METRICS
        raise ValueError(f"unknown metric {quoted(metric)}; {suggestion(metric, known)}")
    if comparison not in _COMPARISONS:
        right = _OTHER_SIGNS.get(comparison, f"one of {' '.join(_COMPARISONS)}")
        raise ValueError(f"unknown comparison {quoted(comparison)}; write {right}")
    return Expectation(metric, cast(Comparison, comparison), _value(match["value"], unit), text)


def _told_by_a_program(cluster: str, sample: str, clusters: Sequence[str]) -> str:
    """The metric, with the labels of the sample in order. ValueError."""
    if cluster not in clusters:
        raise ValueError(f"unknown cluster {quoted(cluster)}; {suggestion(cluster, clusters)}")
    name = canonical_name(sample)
    if name is None:
        example = f'relay.{cluster}.app.requests_total{{code="200"}}'
        raise ValueError(f"{quoted(sample)} is no name of a Prometheus metric; write such as {example}")
    return f"relay.{cluster}.app.{name}"


def _value(text: str, unit: Unit) -> float:
    if unit == "ms":
        return time_ns(text) / MS
    if unit == "percent":
        return percent(text)
    if unit == "number":
        return _number(text)
    return float(whole_number(int(text) if re.fullmatch(r"0|[1-9][0-9]{0,11}", text) else text))


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not isfinite(number):
        raise ValueError(f"{quoted(text)} is no number; write such as 0.25")
    return number
