"""Output for a terminal or the log of a CI job. The only importer of rich."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console as Terminal
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from results.report.program_rows import APP_COLUMNS, PROCESS_COLUMNS, app_rows, process_rows
from results.report.summary_rows import (
    CAUSE_COLUMNS,
    GROUP_COLUMNS,
    LEDGER_COLUMNS,
    PAIR_COLUMNS,
    WITNESS_COLUMNS,
    cause_rows,
    group_rows,
    ledger_rows,
    ledger_sentence,
    losses_sentence,
    pair_rows,
    sentences,
    witness_rows,
)
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from results.verdict.value_text import found_text
from scenarios.cli.doctor import Diagnosis
from scenarios.cli.live_progress import LiveProgress
from scenarios.cli.standard_streams import OutputLostError
from scenarios.cli.step_times import StepTimes
from scenarios.relay_check.finding import Finding
from scenarios.suites.attempts import Attempt
from scenarios.suites.standings import COLUMNS, Trial, table
from scenarios.watch.frame import Line, Tone, as_ascii, joined

_LOG_WIDTH = 140
_STYLE = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow"}
_MARK = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}
_NOT_TOLD = "–"
_TONES: dict[Tone, str] = {
    "plain": "none",
    "dim": "bright_black",
    "strong": "bold",
    "title": "bold cyan",
    "good": "green",
    "warn": "yellow",
    "bad": "bold red",
    "move": "bold magenta",
    "lane": "bold white on magenta",
    "alarm": "bold white on red",
}

Step = Callable[[str, float], None]
"""Shows that a step of work begins, and which share of all of it, 0 to 1, is done."""

Frame = Callable[[int, int], list[Line]]
"""Draws a frame for a terminal of so many columns and rows."""


class Console:
    """Prints to standard output; without a terminal there is no progress bar. `quiet`: prints nothing."""

    def __init__(self, *, quiet: bool = False) -> None:
        width = None if sys.stdout.isatty() else _LOG_WIDTH
        self._terminal = Terminal(highlight=False, soft_wrap=True, width=width, quiet=quiet)

    @contextmanager
    def following(self, plan: Plan, run: RunDir, label: str = "") -> Iterator[_Follower]:
        """Show a run's progress, from the files in its directory, inside the block; with a label, the bar only."""
        progress_lines = LiveProgress(plan, run)
        if not label:
            for line in progress_lines.opening():
                self._terminal.print(line)
            self._terminal.print(f"[dim]records    {_short(run.root)}[/]")
        with self._bar() as progress:
            yield _Follower(progress_lines, plan, progress, label)

    @contextmanager
    def steps(self, doing: str) -> Iterator[Step]:
        """Show steps of work inside the block: a bar with the time left or, without a terminal, a line for each step
        that begins when the work has taken long."""
        with self._bar() as progress:
            yield _Steps(progress, progress.add_task(doing, total=1.0, clock=""), doing).show

    def _bar(self) -> Progress:
        columns = TextColumn("{task.description}"), BarColumn(bar_width=40), TextColumn("{task.fields[clock]}")
        return Progress(*columns, console=self._terminal, transient=True, disable=not self._terminal.is_terminal)

    @property
    def draws(self) -> bool:
        """Output goes to a terminal that can be drawn on: one with a cursor that moves."""
        return sys.stdout.isatty() and not self._terminal.is_dumb_terminal

    def show_frames(self, frames: Iterable[Frame]) -> None:
        """Show each frame on the whole screen, in place of the one before; the last one stays behind it."""
        last: Frame | None = None
        screen = Terminal(highlight=False)
        with Live(console=screen, screen=True, auto_refresh=False) as live:
            for frame in frames:
                live.update(_drawn(frame, screen, screen.height), refresh=True)
                last = frame
        if last:
            screen.print(_drawn(last, screen, screen.height - 1))

    def say(self, sentence: str) -> None:
        """Print a sentence as it is."""
        self._terminal.print(escape(sentence))

    def show_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Print verdict and directory of each run, if there was more than one."""
        for number, attempt in enumerate(attempts if len(attempts) > 1 else (), 1):
            verdict = f"[{_STYLE[attempt.summary.verdict]}]{attempt.summary.verdict:<12}[/]"
            self._terminal.print(f"attempt {number}  {verdict} {escape(str(_short(attempt.root)))}")

    def show_trial(self, trial: Trial) -> None:
        """Print the line of a trial."""
        again = f" after {trial.attempts} runs" if trial.attempts > 1 else ""
        verdict = f"[{_STYLE[trial.verdict]}]{trial.verdict:<12}[/]"
        self._terminal.print(f"{verdict} {trial.version:<11} {trial.scenario}{again}  [dim]{escape(trial.evidence)}[/]")

    def show_suite(self, trials: Sequence[Trial], sentences: Sequence[str]) -> None:
        """Print the table of a suite, and a sentence per relay version."""
        self._terminal.print()
        self.show_rows(COLUMNS, table(trials), texts=len(COLUMNS))
        self._terminal.print()
        for sentence in sentences:
            self._terminal.print(escape(sentence))

    def show_summary(self, summary: Summary, run: RunDir) -> None:
        """Print the tables of a run, its expectations, the verdict with its reasons, and the paths of its reports."""
        self._terminal.print()
        self.show_rows(PAIR_COLUMNS, pair_rows(summary))
        if groups := group_rows(summary):
            self._terminal.print()
            self.show_rows(GROUP_COLUMNS, groups, texts=2)
        if routes := ledger_rows(summary.ledger):
            self._terminal.print()
            self.show_rows(LEDGER_COLUMNS, routes)
            self._terminal.print()
            self.show_rows(CAUSE_COLUMNS, cause_rows(summary.ledger))
        if decoded := witness_rows(summary):
            self._terminal.print()
            self.show_rows(WITNESS_COLUMNS, decoded, texts=2)
        if programs := process_rows(summary):
            self._terminal.print()
            self.show_rows(PROCESS_COLUMNS, programs, texts=2)
        if told := app_rows(summary):
            self._terminal.print()
            self.show_rows(APP_COLUMNS, told, texts=2)
        if groups or routes or decoded or programs:
            self._terminal.print()
        for sentence in sentences(summary):
            self._terminal.print(sentence)
        for row in summary.expectations:
            self._terminal.print(
                f"{_NOT_TOLD if row.not_told else _MARK[row.ok]} {escape(row.text)}  [dim]{escape(found_text(row))}[/]"
            )
        self._terminal.print(f"\n[{_STYLE[summary.verdict]}]{summary.verdict}[/]")
        for reason in summary.reasons:
            self._terminal.print(f"  {escape(reason)}")
        self._terminal.print(ledger_sentence(summary.ledger))
        if difference := losses_sentence(summary):
            self._terminal.print(difference)
        if run.page.exists():
            self._terminal.print(f"page     {_short(run.page)}")
        self._terminal.print(f"plot     {_short(run.latency_plot)}")
        if run.stall_plot.exists():
            self._terminal.print(f"relay    {_short(run.stall_plot)}")
        if run.reroute_plot.exists():
            self._terminal.print(f"reroutes {_short(run.reroute_plot)}")
        for path in sorted(run.capture("*").parent.glob(run.capture("*").name)):
            self._terminal.print(f"packets  {_short(path)}")
        self._terminal.print(f"summary  {_short(run.summary)}")

    def show_scenarios(self, scenarios: list[tuple[Path, str]]) -> None:
        """Print scenario files with their descriptions."""
        self.show_rows(("scenario", "what it is"), [(str(_short(path)), about) for path, about in scenarios], texts=2)

    def show_diagnosis(self, diagnosis: Diagnosis) -> None:
        """Print all checks, the back ends that a run would use, and the command that installs what is missing."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("", "what", "found"):
            table.add_column(column)
        for check in diagnosis.checks:
            mark = _MARK[check.found] if check.required or check.found else "[dim]–[/]"
            table.add_row(mark, check.what, check.detail)
        self._terminal.print(table)
        if diagnosis.environment:
            chosen = diagnosis.environment
            self._terminal.print(
                f"\nA run here uses: links [bold]{chosen.link_backend}[/], datapath [bold]{chosen.datapath}[/]."
            )
        if diagnosis.remedy:
            self._terminal.print(f"To install what is missing: [bold]{diagnosis.remedy}[/]")

    def show_finding(self, finding: Finding) -> None:
        """Print a step of a relay's check."""
        self._terminal.print(f"{_MARK[finding.problem is None]} {escape(finding.step)}")
        if finding.problem:
            self._terminal.print(f"  {escape(finding.problem)}")

    def show_rows(self, header: tuple[str, ...], rows: list[tuple[str, ...]], *, texts: int = 1) -> None:
        """Print a table; the first `texts` columns are text, aligned left, the others figures, aligned right."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for number, column in enumerate(header):
            table.add_column(column, justify="left" if number < texts else "right", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        self._terminal.print(table)


def _drawn(frame: Frame, screen: Terminal, height: int) -> Text:
    """A frame as rich has it, in ASCII where the terminal's encoding has no more."""
    lines = frame(screen.width, height)
    if not screen.encoding.startswith("utf"):
        lines = [as_ascii(each) for each in lines]
    spans = [[(span.text, _TONES[span.tone]) for span in joined(each)] for each in lines]
    return Text("\n", no_wrap=True, overflow="crop").join(Text.assemble(*each) for each in spans)


