"""Checks of a well-formed scenario against its topology. Pure; every check yields its problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hostio.timing import MS
from relay_app.program_media import MOST_SESSIONS, PROGRAM_MEDIA
from scenarios.language.calls import call_problems
from scenarios.language.consent_semantics import consent_problems
from scenarios.language.damping_semantics import damping_problems
from scenarios.language.document import Problem
from scenarios.language.event_semantics import event_problems
from scenarios.language.expectation_names import Names, connection_name
from scenarios.language.expectations import expectations
from scenarios.language.media_rates import rate_problems
from scenarios.language.permissions import terms_problems
from scenarios.language.places import pair_problems, unknown_cluster
from scenarios.language.policy_semantics import policy_problems
from scenarios.language.quantities import time_text
from scenarios.language.schema import ScenarioFile
from scenarios.language.session_media import group_name
from scenarios.language.session_schema import Connections, Sessions
from scenarios.language.webrtc_semantics import webrtc_problems
from scenarios.language.wording import quoted
from topologies.model import Topology

MAX_SESSIONS = 20_000
"""Sessions of a scenario at most: more than any one machine can carry, so a larger number is a typing error."""


def problems(scenario: ScenarioFile, topology: Topology) -> Iterator[Problem]:
    """All problems of the scenario, in no particular order."""
    if scenario.directory is not None:
        yield from unknown_cluster(scenario.directory, ("directory",), topology)
    relays = scenario.relays
    for key, clusters in (("warm", [*relays.warm]), ("kinds", [*relays.kinds]), ("capacity", [*relays.capacity])):
        for cluster in clusters:
            yield from unknown_cluster(cluster, ("relays", key, cluster), topology, at_key=True)
    yield from _session_problems(scenario.sessions, topology)
    yield from _program_media_problems(scenario.sessions)
    yield from consent_problems(scenario.sessions, scenario.duration)
    yield from rate_problems(scenario, topology)
    yield from call_problems(scenario.sessions, scenario.duration)
    yield from _connection_problems(scenario.connections, topology)
    yield from policy_problems(scenario, topology)
    yield from damping_problems(scenario.controller)
    yield from _bfd_problems(scenario.controller.bfd_interval_ns)
    yield from event_problems(scenario, topology)
    yield from webrtc_problems(scenario.webrtc, topology)
    names = Names.of(scenario, topology)
    for index, text in enumerate(scenario.expect):
        yield from _expectation_problem(text, index, names)


def _bfd_problems(interval_ns: int) -> Iterator[Problem]:
    """A problem if Open vSwitch cannot be told the interval."""
    if interval_ns % MS:
        text = f"{time_text(interval_ns)} is no whole number of ms, in which Open vSwitch counts it; write"
        yield Problem(("controller", "bfd_interval"), f"{text} {time_text(round(interval_ns / MS) * MS)}")


def _session_problems(groups: tuple[Sessions, ...], topology: Topology) -> Iterator[Problem]:
    if not groups:
        yield Problem(("sessions",), "there are no sessions; add an entry such as {between: […], count: 100, …}")
    names: set[str] = set()
    total = 0
    for index, group in enumerate(groups):
        name = group_name(group, index)
        yield from pair_problems(group.between, ("sessions", index, "between"), topology)
        if name in names:
            yield Problem(("sessions", index, "name"), f"there is already a group {quoted(name)}; name it differently")
        if total <= MAX_SESSIONS < total + group.count:
            text = f"{total + group.count} sessions in all; write at most {MAX_SESSIONS}"
            yield Problem(("sessions", index, "count"), text)
        if group.permission:
            place = ("sessions", index, "permission")
            yield from terms_problems(group.permission, relayed=group.path == "relayed", path=place)
        names.add(name)
        total += group.count


def _program_media_problems(groups: Sequence[Sessions]) -> Iterator[Problem]:
    total = 0
    for index, group in enumerate(groups):
        if group.media not in PROGRAM_MEDIA:
            continue
        if group.path == "direct":
            yield Problem(("sessions", index, "path"), "media of another program pass the relays; write relayed")
        if total <= MOST_SESSIONS < total + group.count:
            text = f"{total + group.count} sessions of other programs in all; write at most {MOST_SESSIONS}"
            yield Problem(("sessions", index, "count"), text)
        total += group.count


def _connection_problems(groups: tuple[Connections, ...], topology: Topology) -> Iterator[Problem]:
    names: set[str] = set()
    for index, group in enumerate(groups):
        name = connection_name(group)
        yield from pair_problems(group.between, ("connections", index, "between"), topology)
        if name in names:
            place = "kind" if group.name is None else "name"
            text = f"there is already a group {quoted(name)}; give this one another name"
            yield Problem(("connections", index, place), text)
        names.add(name)


def _expectation_problem(text: str, index: int, names: Names) -> Iterator[Problem]:
    try:
        expectations(text, names)
    except ValueError as error:
        yield Problem(("expect", index), str(error))
