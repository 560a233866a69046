"""Reads the traces that the events of a scenario name, from the scenario file's folder."""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

from scenarios.errors import ScenarioError
from scenarios.language.document import Document, Problem
from scenarios.language.event_base import EventBase
from scenarios.language.schema import ScenarioFile
from scenarios.language.trace_event import TraceEvent
from scenarios.language.trace_file import read_trace


class Traced(NamedTuple):
    """A scenario whose traces are read. `problems`: files that are not there; `errors`: files that are wrong."""

    scenario: ScenarioFile
    problems: tuple[Problem, ...]
    errors: tuple[ScenarioError, ...]

    def error(self, document: Document, others: tuple[Problem, ...]) -> ScenarioError | None:
        """The error of all that is wrong with the scenario, given what else is, and with its traces; None: nothing."""
        problems = (*others, *self.problems)
        found = [*([document.error(problems)] if problems else []), *self.errors]
        return reduce(ScenarioError.beside, found) if found else None


def with_traces(scenario: ScenarioFile, document: Document) -> Traced:
    """The scenario with what is in the files of its traces. A trace that cannot be read changes nothing."""
    events: list[EventBase] = []
    problems: list[Problem] = []
    errors: list[ScenarioError] = []
    for index, event in enumerate(scenario.events):
        events.append(event)
        if not isinstance(event, TraceEvent):
            continue
        place = ("events", index, "file")
        path = document.path_of(event.file, place)
        try:
            events[-1] = event.played(read_trace(path))
        except ScenarioError as error:
            if path.exists():
                errors.append(error)
            else:
                problems.append(Problem(place, error.message))
    return Traced(scenario.model_copy(update={"events": tuple(events)}), tuple(problems), tuple(errors))
