"""Checks of the controller's policy against the rest of a scenario. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from controller.settings import POLICY_DETECTORS
from scenarios.language.document import Problem
from scenarios.language.schema import ScenarioFile
from topologies.model import Topology

_POLICY, _PACE, _DIRECTIONS = ("controller", "policy"), ("controller", "pace"), ("controller", "directions")


def policy_problems(scenario: ScenarioFile, topology: Topology) -> Iterator[Problem]:
    """What a policy needs and is not given."""
    settings = scenario.controller
    if settings.policy.name == "headroom" and not scenario.relays.capacity:
        example = f"capacity: {{{topology.clusters[-1].name}: 4000/s}}"
        yield Problem(
            _POLICY, f"headroom is of relays' capacities, and none is stated; add such as {example} to relays"
        )
    if settings.policy.name == "paced" and not settings.move_pace_ns:
        yield Problem(_POLICY, "over what time do lanes move? write {name: paced, pace: 20s}")
    needed = POLICY_DETECTORS.get(settings.policy.name)
    if needed and needed not in settings.detect:
        watched = ", ".join((*settings.detect, needed))
        text = f"{settings.policy.name} needs the detector {needed}, which is off; write detect: [{watched}]"
        yield Problem(_POLICY, text)
    if settings.one_way and settings.policy.name not in ("failover", "direct-only"):
        text = f"{settings.policy.name} moves both directions of a pair; with each, write policy: failover"
        yield Problem(_DIRECTIONS, text)
    if settings.one_way and settings.bfd:
        text = "a BFD session takes both directions of its link down together; with each, write detect: [link]"
        yield Problem(_DIRECTIONS, text)
    if settings.policy.pace_ns and settings.pace_ns:
        yield Problem(_PACE, "there is a pace in policy already; keep one of them", at_key=True)
