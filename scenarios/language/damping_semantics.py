"""Checks of the controller's thresholds of flap damping against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from controller.damping import ceiling
from controller.settings import ControllerSettings
from scenarios.language.document import Problem
from scenarios.language.quantities import time_text

_DEFAULT = ControllerSettings()


def damping_problems(settings: ControllerSettings) -> Iterator[Problem]:
    """What no link could ever meet, or would always meet."""
    suppress, reuse = settings.damping_suppress, settings.damping_reuse
    if reuse >= suppress:
        key = "damping_reuse" if reuse != _DEFAULT.damping_reuse else "damping_suppress"
        text = f"a link would be used again from {reuse} down, and not be used from {suppress} up; write damping_reuse"
        yield Problem(("controller", key), f"{text} below damping_suppress")
    elif (highest := ceiling(settings)) < suppress:
        changed = {
            "damping_longest": settings.damping_longest_ns != _DEFAULT.damping_longest_ns,
            "damping_half_life": settings.damping_half_life_ns != _DEFAULT.damping_half_life_ns,
            "damping_suppress": suppress != _DEFAULT.damping_suppress,
            "damping_reuse": True,
        }
        key = next(key for key, given in changed.items() if given)
        longest = time_text(settings.damping_longest_ns)
        text = f"no penalty that falls below {reuse} in {longest} is above {highest:.0f}, so none reaches {suppress}"
        yield Problem(("controller", key), f"{text}; write a longer damping_longest or a shorter damping_half_life")
