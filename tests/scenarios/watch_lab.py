"""Run directories for `watch`, with records that are written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controller.decisions import Decision, HealthChange, Kept, Review
from controller.settings import Detector
from hostio.timing import MS, S
from relay_app.records import RELAY_SAMPLE
from results.run_files.documents import dump, dump_line
from results.run_files.events import End, FaultEdge, MediaStart
from results.run_files.plan import Plan
from results.run_files.records import Rows
from results.run_files.run_dir import RunDir
from scenarios.language.library import load_plan
from scenarios.watch.entries import Record, time_of
from scenarios.watch.frame import text_of
from scenarios.watch.moment import Moment
from scenarios.watch.screen import screen
from scenarios.watch.state import state_of

SCENARIOS = Path(__file__).resolve().parent.parent.parent / "scenarios"
RECORDED = Path(__file__).resolve().parent.parent / "results" / "recorded"

START = 500 * S
EAST, CENTRAL, WEST = "us-east", "us-central", "us-west"


def plan_of(name: str = "one-blip.yaml") -> Plan:
    return load_plan(SCENARIOS / name)


def at(seconds: float) -> int:
    """A time after the media start."""
    return START + round(seconds * S)


def edge(number: int, which: str, seconds: float, late_ms: float = 0.5) -> FaultEdge:
    applied = at(seconds) + round(late_ms * MS)
    return FaultEdge(number, which, at(seconds), applied, applied, applied + MS)  # type: ignore[arg-type]


def health(
    source: str,
    destination: str,
    after: str,
    seconds: float,
    before: str = "clean",
    detector: Detector = "link",
    *,
    of_relay: bool | None = None,
) -> HealthChange:
    return HealthChange(source, destination, before, after, at(seconds), f"because it is {after}", detector, of_relay)


def move(
    via: str | None, seconds: float, lanes: Iterable[int] = range(16), ends: tuple[str, str] = (EAST, WEST)
) -> Decision:
    times = (at(seconds) - 3 * MS, at(seconds) - 2 * MS, at(seconds) - MS, at(seconds))
    return Decision(*ends, via, tuple(lanes), "no probe for 251 ms", *times)


def kept(seconds: float) -> Kept:
    return Kept(EAST, WEST, "no detour", at(seconds))


def review(seconds: float, reason: str = "both legs are clean") -> Review:
    return Review(EAST, WEST, CENTRAL, reason, at(seconds))


def end(seconds: float = 13.0) -> End:
    return End(at(seconds), at(seconds - 1), interrupted=False)


BLIP: tuple[Record, ...] = (
    MediaStart(START),
    *(health(*ends, "clean", -1, "unknown") for ends in ((EAST, WEST), (WEST, EAST), (EAST, CENTRAL), (CENTRAL, EAST))),
    edge(0, "start", 4.0),
    health(EAST, WEST, "down", 4.25),
    health(WEST, EAST, "down", 4.25),
    move(CENTRAL, 4.3),
    review(5.0),
    edge(0, "end", 6.0),
    health(EAST, WEST, "clean", 6.5, "down"),
    health(WEST, EAST, "clean", 6.5, "down"),
    move(None, 9.5),
    end(),
)
"""The records of one-blip."""


def moment(seconds: float | None, records: Iterable[Record] = BLIP, plan: Plan | None = None, **more: object) -> Moment:
    """What is shown at a time after the media start; None: before it was known."""
    now_ns = START - S if seconds is None else at(seconds)
    due = sorted((each for each in records if time_of(each) <= now_ns), key=time_of)
    plan = plan or plan_of()
    return Moment(plan, state_of(plan, due), now_ns, "live", **more)  # type: ignore[arg-type]


def drawn(shown: Moment, width: int = 80, height: int = 24) -> list[str]:
    """The screen's lines as text."""
    return [text_of(each) for each in screen(shown, width, height)]


def samples(*rows: dict[str, int]) -> Rows:
    """RELAY_SAMPLE rows; what is not given is 0."""
    found = np.zeros(len(rows), RELAY_SAMPLE)
    for number, row in enumerate(rows):
        for name, value in row.items():
            found[name][number] = value
    return found


@dataclass
class Directory:
    """A run directory that grows, as a run writes it. Lines of the controller and of the runner go to their files."""

    root: Path
    plan: Plan = field(default_factory=plan_of)

    def __post_init__(self) -> None:
        self.run = RunDir(self.root)
        (self.root / "logs").mkdir(parents=True)
        self.run.log("runner").touch()
        self.run.plan.write_text(dump(self.plan))

    def add(self, *records: Record) -> None:
        for each in records:
            of_controller = isinstance(each, Decision | HealthChange | Kept | Review)
            with (self.run.decisions if of_controller else self.run.events).open("a") as file:
                file.write(dump_line(each))
