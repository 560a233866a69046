"""What a reader of a failed test sees of its run. Pure but for the run's own files."""

from __future__ import annotations

from collections.abc import Iterator

from blipnet import DocumentError, Expectation, Run


def text_of(run: Run) -> str:
    """Verdict, what was expected and found, the longest interruption, what is wrong in the relays, and where all is."""
    return "\n".join(_lines(run))


def _lines(run: Run) -> Iterator[str]:
    yield f"{run.scenario}, seed {run.seed}: {run.verdict}"
    yield from (f"  expected {found_text(each)}" for each in run.missed)
    if not run.missed:
        yield from (f"  {reason}" for reason in run.reasons)
    yield f"longest interruption: {_longest(run)}"
    yield from run.diagnosis
    yield from (f"plot: {path}" for path in run.plots)
    yield f"run directory: {run.path}"


def _longest(run: Run) -> str:
    try:
        return str(run.longest_interruption or "none")
    except DocumentError as error:
        return f"unknown ({error})"


def found_text(expected: Expectation) -> str:
    """An expectation with the value that was found and its bounds, in the unit that the metric's name has."""
    value = "none" if expected.value is None else _number(expected.value)
    return f"{expected.text}, found {value}{_bounds(expected)}"


def _bounds(expected: Expectation) -> str:
    low, high = expected.low, expected.high
    if low == high:
        return ""  # both unknown, or no more than the value
    if high is None:
        return f" (at least {_number(low or 0)})"
    return f" (at most {_number(high)})" if low is None else f" ({_number(low)} … {_number(high)})"


def _number(value: float) -> str:
    return f"{value:.10g}"
