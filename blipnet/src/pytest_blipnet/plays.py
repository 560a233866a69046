"""The runs of a test: played, judged, and kept or thrown away."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import blipnet
from blipnet.command import override_texts
from pytest_blipnet.failure_text import text_of
from pytest_blipnet.marker import ScenarioMark
from pytest_blipnet.options import SETTINGS, Settings


class ScenarioFailedError(Exception):
    """A run missed an expectation of its scenario; the message is what a reader needs of it."""


class NoVerdictError(Exception):
    """No attempt came to a verdict; the message is what a reader needs of the last one."""


@dataclass
class PlayedRuns:
    """The runs that a test has played so far."""

    runs: list[blipnet.Run] = field(default_factory=list)


PLAYS = pytest.StashKey[PlayedRuns]()


def settings_for(item: pytest.Item) -> Settings:
    """Those of the test's session."""
    return item.config.stash[SETTINGS]


def play(
    item: pytest.Item,
    scenario: Path,
    relay: str | Path | None,
    overrides: Mapping[str, object] | Iterable[str],
    seed: int | None,
) -> blipnet.Run:
    """Play a scenario for a test, and enter the run among its own. The test fails with the line of a BlipnetError."""
    settings = settings_for(item)
    try:
        run = blipnet.run(
            scenario,
            relay=relay,
            set=overrides,
            seed=seed,
            attempts=settings.inconclusive.attempts,
            out=_ready(settings.out),
            home=settings.home,
            sudo=settings.sudo,
        )
    except blipnet.BlipnetError as error:
        pytest.fail(str(error), pytrace=False)
    item.stash.setdefault(PLAYS, PlayedRuns()).runs.append(run)
    return run


def judge(run: blipnet.Run) -> None:
    """Raise ScenarioFailedError or NoVerdictError, unless the run passed."""
    if run.verdict == "fail":
        raise ScenarioFailedError(text_of(run))
    if run.verdict == "inconclusive":
        raise NoVerdictError(text_of(run))


def discard(run: blipnet.Run, out: Path) -> None:
    """Remove a run's directories, those of its other attempts, and the folders that they alone lay in."""
    for path in run.attempts:
        shutil.rmtree(path)
        for folder in path.parents:
            if out not in folder.parents:
                break
            with suppress(OSError):
                folder.rmdir()


def _ready(out: Path) -> Path:
    """The folder of run directories, of which git is told that they are no part of the repository."""
    out.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError), (out / ".gitignore").open("x", encoding="utf-8") as file:
        file.write("*\n")
    return out


@dataclass
class ScenarioPlayer:
    """What the fixture `blipnet_run` is: called, it plays a scenario."""

    item: pytest.Item
    mark: ScenarioMark
    relay: str | Path | None
    seed: int | None
    called: bool = False

    def __call__(
        self,
        file: str | Path | None = None,
        *,
        relay: str | Path | None = None,
        set: Mapping[str, object] | Iterable[str] = (),  # noqa: A002 - the command's own word
        seed: int | None = None,
        check: bool = True,
    ) -> blipnet.Run:
        """Play the marker's file, or another one, from the folder of the test's file, and give its run.

        What is not said is the marker's; values of `set` come after the marker's. The test fails if the run missed an
        expectation, and is inconclusive if it came to no verdict; unless `check` is False, and the test judges.
        """
        self.called = True
        named = file or self.mark.file
        if named is None:
            pytest.fail("blipnet_run() needs a file, or the marker scenario", pytrace=False)
        beside = self.item.path.parent
        overrides = (*override_texts(self.mark.set), *override_texts(set))
        run = play(
            self.item,
            beside / named,
            _from(beside, relay or self.relay),
            overrides,
            self.seed if seed is None else seed,
        )
        if check:
            judge(run)
        return run


def _from(folder: Path, relay: str | Path | None) -> str | Path | None:
    """A relay that is a folder, as seen from another folder."""
    if isinstance(relay, Path) or (relay is not None and "/" in relay):
        return folder / relay
    return relay
