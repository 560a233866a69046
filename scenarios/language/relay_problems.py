"""What relay programs cannot do of what a scenario wants of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from results.metrics.metric_names import app_metric, program_metric_names
from results.run_files.plan import Plan
from results.run_files.relay_program import (
    RelayProgram,
)
from scenarios.language.document import Problem
from scenarios.language.event_schema import Event
from scenarios.language.process_events import RelaySuccession
from scenarios.language.wording import quoted


def kind_problems(plan: Plan) -> Iterator[Problem]:
    """A problem for each relay program that cannot do what the scenario wants of it.

    One that holds all sessions from its start cannot be cold for some; canaries through one without path log could have
    come through another relay. And one for each expectation on the process of a relay that is no program.
    """
    yield from _expectation_problems(plan)
    yield from _prewarm_problems(plan)
    for cluster in (each.name for each in plan.topology.clusters):
        for name in dict.fromkeys(plan.relay_kinds(cluster)):
            if program := plan.relays.programs.get(name):
                yield from _program_problems(plan, cluster, program, quoted(name))


def _prewarm_problems(plan: Plan) -> Iterator[Problem]:
    """A problem for each program among the relays, which no order of the controller reaches."""
    if plan.controller.policy.name != "prewarm":
        return
    for name in plan.relays.programs:
        clusters = [each.name for each in plan.topology.clusters if name in plan.relay_kinds(each.name)]
        text = f"prewarm tells relays to load records, and {quoted(name)} ({', '.join(clusters)}) is a program that"
        yield Problem(("controller", "policy"), f"{text} cannot be told; write failover, or another kind")


def _program_problems(plan: Plan, cluster: str, program: RelayProgram, kind: str) -> Iterator[Problem]:
    if plan.controller.canaries and not program.writes_path_log:
        text = f"{kind} writes no path log, which relay-canary needs; write [link]"
        yield Problem(("controller", "detect"), text)
    passing = any(group.relayed and cluster not in (group.a, group.b) for group in plan.sessions)
    if program.sessions == "file" and passing and plan.relays.warm.get(cluster, 0.0) < 1:
        text = f"{kind} holds all sessions from its start, and cannot be cold; write warm: {{{cluster}: 100%}}"
        yield Problem(("relays", "warm"), text)
    if program.sessions == "none":
        yield from _passing_problems(plan, cluster, kind)


def _passing_problems(plan: Plan, cluster: str, kind: str) -> Iterator[Problem]:
    """A problem if a program that keeps no sessions could not tell from where a packet comes whereto it goes."""
    path = ("relays", "kinds", cluster) if cluster in plan.relays.versions else ("relays", "kind")
    others = len(plan.topology.clusters) - 1
    ends = [group.name for group in plan.sessions if group.relayed and cluster in (group.a, group.b)]
    if others != 2:
        text = f"{kind} keeps no sessions, and stands between two clusters; {plan.topology.name} has {others} others"
        yield Problem(path, f"{text}; write another kind")
    elif ends:
        text = f"{kind} keeps no sessions, and has no way to the clients of {cluster}, an end of {quoted(ends[0])}"
        yield Problem(path, f"{text}; name it in kinds, for a cluster between others")


def succession_problems(plan: Plan, events: Iterable[Event]) -> Iterator[Problem]:
    """A problem for each event that brings another kind where one of both has a server: it would replace its adapter
    alone."""
    for index, event in enumerate(events):
        if not isinstance(event, RelaySuccession) or event.kind is None:
            continue
        now = plan.relays.version_of(event.cluster)
        if any(program.server for program in plan.relay_programs(event.cluster)) and event.kind != now:
            text = f"{quoted(event.kind)} cannot succeed {quoted(now)}: one of them is a server with an adapter"
            yield Problem(("events", index, "kind"), f"{text}; leave out kind")


def _expectation_problems(plan: Plan) -> Iterator[Problem]:
    names = program_metric_names(plan.relays_of_ours)
    # Those that a line with `relay[KIND]` stands for have its text, and follow one another.
    by_line = groupby(plan.expectations, key=lambda each: each.text)
    for index, expectation in ((line, each) for line, (_, those) in enumerate(by_line) for each in those):
        asked = app_metric(expectation.metric)
        program = plan.program_of(asked[0]) if asked else None
        if asked and not (program and program.metrics):
            text = (
                f"the relay of {asked[0]} has no metrics endpoint; name one in its relay.yaml: metrics: {{port: 9100}}"
            )
            yield Problem(("expect", index), text)
        if expectation.metric in names:
            cluster = expectation.metric.split(".")[1]
            text = (
                f"the relay of {cluster} is no program, and has no process of its own; leave it out, or name a program"
            )
            yield Problem(("expect", index), text)
