"""What relay programs tell of themselves over their metrics endpoint, from the answers of a run. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from results.metrics.analysis import Analysis
from results.run_files.app_metrics import Scrape


def app_values(scrapes: Sequence[Scrape], analysis: Analysis) -> dict[str, float]:
    """The values by name: of a counter its growth while media flowed, of anything else what the last answer says.

    The answers are those from the last one before the media to the first one after. A counter that falls was started
    anew, and counts from 0; one that appears later does, too. Without the last answer nothing is known, and of counters
    without the first.
    """
    inside = _in_media(scrapes, analysis)
    if not inside or inside[-1].problem:
        return {}
    last = inside[-1]
    gauges = {name: value for name, value in last.values.items() if name not in last.counters}
    if inside[0].problem or inside[0].at_ns > analysis.start_ns:
        return gauges
    answers = [each for each in inside if not each.problem]
    return {name: gauges[name] if name in gauges else _growth(answers, name) for name in last.values}


def app_problem(scrapes: Sequence[Scrape], analysis: Analysis) -> str | None:
    """How often there was no answer while media flowed, and most often why; None if there always was."""
    inside = _in_media(scrapes, analysis)
    problems = Counter(each.problem for each in inside if each.problem)
    if not problems:
        return None
    ((most, _),) = problems.most_common(1)
    return f"its metrics were not told {problems.total()} times of {len(inside)}: {most}"


def _in_media(scrapes: Sequence[Scrape], analysis: Analysis) -> Sequence[Scrape]:
    first = sum(1 for each in scrapes if each.at_ns <= analysis.start_ns)
    last = sum(1 for each in scrapes if each.at_ns < analysis.end_ns)
    return scrapes[max(first - 1, 0) : last + 1]


def _growth(answers: Sequence[Scrape], name: str) -> float:
    values = [each.values.get(name, 0.0) for each in answers]
    return sum(after - before if after >= before else after for before, after in pairwise(values))
