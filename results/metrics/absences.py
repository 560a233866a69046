"""When clients gave streams up for want of consent to send, and for how long. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from relay_app.calls import Span
from relay_app.records import ABSENCE
from relay_app.streams import Stream
from results.run_files.plan import Plan
from results.run_files.records import Recording, Rows


@dataclass(frozen=True, slots=True)
class Absence:
    """A time for which the client that sends a stream withheld it. CLOCK_MONOTONIC; `still`: until its media ended."""

    stream: Stream
    started_ns: int
    ended_ns: int
    still: bool

    @property
    def length_ns(self) -> int:
        """Length, ns; a lower bound if it lasts (right-censored)."""
        return self.ended_ns - self.started_ns

    def withheld_ns(self, spans: Iterable[Span], start_ns: int) -> int:
        """How much speech was withheld of what `spans`, from `start_ns` on, have."""
        return sum(max(0, until_ns - from_ns) for from_ns, until_ns in self._speech(spans, start_ns))

    def first_withheld_ns(self, spans: Iterable[Span], start_ns: int) -> int | None:
        """When the first speech was withheld; None: none was."""
        return next((from_ns for from_ns, until_ns in self._speech(spans, start_ns) if until_ns > from_ns), None)

    def _speech(self, spans: Iterable[Span], start_ns: int) -> Iterable[tuple[int, int]]:
        for span in spans:
            if not span.noise_ns:
                yield max(self.started_ns, start_ns + span.from_ns), min(self.ended_ns, start_ns + span.until_ns)


Absences = Mapping[int, tuple[Absence, ...]]
"""Those of every stream that needs consent, in order, by SSRC."""


def absences_of(plan: Plan, recording: Recording, ends_ns: Mapping[int, int], end_ns: int) -> Absences:
    """The absences of a run, empty if no client needs consent. The media ended at `end_ns`, and those of a stream with
    an entry in `ends_ns` then if that is earlier."""
    consents = {group.name for group in plan.sessions if group.consent}
    needing = [stream for stream in recording.streams if stream.group in consents]
    rows = np.concatenate([np.empty(0, ABSENCE), *recording.absences.values()])
    return {
        stream.ssrc: _of_stream(
            stream, rows[rows["ssrc"] == stream.ssrc], min(ends_ns.get(stream.ssrc, end_ns), end_ns)
        )
        for stream in needing
    }


def _of_stream(stream: Stream, rows: Rows, end_ns: int) -> tuple[Absence, ...]:
    times = zip(rows["expired_ns"].tolist(), rows["returned_ns"].tolist(), strict=True)
    found = (Absence(stream, expired_ns, returned_ns or end_ns, not returned_ns) for expired_ns, returned_ns in times)
    return tuple(sorted(found, key=lambda each: each.started_ns))


def gave_up(absences: Absences) -> int | None:
    """How many streams were given up; None if none needs consent."""
    return sum(1 for each in absences.values() if each) if absences else None


def longest_given_up_ms(absences: Absences) -> float | None:
    """The longest absence, ms; 0 if there was none, None if no stream needs consent."""
    if not absences:
        return None
    return round(max((each.length_ns for own in absences.values() for each in own), default=0) / 1e6, 3)
