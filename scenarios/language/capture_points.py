"""What `--pcap` names: clusters, and links by both their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from results.run_files.captured import Captured
from results.run_files.plan import Plan
from scenarios.errors import ScenarioError
from scenarios.language.wording import quoted, suggestion
from topologies.model import Topology, link_name

MOST_POINTS = 32
"""Each takes buffers and processor time while media flow."""

_BETWEEN = ("–", "-", ":", "/", "→")
"""What may stand between the ends of a link, in either order."""


def with_captures(plan: Plan, names: Sequence[str]) -> Plan:
    """The plan with captures of what these names are; ScenarioError with all that name nothing."""
    if not names:
        return plan
    links = _links(plan.topology)
    clusters = [cluster.name for cluster in plan.topology.clusters]
    if wrong := [_unknown(name, clusters, plan.topology) for name in names if name not in (*clusters, *links)]:
        raise reduce(ScenarioError.beside, wrong)
    if len({*names}) > MOST_POINTS:
        raise ScenarioError(f"--pcap {names[-1]}", f"{len({*names})} are too many to capture; name {MOST_POINTS}", None)
    captured = Captured(
        tuple(dict.fromkeys(name for name in names if name in clusters)),
        tuple(dict.fromkeys(links[name] for name in names if name not in clusters)),
    )
    options = (word for name in names for word in ("--pcap", name))
    return replace(plan, captured=captured, command=(*plan.command, *options) if plan.command else ())


def _links(topology: Topology) -> dict[str, tuple[str, str]]:
    """Every way to write each link."""
    return {
        between.join(ends): (link.a, link.b)
        for link in topology.links
        for ends in ((link.a, link.b), (link.b, link.a))
        for between in _BETWEEN
    }


def _unknown(name: str, clusters: Sequence[str], topology: Topology) -> ScenarioError:
    known = (*clusters, *(link_name(link.a, link.b) for link in topology.links))
    return ScenarioError(f"--pcap {name}", f"no cluster or link {quoted(name)}; {suggestion(name, known)}", None)
