"""Which runs compare policies: each scenario under each policy, watched by links alone, by canaries and by media.

Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

from controller.policies import POLICIES
from controller.settings import POLICY_DETECTORS, PolicyName

OPTIONS: Mapping[PolicyName, Mapping[str, object]] = MappingProxyType(
    {"spread": {"relays": 3}, "paced": {"pace": "8s"}, "headroom": {"share": "80%"}}
)
CAPACITY = "4000/s"
"""What `headroom` is told that every relay carries, if the scenario does not say: 40 calls of `voice`."""
DETECTORS = (("link",), ("link", "relay-canary"), ("link", "receiver-reports"))
_DECIDED = ("pace", "reroute")
"""Settings of a scenario's controller that are no longer its own: without reroutes no policy differs from another."""
RELEASES = "rolling-deploy"
"""How the files begin among the patterns that are releases of our own, and no blips of the field."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A scenario file under a policy and detectors."""

    scenario: Path
    policy: PolicyName
    detectors: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """Scenario without suffix, policy and detectors, as a row has them."""
        return self.scenario.stem, self.policy, ", ".join(self.detectors)

    @property
    def name(self) -> str:
        """Of its folder."""
        return "+".join((self.policy, *self.detectors))


def compared(library: Path) -> list[Path]:
    """The scenarios that policies are compared with: those made for it, then the patterns of the field."""
    patterns = sorted((library / "patterns").glob("*.yaml"))
    return [
        *sorted((library / "policies").glob("*.yaml")),
        *(path for path in patterns if not path.stem.startswith(RELEASES)),
    ]


def trials(scenarios: Sequence[Path], policies: Sequence[PolicyName] = tuple(POLICIES)) -> Iterator[Trial]:
    """Of each scenario one for each policy and each set of detectors, with what else the policy needs."""
    for scenario, policy, detectors in product(scenarios, policies, DETECTORS):
        needed = POLICY_DETECTORS.get(policy)
        yield Trial(scenario, policy, (*detectors, needed) if needed else detectors)


def document(trial: Trial, data: Mapping[str, Any], clusters: Sequence[str]) -> dict[str, Any]:
    """The data of a scenario file with the policy and the detectors of a trial. `clusters`: of its topology."""
    found = copy.deepcopy(dict(data))
    options = OPTIONS.get(trial.policy, {})
    controller = {key: value for key, value in found.get("controller", {}).items() if key not in _DECIDED}
    policy = {"name": trial.policy, **options} if options else trial.policy
    found["controller"] = {**controller, "policy": policy, "detect": [*trial.detectors]}
    if trial.policy == "headroom":
        found["relays"] = {"capacity": dict.fromkeys(clusters, CAPACITY), **found.get("relays", {})}
    return found


def selected(words: Sequence[str], scenarios: Sequence[Path]) -> tuple[list[Path], list[PolicyName]]:
    """The scenarios and the policies that words name; all of them where none is named. ValueError: an unknown word."""
    unknown = [word for word in words if word not in POLICIES and word not in {path.stem for path in scenarios}]
    if unknown:
        known = ", ".join((*POLICIES, *(path.stem for path in scenarios)))
        raise ValueError(f"{unknown[0]!r} is neither a policy nor a scenario; write some of {known}")
    return (
        [path for path in scenarios if path.stem in words] or [*scenarios],
        [name for name in POLICIES if name in words] or [*POLICIES],
    )
