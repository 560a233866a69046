"""What is read of a run directory without any library: the summary's expectations, the table of interruptions."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blipnet.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expectation of a scenario, and what was found: `value` in the metric's own unit, between `low` and `high`.

    `ok`: whether it holds for every value within the bounds; None: undecided. A bound that is None is not known, nor is
    a value, unless it is the length of something that did not happen.
    """

    text: str
    metric: str
    comparison: str
    limit: float
    value: float | None
    low: float | None
    high: float | None
    ok: bool | None
    not_told: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Expectation:
        """That of a row of `expectations` in `summary.json`; older runs have no bounds there."""
        interval = row.get("interval") or {}
        return cls(
            row["text"],
            row["metric"],
            row["comparison"],
            row["limit"],
            row["value"],
            interval.get("low"),
            interval.get("high"),
            row["ok"],
            row.get("not_told", False),
        )


@dataclass(frozen=True, slots=True)
class Interruption:
    """A line of `interruptions.csv`: of one direction of one session, in seconds from the first media packet, and ms.

    `resumed_via`: the path on which media came back; empty if it is still interrupted at the end.
    """

    session: str
    source: str
    destination: str
    ssrc: str
    started_at_s: float
    length_ms: float
    packets_lost: int
    still_interrupted: bool
    resumed_via: str
    loss_derived_ms: float | None
    """By the packets lost (RFC 6201 §1.3), beside `length_ms` by their times; None: of an earlier version."""

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Interruption:
        """That of a line, by the names of its columns."""
        return cls(
            row["session"],
            row["source"],
            row["destination"],
            row["ssrc"],
            float(row["started_at_s"]),
            float(row["length_ms"]),
            int(row["packets_lost"]),
            row["still_interrupted"] == "true",
            row["resumed_via"],
            float(derived) if (derived := row.get("loss_derived_ms")) else None,
        )

    def __str__(self) -> str:
        still = ", and not over when the media ended" if self.still_interrupted else ""
        return (
            f"{self.session}, {self.source} → {self.destination}: {self.length_ms:.1f} ms, "
            f"{self.started_at_s:.2f} s after the first packet, {self.packets_lost} packets lost{still}"
        )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. DocumentError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise DocumentError(f"{path}: no JSON: {error}") from error
    if not isinstance(document, dict):
        raise DocumentError(f"{path}: a JSON object is wanted")
    return document


def read_interruptions(path: Path) -> Iterator[Interruption]:
    """The lines of `interruptions.csv`. DocumentError."""
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            yield from map(Interruption.of, csv.DictReader(lines))
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}") from error
    except (KeyError, ValueError) as error:
        raise DocumentError(f"{path}: not a table of interruptions: {error}") from error


def media_start_ns(path: Path) -> int:
    """When the first media packet was due, on the clock of the records, from `events.jsonl`. DocumentError."""
    try:
        events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        return next(int(event["at_ns"]) for event in events if event["kind"] == "media-start")
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}") from error
    except (StopIteration, KeyError, ValueError) as error:
        raise DocumentError(f"{path}: no media were started") from error
