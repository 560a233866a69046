"""Reads traces of links from files: tables (`.csv`), and mahimahi's packet-delivery traces (any other name)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from hostio.timing import MS, US, S
from scenarios.errors import Mark, ScenarioError, all_right
from scenarios.language import yamlfile
from scenarios.language.csv_rows import Row, csv_rows
from scenarios.language.trace import DeliveryTrace, TableTrace, Trace, TracePoint
from scenarios.language.wording import quoted, suggestion

_MILLISECONDS = re.compile("[0-9]{1,12}")

MOST_BYTES = 16 << 20
"""Size of the longest trace."""


class _Column(NamedTuple):
    """What a column is of, and how much of its figure's own unit 1 in it is."""

    figure: str
    factor: Decimal


_COLUMNS: Mapping[str, _Column] = MappingProxyType(
    {
        "time_s": _Column("after_ns", Decimal(S)),
        "time_ms": _Column("after_ns", Decimal(MS)),
        "delay_ms": _Column("delay_ns", Decimal(MS)),
        "delay_us": _Column("delay_ns", Decimal(US)),
        "loss_percent": _Column("loss", Decimal("0.01")),
        "rate_bit": _Column("rate_bps", Decimal(1)),
        "rate_kbit": _Column("rate_bps", Decimal(1_000)),
        "rate_mbit": _Column("rate_bps", Decimal(1_000_000)),
    }
)
"""Names of the columns; each says its unit."""

_LIMITS: Mapping[str, tuple[Decimal, Decimal, str]] = MappingProxyType(
    {
        "after_ns": (Decimal(0), Decimal(10**18), "a time from 0 on"),
        "delay_ns": (Decimal(0), Decimal(10 * S), "from 0 to 10 s"),
        "loss": (Decimal(0), Decimal(1), "from 0 to 100"),
        "rate_bps": (
            Decimal(8_000),
            Decimal(10**11),
            "from 8 kbit to 100 gbit; for a link that carries nothing a loss",
        ),
    }
)


def read_trace(path: Path) -> Trace:
    """The trace in a file; ScenarioError with all that is wrong."""
    text = yamlfile.read_text(path, MOST_BYTES)
    return _table(text, str(path)) if path.suffix == ".csv" else _deliveries(text.splitlines(), str(path))


def _empty(file: str) -> ScenarioError:
    return ScenarioError(file, "the trace is empty; write a table, or a delivery time on each line")


def _table(text: str, file: str) -> TableTrace:
    rows = tuple(csv_rows(text, file))
    if not rows:
        raise _empty(file)
    columns = all_right(_columns(rows[0], file))
    points = all_right(_points(columns, rows[1:], file))
    if not points:
        raise ScenarioError(file, "the table has no rows; write one for each change of the link", rows[0].mark())
    return TableTrace(tuple(replace(point, after_ns=point.after_ns - points[0].after_ns) for point in points))


def _columns(header: Row, file: str) -> Iterator[_Column | ScenarioError]:
    found: list[str] = []
    for number, name in enumerate(header.cells):
        column = _COLUMNS.get(name)
        if column is None:
            yield ScenarioError(
                file, f"unknown column {quoted(name)}; {suggestion(name, _COLUMNS)}", header.mark(number)
            )
        elif column.figure in found:
            text = f"{quoted(name)} is there already, in this or another unit; keep one"
            yield ScenarioError(file, text, header.mark(number))
        else:
            found.append(column.figure)
            yield column
    if "after_ns" not in found and len(found) == len(header.cells):
        yield ScenarioError(file, "no column has the times; add time_s or time_ms", header.mark())
    elif len(header.cells) == 1:
        yield ScenarioError(file, "only times; add a column such as delay_ms, loss_percent or rate_kbit", header.mark())


def _points(columns: Sequence[_Column], rows: Iterable[Row], file: str) -> Iterator[TracePoint | ScenarioError]:
    at = [column.figure for column in columns].index("after_ns")
    last_ns: int | None = None
    for row in rows:
        if len(row.cells) != len(columns):
            text = f"{len(row.cells)} values; write {len(columns)}, as in the header"
            yield ScenarioError(file, text, row.mark(len(columns)))
            continue
        values = [_value(column, cell) for column, cell in zip(columns, row.cells, strict=True)]
        wrong = [(number, each) for number, each in enumerate(values) if isinstance(each, str)]
        yield from (ScenarioError(file, text, row.mark(number)) for number, text in wrong)
        if not wrong:
            point = _point({column.figure: Decimal(each) for column, each in zip(columns, values, strict=True)})
            if last_ns is not None and point.after_ns <= last_ns:
                text = f"the time {row.cells[at]} is no later than the one before it; let times grow"
                yield ScenarioError(file, text, row.mark(at))
            last_ns = point.after_ns
            yield point


def _point(values: dict[str, Decimal]) -> TracePoint:
    loss = values.pop("loss", None)
    whole = {figure: round(value) for figure, value in values.items()}
    return TracePoint(**whole, loss=None if loss is None else float(loss))


def _value(column: _Column, text: str) -> Decimal | str:
    """A value in the figure's own unit, or what is wrong with it."""
    try:
        value = Decimal(text) * column.factor
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        return f"{quoted(text)} is no number; write such as 12.5"
    least, most, right = _LIMITS[column.figure]
    return value if least <= value <= most else f"{quoted(text)} is out of bounds; write {right}"


def _deliveries(lines: Sequence[str], file: str) -> DeliveryTrace:
    at_ms = all_right(_times_ms(lines, file))
    if not at_ms:
        raise _empty(file)
    if not at_ms[-1]:
        raise ScenarioError(file, "the last time is 0, so that the trace has no length; write a later one")
    return DeliveryTrace(tuple(at_ms))


def _times_ms(lines: Sequence[str], file: str) -> Iterator[int | ScenarioError]:
    last_ms = 0
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        if not _MILLISECONDS.fullmatch(text.strip()):
            right = "write a time in whole ms on each line; a table's name ends in .csv"
            yield ScenarioError(file, f"{quoted(text)} is no delivery time; {right}", Mark(number, 1))
        elif int(text) < last_ms:
            yield ScenarioError(file, f"the time {int(text)} is before {last_ms}; let times grow", Mark(number, 1))
        else:
            last_ms = int(text)
            yield last_ms
