"""Reads expectations such as `media.interruption_ms.max <= 1500ms`.

    expectation = [ least ( "sessions" | "directions" ) ( "have" | ":" ) ] metric comparison value
    least       = PERCENT "of" | NUMBER
    metric      = a path into summary.json, or a reference to a part of the media (`references`)

A relay in brackets is that of the cluster, or those of all clusters of that kind, each by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite, nan
from typing import Literal, cast

from hostio.timing import MS, S
from results.metrics.metric_names import METRICS, Unit, app_metric, metric_names, program_metric_names
from results.metrics.part_names import figure_of, unit_of_figure
from results.run_files.app_metrics import canonical_name
from results.run_files.plan import Comparison, Condition, Expectation, Part
from results.verdict.summary_names import MACHINE_METRICS, ROWS, summary_unit
from scenarios.language.expectation_links import utilisation
from scenarios.language.expectation_names import Names
from scenarios.language.expectation_rows import row_metric
from scenarios.language.quantities import percent, time_ns, whole_number
from scenarios.language.references import Reference, part, reference, with_signs
from scenarios.language.wording import nearest, quoted, suggestion

_SHAPE = re.compile(r"(?P<metric>[^<>=!≤≥{]*[^\s<>=!≤≥{](?:\{[^{}]*\})?)\s*(?P<comparison>[<>=!≤≥]+)\s*(?P<value>\S.*)")
_COUNTED = re.compile(r"(?P<least>\S+)\s+(?P<share>of\s+)?(?P<of>[a-z]+)\s*(?::|\s+have\s)\s*(?P<metric>\S.*)")
_COMPARISONS = ("<", "<=", "==", "!=", ">=", ">")
_OTHER_SIGNS = {"=": "==", "===": "==", "≤": "<=", "≥": ">=", "=<": "<=", "=>": ">=", "<>": "!="}
_SINGLES = ("sessions", "directions")
_BY_NAME = ("relay", "connections", "webrtc")
_ROWS = {path.rpartition(".")[2]: path for path in ROWS}


def expectations(text: str, names: Names) -> tuple[Expectation, ...]:
    """The expectations in a text, of which `relay[KIND]` makes one for each relay. ValueError with what is wrong and
    what to write."""
    match = _SHAPE.fullmatch(with_signs(text))
    if match is None:
        raise ValueError(_no_expectation(text))
    metric, comparison, value = match["metric"], match["comparison"], match["value"]
    if counted := _COUNTED.fullmatch(metric):
        return (_counted(counted, _comparison(comparison), value, text, names),)
    named = None if app_metric(metric) else reference(metric)
    if named is None and " " in metric and not app_metric(metric):
        raise ValueError(_no_expectation(text))
    if named and named.kind == "link":
        of_link = utilisation(named, names)
        return (Expectation(named.name, _comparison(comparison), percent(value), text, link=of_link),)
    if named and _of_a_part(named):
        found = part(named, names)
        limit = _value(value, unit_of_figure(found.figure))
        return (Expectation(named.name, _comparison(comparison), limit, text, found),)
    return tuple(
        Expectation(name, _comparison(comparison), _value(value, unit), text)
        for name, unit in _in_summary(metric, named, names)
    )


def _no_expectation(text: str) -> str:
    return f"{quoted(text)} is not an expectation; write one such as media.still_interrupted == 0"


def _comparison(sign: str) -> Comparison:
    if sign not in _COMPARISONS:
        right = _OTHER_SIGNS.get(sign, f"one of {' '.join(_COMPARISONS)}")
        raise ValueError(f"unknown comparison {quoted(sign)}; write {right}")
    return cast(Comparison, sign)


def _of_a_part(named: Reference) -> bool:
    """Whether it names a number of the media that does not stand in the summary."""
    if named.kind == "group":
        return True
    more = figure_of(named.figure or "") and f"media.{named.figure}" not in METRICS
    return named.kind == "media" and bool(named.addresses or named.time or more)


def _counted(match: re.Match[str], comparison: Comparison, value: str, text: str, names: Names) -> Expectation:
    """An expectation on how many sessions or directions meet a condition."""
    of, said = match["of"], match["metric"]
    if of not in _SINGLES:
        raise ValueError(f"{quoted(of)} cannot be counted; {suggestion(of, _SINGLES)}")
    named = _of_single(said)
    if named is None:
        example = "interruption_ms, lost or one_way_ms.p99"
        raise ValueError(f"{quoted(said)} is no figure of {of}; write one such as {example}")
    found = part(named, names)
    met = Condition(
        cast(Literal["sessions", "directions"], of),
        comparison,
        _value(value, unit_of_figure(found.figure)),
        counted=not match["share"],
    )
    least = _least(match["least"], share=bool(match["share"]))
    if met.counted and least > (most := _most(found, met, names)):
        raise ValueError(f"there are {most} {of}; write at most {most}")
    measured = f"{'percent' if match['share'] else 'number'} of {of} with {named.name} {comparison} {value}"
    return Expectation(measured, ">=", least, text, replace(found, condition=met))


def _most(found: Part, met: Condition, names: Names) -> int:
    """How many of what is counted there are at most."""
    sizes = names.sizes if met.of == "sessions" else names.streams
    return sum(size for group, size in sizes.items() if found.group in (None, group))


def _of_single(said: str) -> Reference | None:
    """A reference to the media or to a group, or without either to a figure of the media; None if it is neither."""
    named = reference(said)
    if named and named.kind in ("media", "group"):
        return named
    return None if named is None or named.addresses else reference(f"media.{said}")


def _least(text: str, *, share: bool) -> float:
    if not share:
        return _value(text, "count")
    least = percent(text)
    if least > 100:
        raise ValueError(f"{quoted(text)} is more than everything; write at most 100%")
    return least


def _in_summary(metric: str, named: Reference | None, names: Names) -> Iterator[tuple[str, Unit]]:
    """The paths into the summary, with their units, of what is named by a name in brackets, or as it is."""
    if named is None or not (named.addresses or named.time):
        yield _known(metric, names)
        return
    if named.time:
        raise ValueError(f"{quoted(named.kind)} has no times of its own; leave out {quoted(named.time.strip())}")
    kinds = (*_BY_NAME, *_ROWS)
    if named.kind not in kinds or named.figure is None or len(named.addresses) != 1:
        known = suggestion(named.kind, ("media", "group", "link", *kinds))
        raise ValueError(f"unknown metric {quoted(named.name)}; {known}")
    (address,) = named.addresses
    if named.kind in _ROWS:
        name = row_metric(_ROWS[named.kind], address, named.figure, names)
        yield name, summary_unit(name)
        return
    for name in _named(named.kind, address, names):
        yield _known(f"{named.kind}.{name}.{named.figure}", names)


def _named(kind: str, address: str, names: Names) -> Sequence[str]:
    """The clusters, or the group of connections, of an address."""
    if kind != "relay":
        groups = names.connections if kind == "connections" else names.webrtc
        if address in groups:
            return (address,)
        raise ValueError(f"there is no group {quoted(address)}; {suggestion(address, groups)}")
    clusters = [address] if address in names.clusters else [at for at, each in names.kinds.items() if each == address]
    if not clusters:
        known = (*names.clusters, *names.kinds.values())
        raise ValueError(f"there is no relay {quoted(address)}; {suggestion(address, known)}")
    return clusters


def _known(metric: str, names: Names) -> tuple[str, Unit]:
    """A metric of the summary as it is to be written, and its unit. ValueError."""
    if asked := app_metric(metric):
        return _told_by_a_program(*asked, names.clusters), "number"
    if metric.count("[") != metric.count("]"):
        raise ValueError(f"a bracket of {quoted(metric)} has no other; write one such as group[NAME].lost")
    if metric.startswith("machine."):
        if metric not in MACHINE_METRICS:
            raise ValueError(f"unknown metric {quoted(metric)}; {suggestion(metric, MACHINE_METRICS)}")
        return metric, MACHINE_METRICS[metric]
    metrics = {**metric_names(names.parts), **program_metric_names(names.clusters)}
    if metric not in metrics:
        known = metrics if nearest(metric, metrics) else METRICS
        raise ValueError(f"unknown metric {quoted(metric)}; {suggestion(metric, known)}")
    return metric, metrics[metric]


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
    if unit in ("ms", "s"):
        return time_ns(text) / (MS if unit == "ms" else S)
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
