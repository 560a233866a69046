"""Reads traces of links from files: tables (`.csv`), and mahimahi's packet-delivery traces (any other name)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from hostio.timing import MS, US, S
from scenarios.errors import Mark, ScenarioError
from scenarios.language import yamlfile
from scenarios.language.csv_rows import csv_rows
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
    """The trace in a file; ScenarioError with the line that is wrong."""
    text = yamlfile.read_text(path, MOST_BYTES)
    return _table(text, str(path)) if path.suffix == ".csv" else _deliveries(text.splitlines(), str(path))


def _empty(file: str) -> ScenarioError:
    return ScenarioError(file, "the trace is empty; write a table, or a delivery time on each line")


def _table(text: str, file: str) -> TableTrace:
    rows = tuple(csv_rows(text, file))
    if not rows:
        raise _empty(file)
    first, header = rows[0]
    columns = _columns(header, file, first)
    points: list[TracePoint] = []
    for line, cells in rows[1:]:
        point = _point(columns, cells, file, line)
        if points and point.after_ns <= points[-1].after_ns:
            time = cells[[column.figure for column in columns].index("after_ns")]
            raise ScenarioError(
                file, f"the time {time} is no later than the one before it; let times grow", Mark(line, 1)
            )
        points.append(point)
    if not points:
        raise ScenarioError(file, "the table has no rows; write one for each change of the link", Mark(first, 1))
    return TableTrace(tuple(replace(point, after_ns=point.after_ns - points[0].after_ns) for point in points))


def _columns(header: Sequence[str], file: str, line: int) -> tuple[_Column, ...]:
    for number, name in enumerate(header):
        if name not in _COLUMNS:
            text = f"unknown column {quoted(name)}; {suggestion(name, _COLUMNS)}"
            raise ScenarioError(file, text, Mark(line, 1))
        if _COLUMNS[name].figure in [_COLUMNS[other].figure for other in header[:number]]:
            raise ScenarioError(
                file, f"{quoted(name)} is there already, in this or another unit; keep one", Mark(line, 1)
            )
    found = tuple(_COLUMNS[name] for name in header)
    if "after_ns" not in [column.figure for column in found]:
        raise ScenarioError(file, "no column has the times; add time_s or time_ms", Mark(line, 1))
    if len(found) == 1:
        raise ScenarioError(file, "only times; add a column such as delay_ms, loss_percent or rate_kbit", Mark(line, 1))
    return found


def _point(columns: Sequence[_Column], cells: Sequence[str], file: str, line: int) -> TracePoint:
    if len(cells) != len(columns):
        raise ScenarioError(file, f"{len(cells)} values; write {len(columns)}, as in the header", Mark(line, 1))
    values = {column.figure: _value(column, text, file, line) for column, text in zip(columns, cells, strict=True)}
    loss = values.pop("loss", None)
    whole = {figure: round(value) for figure, value in values.items()}
    return TracePoint(**whole, loss=None if loss is None else float(loss))


def _value(column: _Column, text: str, file: str, line: int) -> Decimal:
    try:
        value = Decimal(text) * column.factor
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ScenarioError(file, f"{quoted(text)} is no number; write such as 12.5", Mark(line, 1))
    least, most, right = _LIMITS[column.figure]
    if not least <= value <= most:
        raise ScenarioError(file, f"{quoted(text)} is out of bounds; write {right}", Mark(line, 1))
    return value


def _deliveries(lines: Sequence[str], file: str) -> DeliveryTrace:
    at_ms: list[int] = []
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        if not _MILLISECONDS.fullmatch(text.strip()):
            right = "write a time in whole ms on each line; a table's name ends in .csv"
            raise ScenarioError(file, f"{quoted(text)} is no delivery time; {right}", Mark(number, 1))
        if at_ms and int(text) < at_ms[-1]:
            raise ScenarioError(file, f"the time {int(text)} is before {at_ms[-1]}; let times grow", Mark(number, 1))
        at_ms.append(int(text))
    if not at_ms:
        raise _empty(file)
    if not at_ms[-1]:
        raise ScenarioError(file, "the last time is 0, so that the trace has no length; write a later one")
    return DeliveryTrace(tuple(at_ms))
