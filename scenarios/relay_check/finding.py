"""What a check of a relay program finds. Imports nothing, so that the command line does not wait for the check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A step of the check, and what does not hold; None if all does."""

    step: str
    problem: str | None
