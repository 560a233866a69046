"""Reads what an expectation names of a link: `link[us-east→us-west].utilisation between 4s and 6s`."""

from __future__ import annotations

from results.run_files.link_rates import joined, rated_within
from results.run_files.plan import LinkPart
from scenarios.language.expectation_names import Names
from scenarios.language.quantities import time_text
from scenarios.language.references import Reference, times_of
from scenarios.language.wording import nearest, quoted, suggestion

_FIGURES = ("utilisation",)


def utilisation(named: Reference, names: Names) -> LinkPart:
    """The part that a reference of the kind `link` names. ValueError with what is wrong and what to write."""
    direction = _direction(named, names)
    if named.figure not in _FIGURES:
        raise ValueError(f"unknown metric {quoted(named.name)}; {suggestion(named.figure or '', _FIGURES)}")
    times, spans = times_of(named, names.duration_ns), names.links[direction]
    if not spans:
        raise ValueError(f"{direction} has no rate to be used; give the link one in its topology, or by a brownout")
    source, destination = direction.split("→")
    if times is None:
        return LinkPart(source, destination)
    if joined(rated_within(spans, *times)) != (times,):
        rated = " and ".join(f"from {time_text(begin)} to {time_text(end)}" for begin, end in joined(spans))
        raise ValueError(f"{direction} has no rate in all of that time; write a time in which it has, {rated}")
    return LinkPart(source, destination, *times)


def _direction(named: Reference, names: Names) -> str:
    if len(named.addresses) != 1:
        example = next(iter(names.links), "us-east→us-west")
        raise ValueError(f"{quoted(named.name)} names no link direction; write one such as link[{example}].utilisation")
    (address,) = named.addresses
    if address in names.links:
        return address
    other = nearest(address.replace("–", "→"), names.links)
    right = f"did you mean {quoted(other)}?" if other else suggestion(address, names.links)
    raise ValueError(f"there is no link direction {quoted(address)}; {right}")
