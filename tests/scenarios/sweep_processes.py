"""Sweeps, workers and schedulers in processes of their own, whose runs a stand-in plays, and what these wrote down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sweep_lab import HEAD

from hostio.files import write_whole
from hostio.timing import wait_until

WITHIN_S = 60.0
CLI = Path(__file__).parent / "sweep_cli.py"
TWELVE = "axes:\n  - {set: sessions.0.count, values: [10, 40, 60, 100], name: count}\nrepeats: 3\n"
RUNS = frozenset(f"{seed}-{count}" for seed in (1, 2, 3) for count in (10, 40, 60, 100))


class Machines:
    """A folder with the sweep of twelve runs, the journal of what is played, and one lock for all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sweep = folder / "sweep.yaml"
        self.sweep.write_text(HEAD + TWELVE)
        self._journal = folder / "journal"
        self._started: list[subprocess.Popen[str]] = []
        self._env = {**os.environ, "BLIPNET_LOCK": str(folder / "lock")}

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """The command line; its output, errors too, is kept for `said`."""
        argv = [sys.executable, str(CLI), str(self._journal), *map(str, arguments)]
        output = (self.folder / f"output-{len(self._started)}").open("w")
        with output:
            process = subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT, env=self._env, text=True)
        self._started.append(process)
        return process

    def said(self, process: subprocess.Popen[str]) -> str:
        return (self.folder / f"output-{self._started.index(process)}").read_text()

    def ended(self, process: subprocess.Popen[str]) -> int:
        return process.wait(WITHIN_S)

    def end_all(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait(WITHIN_S)

    def lines(self) -> list[list[str]]:
        """The lines of the journal, by words."""
        text = self._journal.read_text() if self._journal.exists() else ""
        return [line.split() for line in text.splitlines()]

    def permit(self, runs: int) -> None:
        """Let runs end until so many have ended in all; unless this was called, any number may."""
        write_whole(self._journal.with_suffix(".permits"), str(runs))

    def begun(self) -> int:
        """How many runs have begun."""
        return sum(words[0] == "begin" for words in self.lines())

    def next_begun(self, after: int) -> tuple[int, int]:
        """Wait until more runs than `after` have begun; how many, and which process began the last one."""

        def begun() -> list[list[str]]:
            return [words for words in self.lines() if words[0] == "begin"]

        assert wait_until(lambda: len(begun()) > after, WITHIN_S), self.lines()
        found = begun()
        return len(found), int(found[-1][2])

    def results(self, store: Path) -> dict[str, Mapping[str, Any]]:
        """Each result of a store, by seed and number of sessions."""
        read = [json.loads(path.read_text()) for path in (store / "done").glob("*.json")]
        found = {f"{each['played']['seed']}-{each['point']['count']}": each for each in read}
        assert len(found) == len(read), "a run has two results"
        return found

    def assert_one_at_a_time(self) -> None:
        """Each run has ended, or was stopped, before the next began."""
        for place, words in enumerate(self.lines()):
            assert (words[0] == "begin") == (place % 2 == 0), self.lines()


@contextmanager
def machines(folder: Path) -> Iterator[Machines]:
    found = Machines(folder)
    try:
        yield found
    finally:
        found.end_all()


def interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
