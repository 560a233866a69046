"""Checks that a link can carry at least one stream of each media profile that is to cross it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from relay_app.program_media import ProgramMedia
from scenarios.language.document import Problem
from scenarios.language.quantities import rate_text
from scenarios.language.schema import ScenarioFile
from scenarios.language.session_media import media_of_group
from scenarios.language.session_schema import Sessions
from scenarios.language.wording import quoted
from topologies.model import Direction, Topology


def rate_problems(scenario: ScenarioFile, topology: Topology) -> Iterator[Problem]:
    """A problem per group of sessions of which one stream is more than a link of its direct path carries by its own
    rate. What faults leave of a rate may be less: that is what they are for."""
    for index, group in enumerate(scenario.sessions):
        media = media_of_group(group, index)
        if media is None or isinstance(media.sent, ProgramMedia):
            continue
        needed = round(media.sent.mean_bps)
        narrow = next((each for each in _rated(group, topology) if each[1] < needed), None)
        if narrow:
            text = f"a stream of {quoted(media.name)} has {rate_text(round(needed, -3))}, and {narrow[0]} carries"
            right = "give the link a higher rate, or the sessions another profile"
            yield Problem(("sessions", index, "media"), f"{text} {rate_text(narrow[1])}; {right}")


def _rated(group: Sessions, topology: Topology) -> Iterator[tuple[Direction, int]]:
    """Every link direction with a rate that streams of the group take unless rerouted, and its rate."""
    forward = Direction(*group.between)
    for ends in (forward,) if group.one_way else (forward, forward.reversed()):
        if ends not in topology.paths:
            continue
        for hop in topology.hops(*ends):
            rate_bps = topology.one_ways[hop].rate_bps
            if rate_bps is not None:
                yield hop, rate_bps
