"""Flap damping of links, after BGP route flap damping (RFC 2439): one that keeps leaving clean is not used for a while.

Each time that a direction leaves clean its penalty grows by 1000, and it halves in every `damping_half_life`. The
direction is suppressed from `damping_suppress` on, until the penalty is below `damping_reuse` (RFC 2439 §4.2; 2000 and
750 are what many routers have unless told otherwise, RFC 7196). The penalty has a ceiling, from which it falls below
`damping_reuse` in `damping_longest`. A suppressed direction that is clean counts as damped; what is worse stays so.
Pure; times are ns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from controller.decisions import HealthChange
from controller.health import Health
from controller.settings import ControllerSettings
from hostio.timing import S
from topologies.model import Direction

PER_FLAP = 1000

Use = Literal["used", "suppressed"]
Finding = Literal["high", "between", "low"]

TRANSITIONS: dict[tuple[Use, Finding], Use] = {
    ("used", "low"): "used",
    ("used", "between"): "used",
    ("used", "high"): "suppressed",
    ("suppressed", "high"): "suppressed",
    ("suppressed", "between"): "suppressed",
    ("suppressed", "low"): "used",
}
"""`high`: the penalty is `damping_suppress` or more. `low`: it is below `damping_reuse`."""


@dataclass(frozen=True, slots=True)
class Flapping:
    """What is held against a direction: how often it flapped, and its penalty as it was at `at_ns`.

    Flaps are counted anew once the penalty is below half of `damping_reuse`, as routers forget it then.
    """

    flaps: int = 0
    penalty: float = 0.0
    at_ns: int = 0
    use: Use = "used"

    def decayed(self, settings: ControllerSettings, now_ns: int) -> float:
        """The penalty at a later time."""
        return self.penalty * math.pow(2, (self.at_ns - now_ns) / settings.damping_half_life_ns)

    def flapped(self, settings: ControllerSettings, now_ns: int) -> Flapping:
        """After one more flap."""
        old = self.decayed(settings, now_ns)
        flaps = self.flaps + 1 if old * 2 >= settings.damping_reuse else 1
        return replace(self, flaps=flaps, penalty=min(old + PER_FLAP, ceiling(settings)), at_ns=now_ns)

    def judged(self, settings: ControllerSettings, now_ns: int) -> Flapping:
        """With the use that follows from the penalty."""
        penalty = self.decayed(settings, now_ns)
        high, low = penalty >= settings.damping_suppress, penalty < settings.damping_reuse
        return replace(self, use=TRANSITIONS[self.use, "high" if high else "low" if low else "between"])

    def reason(self, settings: ControllerSettings) -> str:
        """Why it is not used, as after its last flap."""
        wait_s = settings.damping_half_life_ns * math.log2(self.penalty / settings.damping_reuse) / S
        return (
            f"flapped {self.flaps} times; its penalty of {self.penalty:.0f} must fall below {settings.damping_reuse}: "
            f"not used until {wait_s:.1f} s after the last flap"
        )


def ceiling(settings: ControllerSettings) -> float:
    """The highest penalty (RFC 2439 §4.2): it falls below `damping_reuse` in `damping_longest`."""
    half_lives = settings.damping_longest_ns / settings.damping_half_life_ns
    return settings.damping_reuse * math.pow(2, min(half_lives, 64.0))


class LinkDamping:
    """Follows the health of links, as the detectors find it."""

    def __init__(self, settings: ControllerSettings) -> None:
        self._settings = settings
        self._clean: set[Direction] = set()
        self._flapping: dict[Direction, Flapping] = {}
        self._damped: dict[Direction, Health] = {}

    def observe(self, links: Mapping[Direction, Health], now_ns: int) -> list[HealthChange]:
        """Count flaps since the last call; those that became damped, or are damped no more."""
        for direction, health in links.items():
            if health.state == "clean":
                self._clean.add(direction)
            elif direction in self._clean:
                self._clean.discard(direction)
                flapping = self._flapping.get(direction, Flapping())
                self._flapping[direction] = flapping.flapped(self._settings, now_ns)
        self._flapping = {each: found.judged(self._settings, now_ns) for each, found in self._flapping.items()}
        return [change for each, found in self._flapping.items() for change in self._follow(each, found, now_ns)]

    def applied(self, links: Mapping[Direction, Health]) -> Mapping[Direction, Health]:
        """The health of links for those who choose paths."""
        return {**links, **{each: found for each, found in self._damped.items() if links[each].state == "clean"}}

    def _follow(self, direction: Direction, found: Flapping, now_ns: int) -> list[HealthChange]:
        damped = found.use == "suppressed" and direction in self._clean
        if damped == (direction in self._damped):
            return []
        if damped:
            health = self._damped[direction] = Health("damped", now_ns, found.reason(self._settings))
            return [HealthChange(*direction, "clean", "damped", now_ns, health.reason, "damping")]
        del self._damped[direction]
        if direction not in self._clean:  # its detector has said so
            return []
        reason = f"its penalty is below {self._settings.damping_reuse}"
        return [HealthChange(*direction, "damped", "clean", now_ns, reason, "damping")]
