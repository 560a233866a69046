"""Reads what an expectation names of a row of the summary: `fidelity[pacing-p99].value`, `faults[0].applied_at`."""

from __future__ import annotations

from results.verdict.summary_names import CHECKS, IN_ROWS
from scenarios.language.expectation_names import Names
from scenarios.language.wording import quoted, suggestion


def row_metric(rows: str, address: str, figure: str, names: Names) -> str:
    """The path of a number in a row. `rows`: the path of the list. ValueError with what is wrong and what to write."""
    known = _addresses(rows, names)
    if known is None:
        if not address.isdecimal():
            raise ValueError(f"{quoted(address)} is no number of a row; write one such as 0 for the first")
    elif address not in known:
        raise ValueError(f"there is no {quoted(address)} under {rows}; {suggestion(address, known)}")
    if figure not in IN_ROWS[rows]:
        raise ValueError(f"unknown metric {quoted(f'{rows}[{address}].{figure}')}; {suggestion(figure, IN_ROWS[rows])}")
    return f"{rows}.{address}.{figure}"


def _addresses(rows: str, names: Names) -> tuple[str, ...] | None:
    """What its rows are called; None: they have numbers, and how many there will be is not known."""
    if rows == "fidelity":
        return CHECKS
    if rows in ("faults", "convergence"):
        return tuple(map(str, range(names.faults)))
    if rows == "ledger.routes":
        return (*names.pairs, "canaries")
    return None if rows == "reroutes" else tuple(names.published)
