"""Follows a run: moment after moment for a screen, or a line per change. Reads, and waits; the clock is a parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic_ns, sleep

from hostio.timing import S
from results.run_files.events import MediaStart
from scenarios.watch.entries import Teller
from scenarios.watch.log import plain_line, printable
from scenarios.watch.moment import Mode, Moment
from scenarios.watch.playback import Asked, Playback, playback
from scenarios.watch.reading import Kept, RunReading
from scenarios.watch.relay_figures import figures_at
from scenarios.watch.state import RunState, state_of

_LIVE_S = 0.25
"""Between two looks at a run that goes on: its machine measures, and a look takes processor time from it."""

_FRAME_S = 0.1
"""Between two frames of a replay."""

_SAMPLES_NS = 1 * S
"""Between two readings of the relays' samples."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The present (CLOCK_MONOTONIC ns), and a wait (s)."""

    now_ns: Callable[[], int] = monotonic_ns
    wait: Callable[[float], None] = sleep


class Watch:
    """One run, being watched. NothingThereError if it has not come to where it is to be shown from."""

    def __init__(self, reading: RunReading, asked: Asked, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._reading = reading
        reading.look()
        self._play = None if asked.follows and not reading.over else self._playback(asked)
        self._asked = asked
        self._shown: tuple[tuple[Kept, ...], RunState] | None = None
        self._samples_due_ns: int | None = None

    @property
    def live(self) -> bool:
        """The run goes on."""
        return not self._reading.over

    def _playback(self, asked: Asked) -> Playback:
        earliest_ns = self._reading.records[0].at_ns if self._reading.records else 0
        return playback(asked, self._media_start_ns(), earliest_ns, self._until_ns(), self._clock.now_ns())

    def _media_start_ns(self) -> int | None:
        return next((each.at_ns for each in self._reading.records if isinstance(each.record, MediaStart)), None)

    def _until_ns(self) -> int:
        """The last time of the run that can be shown: the present, or its end."""
        last_ns = self._reading.end_ns or 0
        return last_ns if self._reading.over else max(last_ns, self._clock.now_ns())

    def _position_ns(self, until_ns: int) -> int:
        return self._play.position_ns(self._clock.now_ns(), until_ns) if self._play else until_ns

    def moments(self) -> Iterator[Moment]:
        """What to show, again and again; the last one is of the run's end."""
        while True:
            self._reading.look()
            until_ns = self._until_ns()  # asked once: the present goes on
            position_ns = self._position_ns(until_ns)
            behind = position_ns < until_ns
            done = self._reading.over and not behind
            self._look_at_samples(done=done)
            yield self._moment(position_ns, "over" if done else "replay" if behind else "live")
            if done:
                return
            self._clock.wait(_FRAME_S if behind else _LIVE_S)

    def _moment(self, at_ns: int, mode: Mode) -> Moment:
        reading = self._reading
        figures = {name: found for name, rows in reading.samples.items() if (found := figures_at(rows, at_ns))}
        speed = self._play.speed if self._play else 1.0
        verdict = reading.verdict() if mode == "over" else None
        return Moment(reading.plan, self._state(at_ns), at_ns, mode, speed, figures, verdict, reading.notes)

    def _look_at_samples(self, *, done: bool) -> None:
        now_ns = self._clock.now_ns()
        due = self._samples_due_ns is None or (self.live and self._samples_due_ns <= now_ns)
        if due or done:
            self._reading.look_at_samples()
            self._samples_due_ns = now_ns + _SAMPLES_NS

    def _state(self, at_ns: int) -> RunState:
        """The state at a time, made anew if other records count by then than at the last one."""
        due = tuple(each for each in self._reading.records if each.at_ns <= at_ns)
        if self._shown is None or self._shown[0] != due:
            self._shown = due, state_of(self._reading.plan, [each.record for each in due])
        return self._shown[1]

    def lines(self) -> Iterator[str]:
        """A line for each change when its time has come, those of the set-up too unless a time to begin was given."""
        reading, teller = self._reading, Teller(self._reading.plan)
        told: set[tuple[str, int]] = set()
        from_ns = self._play.first_ns if self._play and self._asked.from_ns is not None else None
        yield from self._opening()
        while True:
            reading.look()
            until_ns = self._until_ns()
            position_ns = self._position_ns(until_ns)
            due = [each for each in reading.records if each.at_ns <= position_ns and each[1:3] not in told]
            told.update(each[1:3] for each in due)
            yield from self._told(due, teller, position_ns, from_ns)
            if reading.over and position_ns >= until_ns:
                break
            self._clock.wait(self._wait_s(position_ns))
        yield from self._closing()

    def _told(self, due: list[Kept], teller: Teller, at_ns: int, from_ns: int | None) -> Iterator[str]:
        for each in due:
            entry = teller.tell(each.record)
            if entry and (from_ns is None or each.at_ns >= from_ns):
                yield plain_line(self._state(at_ns), entry)

    def _wait_s(self, position_ns: int) -> float:
        """Until the next record's time in a replay; else until the next look."""
        if self._play is None:
            return _LIVE_S
        later = [each.at_ns for each in self._reading.records if each.at_ns > position_ns] or [self._until_ns()]
        found = self._play.wait_s(position_ns, later[0])
        return found if self._reading.over else min(_LIVE_S, found)

    def _opening(self) -> Iterator[str]:
        plan = self._reading.plan
        yield f"{plan.scenario}  seed {plan.seed}, {plan.duration_ns / S:g} s{', going on' if self.live else ''}"

    def _closing(self) -> Iterator[str]:
        yield from self._reading.notes
        verdict = self._reading.verdict()
        if verdict is None:
            yield "no verdict: the run has no summary"
            return
        yield f"verdict: {verdict.word}"
        yield from (f"  {printable(reason)}" for reason in verdict.reasons)
