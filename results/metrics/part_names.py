"""The numbers that a part of the media has, by the names that expectations give them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from results.metrics.metric_names import METRICS, Unit

_PERCENTILE = re.compile(r"p(?P<percent>[0-9]{1,2}(\.[0-9]{1,6})?|100)")
_OF_THE_RUN = ("reroutes",)
"""Numbers under `media` that are of no part."""

OF_ALL_TIME = ("recovery_lag_ms", "speaker_pauses", "outages_in_speaker_pauses")
"""Those that have no time of their own."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "interrupted": "interrupted_directions",
        "hit": "hit_sessions",
        "longest_ms": "interruption_ms.max",
    }
)
"""Names of pairs and groups in the summary for what has another name in `media`."""

FIGURES: Mapping[str, Unit] = MappingProxyType(
    {
        name.removeprefix("media."): unit
        for name, unit in METRICS.items()
        if name.startswith("media.") and name.removeprefix("media.") not in _OF_THE_RUN
    }
)
"""The numbers of a part, by their path within `media`, with their units."""

QUANTITIES: Mapping[str, Unit] = MappingProxyType(
    {name.removesuffix(".p99"): unit for name, unit in FIGURES.items() if name.endswith(".p99")}
)
"""Those of which a part has any percentile."""


def figure_of(name: str) -> str | None:
    """The path of a number within `media` by its name or alias; None if there is no such number."""
    name = ALIASES.get(name, name)
    if name in FIGURES or percentile_of(name) is not None:
        return name
    return None


def percentile_of(figure: str) -> tuple[str, float] | None:
    """Quantity and share (0 to 1) of a percentile; None of other numbers."""
    quantity = next((each for each in QUANTITIES if figure.startswith(f"{each}.")), None)
    if quantity is None:
        return None
    which = figure.removeprefix(f"{quantity}.")
    if which == "max":
        return quantity, 1.0
    match = _PERCENTILE.fullmatch(which)
    return (quantity, float(match["percent"]) / 100) if match else None


def unit_of_figure(figure: str) -> Unit:
    """Its unit."""
    found = percentile_of(figure)
    return QUANTITIES[found[0]] if found else FIGURES[figure]
