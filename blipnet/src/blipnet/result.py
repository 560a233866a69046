"""A run that was played: its verdict, what was expected and found, its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from blipnet.documents import Expectation, Interruption, read_interruptions, read_json
from blipnet.errors import BlipnetError

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["pass", "fail", "inconclusive"]

_PLOTS = ("latency.png", "reroutes.png", "stall.png")


@dataclass(frozen=True, slots=True)
class Run:
    """A run: `path` is its directory, `attempts` those of all attempts, of which it is the last.

    `summary` is its `summary.json`, empty if the run was kept from its end; it then is inconclusive.
    """

    path: Path
    verdict: Verdict
    reasons: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    summary: Mapping[str, Any]
    attempts: tuple[Path, ...]

    @classmethod
    def read(cls, path: str | Path, attempts: tuple[Path, ...] = (), said: str = "") -> Run:
        """The run in a directory. DocumentError.

        `said`: what was said of it when it was played, which is the reason if it has no summary.
        """
        root = Path(path).absolute()
        made = attempts or (root,)
        if said and not (root / "summary.json").exists():
            return cls(root, "inconclusive", (said,), (), {}, made)
        summary = read_json(root / "summary.json")
        rows = tuple(map(Expectation.of, summary["expectations"]))
        return cls(root, summary["verdict"], tuple(summary["reasons"]), rows, summary, made)

    @property
    def scenario(self) -> str:
        """The scenario's name."""
        return str(read_json(self.path / "plan.json")["scenario"])

    @property
    def seed(self) -> int:
        """The seed of its randomness."""
        return int(read_json(self.path / "plan.json")["seed"])

    @property
    def missed(self) -> tuple[Expectation, ...]:
        """Expectations that do not hold."""
        return tuple(each for each in self.expectations if each.ok is False)

    @property
    def diagnosis(self) -> tuple[str, ...]:
        """What went wrong inside the relays, a sentence each."""
        return tuple(self.summary.get("diagnosis", ()))

    @property
    def latency_plot(self) -> Path:
        """One-way latency over time; written if the run came to its end."""
        return self.path / "latency.png"

    @property
    def plots(self) -> tuple[Path, ...]:
        """The plots that there are: latency, and what was drawn of reroutes and of a relay that stood still."""
        return tuple(path for name in _PLOTS if (path := self.path / name).exists())

    @property
    def longest_interruption(self) -> Interruption | None:
        """The one that lasted longest; None without any. DocumentError if the table of them is missing."""
        found = read_interruptions(self.path / "interruptions.csv")
        return max(found, key=lambda each: each.length_ms, default=None)

    def interruptions(self) -> pd.DataFrame:
        """Every interruption, a row each; needs pandas. DocumentError."""
        found: pd.DataFrame = _frames().interruptions(self.path)
        return found

    def packets(self) -> pd.DataFrame:
        """Every RTP packet sent, a row each: when it was due, sent and received, and over which relays; needs pandas.

        DocumentError.
        """
        found: pd.DataFrame = _frames().packets(self.path)
        return found


def _frames() -> ModuleType:
    """What makes data frames, imported only when somebody wants one."""
    try:
        return import_module("blipnet.frames")
    except ModuleNotFoundError as error:
        raise BlipnetError(f"data frames need {error.name}: install blipnet[frames]") from error
