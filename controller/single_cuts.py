"""What a policy decides when one link is cut and nothing else is wrong. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from controller.decisions import Kept
from controller.health import Health
from controller.moves import Move, PolicyDecision
from controller.policies import DEFAULT_POLICY, POLICIES
from controller.settings import ControllerSettings
from controller.situation import Situation
from topologies.model import Link, Topology


@dataclass(frozen=True, slots=True)
class SingleCut:
    """A link, and the decisions of the pairs whose direct path its cut ends."""

    link: Link
    decisions: tuple[PolicyDecision, ...]

    def moves(self, relays: int) -> tuple[Move, ...]:
        """The pairs that move onto so many relays."""
        return tuple(each for each in self.decisions if isinstance(each, Move) and len(each.relays) == relays)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The pairs without a detour."""
        return tuple(each for each in self.decisions if isinstance(each, Kept))


def single_cuts(topology: Topology, settings: ControllerSettings) -> tuple[SingleCut, ...]:
    """The cut of every link by itself, in the order of links."""
    return tuple(SingleCut(link, tuple(_after_cut(topology, link, settings))) for link in topology.links)


def _after_cut(topology: Topology, link: Link, settings: ControllerSettings) -> list[PolicyDecision]:
    clean, down = Health("clean", 0, "nothing is wrong"), Health("down", 0, "cut")
    health = {each: down if each in link.directions else clean for each in topology.directions}
    return POLICIES[DEFAULT_POLICY](Situation(topology, health, {}, {}, settings, 0))
