"""Values of metrics with their bounds, as text. Pure."""

from __future__ import annotations

from results.bounds.interval import Interval
from results.metrics.metric_names import Unit, unit_of
from results.verdict.summary import ExpectationRow
from results.verdict.summary_names import ROWS, summary_unit

_UNITS = {"ms": " ms", "s": " s", "percent": " %", "count": "", "number": ""}
_DECIMALS = ((1000, 0), (100, 1), (1, 2))
"""How many decimals a number has from which value on."""


def metric_unit(metric: str) -> Unit:
    """The unit of any number of the summary that an expectation may name."""
    return summary_unit(metric) if metric.startswith((*ROWS, "machine.")) else unit_of(metric)


def unit_text(unit: Unit) -> str:
    """What stands behind a number of a unit."""
    return _UNITS[unit]


def found_text(row: ExpectationRow) -> str:
    """What an expectation found: `14 814 ms (14 702 … 14 814)`."""
    unit = unit_text(metric_unit(row.metric))
    if row.not_told:
        return "not told by the relay's program"
    if row.value is None:
        known = (row.ok is not None or row.interval) and not row.metric.startswith("link")
        value = _nothing(row.metric) if known else "unknown"
        return value + interval_text(None, row.interval, unit)
    return f"{number_text(row.value)}{unit}{interval_text(row.value, row.interval, unit)}"


def _nothing(metric: str) -> str:
    """What did not happen, of which a metric is the length."""
    if ".frames." in metric:
        return "no freeze"
    if ".bursts." in metric:
        return "no burst"
    return "no packet out of order" if ".order." in metric else "no interruption"


def interval_text(value: float | None, interval: Interval | None, unit: str = "") -> str:
    """The bounds in parentheses, after a blank; empty if none are known, or if they are the value itself."""
    if interval is None or interval == Interval(value, value):
        return ""
    low, high = interval.low, interval.high
    if high is None:
        return f" (at least {number_text(low)}{unit})" if low else " (no bounds)"
    if value is None:
        return f" (at most {number_text(high)}{unit})" if high else ""
    return f" ({'' if low is None else number_text(low)} … {number_text(high)})"


def number_text(value: float) -> str:
    """A number in groups of three digits, with as many decimals as a reader needs: none from a thousand on."""
    digits = next((decimals for least, decimals in _DECIMALS if abs(value) >= least), 3)
    text = f"{value:,.{digits}f}".replace(",", " ")
    return text.rstrip("0").rstrip(".") if digits else text
