"""Plays bundles again, and compares what comes of it with what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hostio.files import write_whole
from hostio.ownership import made_for_user
from results.comparison.compare import compare, default_metrics
from results.comparison.compared_sets import ComparedSets, RunSet
from results.comparison.rows import DIFFERENCE_COLUMNS, answer_sentences, difference_rows
from results.comparison.run_sets import read_set
from results.run_files.document_error import DocumentError
from results.run_files.documents import dump
from results.run_files.run_dir import RunDir
from scenarios.bundles.opened import Changes, Opened, open_bundle
from scenarios.cli.console import Console
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode, worst
from scenarios.cli.expectation_cases import Source
from scenarios.cli.outputs import Outputs
from scenarios.cli.play import InSandbox, Show, decided
from scenarios.cli.version import version_lines
from scenarios.commands.trials import tried
from scenarios.language.expectation_places import expectation_lines
from scenarios.suites.standings import Trial

_CONFIDENCE = 0.95
_PLAYED = "this run"


@dataclass(frozen=True, slots=True)
class Replays:
    """Bundles to be played again, as `run` plays scenarios."""

    files: Sequence[Path]
    changes: Changes
    out: Path
    attempts: int
    outputs: Outputs
    show: Show

    def play(self) -> ExitCode:
        """Play them one after another; all are opened before the first one starts. The worst exit code: each has that
        of its verdict, or of a failure where a metric is shown to be worse."""
        with self._opened() as opened:
            sandbox = InSandbox.on(diagnose(), self.out, self.show)
            plans = [sandbox.prepared(each.plan) for each in opened]
            tries = [
                partial(
                    decided, partial(replace(sandbox, made_of=each.made_of).play, plan), plan, self.attempts, self.show
                )
                for each, plan in zip(opened, plans, strict=True)
            ]
            sources = {each.plan.scenario: Source(str(each.file), _lines(each)) for each in opened}
            trials = tried(plans, tries, self.outputs, sources)
            return worst([self._code(each, trial) for each, trial in zip(opened, trials, strict=True)])

    @contextmanager
    def _opened(self) -> Iterator[list[Opened]]:
        """All bundles, unpacked until the end of the block."""
        with TemporaryDirectory(prefix="blipnet-bundles-") as folder:
            found = []
            for number, file in enumerate(self.files):
                place = Path(folder).resolve() / str(number)
                place.mkdir()
                found.append(open_bundle(file, place, self.changes, version_lines()[0]))
            yield found

    def _code(self, opened: Opened, trial: Trial) -> ExitCode:
        console, last = self.show.console(), RunDir(trial.roots[-1])
        if opened.remark:
            console.say(f"{opened.file}: {opened.remark}")
        try:
            sets = _sets(opened, last)
        except DocumentError as error:
            console.say(f"{opened.file}: its run cannot be compared with this one: {error}")
            return VERDICT_CODES[trial.verdict]
        found = compare(sets, default_metrics(sets), _CONFIDENCE)
        with made_for_user(last.comparison):
            write_whole(last.comparison, dump(found))
        _show(console, sets, found)
        return worst([VERDICT_CODES[trial.verdict], *([ExitCode.FAIL] if found.answers("worse") else [])])


def _sets(opened: Opened, played: RunDir) -> list[RunSet]:
    """The run of the bundle, and that which was played. DocumentError if one of them cannot be read."""
    return [replace(read_set(opened.run.root), name=str(opened.file)), replace(read_set(played.root), name=_PLAYED)]


def _verdict_sentence(recorded: RunSet, played: RunSet) -> str:
    (before,), (now,) = recorded.runs, played.runs
    same = "as in" if before.verdict == now.verdict else f"where it is {before.verdict} in"
    return f"{now.verdict}, {same} {recorded.name}"


def _lines(opened: Opened) -> dict[str, int]:
    return dict(expectation_lines(opened.made_of.path, opened.made_of.overrides))


def _show(console: Console, sets: Sequence[RunSet], found: ComparedSets) -> None:
    console.say("")
    console.show_rows(DIFFERENCE_COLUMNS, difference_rows(found, _PLAYED), texts=2)
    for line in (_verdict_sentence(*sets), *answer_sentences(found)):
        console.say(line)
