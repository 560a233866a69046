"""`bundle.json`, which says what an archive holds. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

MANIFEST = "bundle.json"
RUN = "run/"
"""Before the path of each file in the run directory."""

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Content:
    """A file of the archive."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. `blipnet`: version and commit of what wrote it; `files`: all others, by name."""

    format: int
    blipnet: str
    scenario: str
    seed: int
    redacted: bool
    files: dict[str, Content]
