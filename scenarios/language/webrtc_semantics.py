"""Checks of the WebRTC calls of a scenario: against its topology, and against what runs as relay. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from relay_app.webrtc_calls import MOST_CALLS, CallGroup
from results.run_files.plan import Plan
from scenarios.language.document import DataPath, Problem
from scenarios.language.places import link_problems, unknown_cluster
from scenarios.language.webrtc_schema import Webrtc
from scenarios.language.wording import quoted
from topologies.model import Topology


def call_group_name(group: Webrtc, index: int) -> str:
    """The name of a group of calls; unless given, its number."""
    return group.name or f"webrtc-{index + 1}"


def call_groups(groups: Sequence[Webrtc]) -> tuple[CallGroup, ...]:
    """The groups as the plan has them."""
    return tuple(
        CallGroup(call_group_name(group, index), *group.between, group.count, group.turn, group.consent)
        for index, group in enumerate(groups)
    )


def webrtc_problems(groups: Sequence[Webrtc], topology: Topology) -> Iterator[Problem]:
    """Problems of the groups: their names, their number, and a server to which no link leads."""
    names: set[str] = set()
    total = 0
    for index, group in enumerate(groups):
        place = ("webrtc", index)
        name = call_group_name(group, index)
        if name in names:
            yield Problem((*place, "name"), f"there is already a group {quoted(name)}; name it differently")
        if total <= MOST_CALLS < total + group.count:
            text = f"{total + group.count} WebRTC calls in all; write at most {MOST_CALLS}"
            yield Problem((*place, "count"), text)
        names.add(name)
        total += group.count
        ends = [*link_problems(group.between, (*place, "between"), topology)]
        yield from ends or _server_problems(group, (*place, "turn"), topology)


def _server_problems(group: Webrtc, place: DataPath, topology: Topology) -> Iterator[Problem]:
    if not group.turn:
        yield Problem(place, "there is no TURN server; write one cluster or more, such as [us-central]")
    for index, cluster in enumerate(group.turn):
        if cluster in group.between:
            text = f"{quoted(cluster)} has a peer of these calls; write a cluster between the two"
            yield Problem((*place, index), text)
        elif unknown := [*unknown_cluster(cluster, (*place, index), topology)]:
            yield from unknown
        else:
            missing = (link_problems((end, cluster), (*place, index), topology) for end in group.between)
            yield from itertools.islice(itertools.chain(*missing), 1)


def turn_problems(plan: Plan) -> Iterator[Problem]:
    """A problem for each cluster whose relay has no server for TURN clients without credentials."""
    for index, group in enumerate(plan.webrtc):
        for number, cluster in enumerate(group.turn):
            program = plan.relays.program_of(cluster)
            if program is None or program.server is None or program.server.turn_port is None:
                kind = quoted(plan.relays.version_of(cluster))
                text = f"the relay of {cluster} is {kind}, which has no TURN server for clients without credentials"
                remedy = f"write relays: {{kinds: {{{cluster}: coturn}}}}"
                yield Problem(("webrtc", index, "turn", number), f"{text}; {remedy}")