class _Follower:
    """Prints a line per new record, and sets the progress bar to the scenario's time."""

    def __init__(self, progress_lines: LiveProgress, plan: Plan, progress: Progress, label: str) -> None:
        self._progress_lines = progress_lines
        self._progress = progress
        self._label = label
        self._task = progress.add_task(label or "setting up", total=plan.duration_ns / 1e9, clock="")
        self._steps: _Steps | None = None

    def look(self) -> None:
        """Print what is new since the last call. A run whose output is lost is interrupted: nobody follows it."""
        try:
            self._look()
        except OutputLostError:
            raise KeyboardInterrupt from None

    def _look(self) -> None:
        for line in self._progress_lines.news():
            if not self._label:
                self._progress.console.print(line)
        doing, played_s, clock = self._progress_lines.bar()
        self._progress.update(self._task, description=self._label or doing, completed=played_s, clock=clock)
        if self._progress.disable and not self._label and (step := self._progress_lines.long_step()):
            self._progress.console.print(step)

    def analysing(self, step: str, share: float) -> None:
        """Show that a step of the analysis begins, of which a share is done."""
        self._steps = self._steps or _Steps(self._progress, self._task, self._label or "analysing")
        self._steps.show(step, share)

    def stopping(self) -> None:
        """Print that the run was interrupted and is ending."""
        self._progress.console.print("interrupted: stopping, and keeping what was recorded")


class _Steps:
    """Shows steps on a task's bar, or in lines."""

    def __init__(self, progress: Progress, task: TaskID, doing: str) -> None:
        self._progress, self._task, self._doing = progress, task, doing
        self._times = StepTimes()

    def show(self, step: str, share: float) -> None:
        """Show that a step begins, and which share of all is done."""
        clock = self._times.left(share)
        self._progress.update(self._task, description=f"{self._doing}: {step}", total=1.0, completed=share, clock=clock)
        if self._progress.disable and self._times.is_long:
            self._progress.console.print(f"           {self._doing}: {escape(step)} ({clock})")


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if here in path.parents else path
