"""The progress of a run as lines of text, from the files that it writes while it lasts."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from time import monotonic_ns

from controller.decisions import Decision, Kept, Review
from hostio.files import Tail
from hostio.timing import S
from results.run_files.documents import ControllerRecord, load_decisions, load_events
from results.run_files.events import Begun, MediaStart, Phase
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.cli.step_times import LONG_S
from scenarios.watch.entries import Record, Teller

_MARKUP = re.compile(r"(\[[a-z#/@][^\[]*?\])")


class LiveProgress:
    """Turns new records of events.jsonl and controller.jsonl into lines, in rich's markup."""

    def __init__(self, plan: Plan, run: RunDir) -> None:
        self._plan = plan
        self._events = Tail(run.events)
        self._decisions = Tail(run.decisions)
        self._media_start_ns: int | None = None
        self._teller = Teller(plan)
        self._with_sessions = {frozenset((each.a, each.b)) for each in plan.sessions}
        self._step: Begun | None = None
        self._step_is_told = False

    def opening(self) -> Iterator[str]:
        """Lines about the plan: scenario, seed, duration, back ends, and what programs may do."""
        chosen = self._plan.environment
        yield f"[bold]{self._plan.scenario}[/]  seed {self._plan.seed}, {self._plan.duration_ns / S:g} s"
        if chosen:
            yield f"[dim]links      {chosen.link_backend}: {chosen.link_backend_reason}[/]"
            yield f"[dim]switches   {chosen.datapath} datapath: {chosen.datapath_reason}[/]"
            framework = self._plan.controller.framework
            yield f"[dim]controller {framework} {chosen.versions.get(framework, '')}[/]"
        for name, program in self._plan.relays.programs.items():
            asked = ", ".join(program.capabilities) or "none"
            yield f"[dim]relay      {_escaped(name)}: {_escaped(shlex.join(program.command))}; capabilities: {asked}[/]"

    def news(self) -> Iterator[str]:
        """Lines for records that are new since the last call; records without interest to the user give none."""
        if events := self._events.new_lines():
            yield from filter(None, map(self._line, load_events(events, "events.jsonl").records))
        if decisions := self._decisions.new_lines():
            yield from self._of_controller(load_decisions(decisions, "controller.jsonl").records)

    def clock_s(self) -> float | None:
        """Present time in seconds after the media start; None before it."""
        if self._media_start_ns is None:
            return None
        return max(0.0, (monotonic_ns() - self._media_start_ns) / 1e9)

    def bar(self) -> tuple[str, float, str]:
        """What a bar says now: what is being done, s of the media played, and how far it is. How long set-up and
        collection take is not known before; they say how long their present step has taken."""
        duration_s, clock_s = self._plan.duration_ns / S, self.clock_s()
        if clock_s is not None and clock_s < duration_s:
            return "playing", clock_s, f"{clock_s:4.1f} s, {duration_s - clock_s:.0f} s left"
        doing, played_s = ("setting up", 0.0) if clock_s is None else ("collecting", duration_s)
        if self._step is None or (self._step.stage == "set-up") != (clock_s is None):
            return doing, played_s, ""
        return f"{doing}: {self._step.step}", played_s, f"{self._step_s:.0f} s"

    def long_step(self) -> str | None:
        """A line for a step of collection that takes long, once; those of set-up are told as they end."""
        if self._step is None or self._step.stage != "collection" or self._step_is_told or self._step_s < LONG_S:
            return None
        self._step_is_told = True
        return f"           {self._step.step}"

    @property
    def _step_s(self) -> float:
        return (monotonic_ns() - self._step.at_ns) / S if self._step else 0.0

    def _of_controller(self, records: Sequence[ControllerRecord]) -> Iterator[str]:
        """Lines of records; of pairs without sessions that fare alike the first, and the number of the others."""
        told = [(self._fate(record), line) for record in records if (line := self._line(record))]
        alike = Counter(fate for fate, _ in told if fate)
        for fate, line in told:
            count = alike.pop(fate, 0) if fate else 1
            if count:
                yield f"{line} [dim](and {count - 1} more pairs without sessions)[/]" if count > 1 else line

    def _fate(self, record: ControllerRecord) -> tuple[object, ...] | None:
        """What became of a pair without sessions, and why; None: the record tells of something else."""
        if not isinstance(record, Decision | Kept | Review) or frozenset((record.a, record.b)) in self._with_sessions:
            return None
        relays = () if isinstance(record, Kept) else record.relays
        return type(record), relays, record.lanes if isinstance(record, Decision) else (), record.reason

    def _line(self, record: Record) -> str | None:
        if isinstance(record, MediaStart):
            self._media_start_ns = record.at_ns
        if isinstance(record, Begun):
            self._step, self._step_is_told = record, False
        if isinstance(record, Phase):
            return f"           {record.name}"
        entry = self._teller.tell(record)
        if entry is None or entry.kind == "run":
            return None
        aside = f" [dim]({_escaped(entry.aside)})[/]" if entry.aside and entry.kind != "move" else ""
        return f"{self._at(entry.at_ns)}  {_escaped(entry.text)}{aside}"

    def _at(self, at_ns: int) -> str:
        if self._media_start_ns is None:
            return "    set-up"
        return f"{round((at_ns - self._media_start_ns) / 1e9, 3) + 0.0:8.3f} s"  # + 0.0: no "-0.000"


def _escaped(text: str) -> str:
    """A text of somebody else, with what would be rich's markup in it."""
    return _MARKUP.sub(r"\\\1", text)
