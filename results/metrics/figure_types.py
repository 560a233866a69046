"""Types of single figures of `summary.json`. None (null) is unknown, or nothing to measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from results.run_files.validation import Field

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=100)]
NonNegative = Annotated[float, Field(ge=0)]
Rating = Annotated[float, Field(le=148)]
Score = Annotated[float, Field(ge=1, le=4.5)]
Lane = Annotated[int, Field(ge=0, le=15)]
TwoClusters = Annotated[list[str], Field(min_length=2, max_length=2)]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Median and 99th percentile."""

    p50: float | None
    """Median."""
    p99: float | None
    """99th percentile."""


@dataclass(frozen=True, slots=True)
class LengthQuantiles:
    """Median, 99th percentile and longest."""

    p50: float | None
    """Median."""
    p99: float | None
    """99th percentile."""
    max: float | None
    """Longest."""
