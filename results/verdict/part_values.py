"""Values of parts of the media, and of links at times, that expectations name. Pure."""

from __future__ import annotations

from operator import attrgetter

from results.bounds.interval import decided, exactly
from results.bounds.parts import part_figures
from results.metrics.analysis import Analysis, Evidence
from results.metrics.link_use import utilisation_percent
from results.metrics.matching import Flags
from results.metrics.media_figures import percentile
from results.metrics.part_names import percentile_of
from results.metrics.parts import Parts, Window, singles, streams_of_part
from results.run_files.plan import Part

_LENGTHS = ("interruption_ms", "loss_derived_ms", "order.extent", "order.late_ms", "frames.freeze_ms")
"""Quantities that a part without any has none of, of which each is then below any limit."""


def part_values(evidence: Evidence, analysis: Analysis) -> dict[str, float | None]:
    """The value of each part that an expectation names, by its name; None: unknown, or none to measure."""
    asked, parts = evidence.plan.expectations, Parts(analysis)
    of_links = {each.metric: utilisation_percent(evidence, analysis, each.link) for each in asked if each.link}
    return {each.metric: _value(evidence, parts, each.part) for each in asked if each.part} | of_links


def no_length(part: Part | None) -> bool:
    """Whether a part's value is None because nothing happened of which it would be the length."""
    asked = percentile_of(part.figure) if part and not part.condition else None
    return asked is not None and asked[0] in _LENGTHS


def _value(evidence: Evidence, parts: Parts, part: Part) -> float | None:
    streams = parts.analysis.matched.streams
    chosen, window = streams_of_part(streams, part), Window.of(part, parts.analysis.start_ns)
    if part.condition is None:
        return _figure(evidence, parts, chosen, window, part.figure)
    condition, met = part.condition, []
    for single in singles(streams, chosen, condition.of):
        value = _figure(evidence, parts, single, window, part.figure)
        if value is None and (asked := percentile_of(part.figure)) and asked[0] in _LENGTHS:
            value = 0.0
        met.append(value is not None and decided(exactly(value), condition.comparison, condition.value))
    count = sum(1 for each in met if each)
    return float(count) if condition.counted else round(100 * count / len(met), 3) if met else None


def _figure(evidence: Evidence, parts: Parts, chosen: Flags, window: Window | None, figure: str) -> float | None:
    own = parts.of(chosen, window)
    if asked := percentile_of(figure):
        return percentile(evidence, own, *asked)
    value: float | None = attrgetter(figure)(part_figures(evidence, own, chosen))
    return value
