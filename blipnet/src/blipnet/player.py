"""Plays scenarios; the command sees to it that they go one at a time on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from blipnet import command
from blipnet.command import Request
from blipnet.result import Run
from blipnet.testbed import Testbed

RUNS = "blipnet-runs"
"""The folder for run directories, in the current one, unless another is named."""


def run(
    scenario: str | Path,
    *,
    relay: str | Path | None = None,
    set: Mapping[str, object] | Iterable[str] = (),  # noqa: A002 - the command's own word
    seed: int | None = None,
    attempts: int = 1,
    out: str | Path | None = None,
    home: str | Path | None = None,
    sudo: bool | None = None,
) -> Run:
    """Play a scenario file, and read what came of it.

    `relay`: a relay version, or the folder of a relay program. `set`: values that replace those of the file, by path:
    `{"sessions.0.count": 200}`. `attempts`: an inconclusive run is repeated, up to so many runs; the last one counts.
    `out`: where run directories go, else `blipnet-runs`. `home`, `sudo`: where the testbed is, and whether sudo starts
    it (`Testbed.find`). A second run on this machine waits until the first has ended.

    Raises BlipnetError: RefusedError if nothing was started, with what the command said of it. A run without a verdict
    is none: its verdict is inconclusive.
    """
    testbed = Testbed.find(home, sudo)
    request = Request(os.fspath(scenario), _kind(relay), command.override_texts(set), seed, attempts)
    played = command.play(testbed, request, Path(out or RUNS))
    return Run.read(played.paths[-1], played.paths, played.said)


def _kind(relay: str | Path | None) -> str | None:
    """The command takes what has a slash for a folder."""
    return str(relay.absolute()) if isinstance(relay, Path) else relay
