"""Reads what an expectation names of a part of the media: `group[moved].interruption_ms.p99 between 4s and 6s`.

    reference = kind { "[" address "]" } "." figure [ time ]
    kind      = "media" | "group"
    address   = cluster ( "→" | "->" ) cluster | cluster ( "–" | "<->" ) cluster | group
    time      = "at" TIME | "between" TIME "and" TIME

Without a kind a figure is one of `media`. docs/scenarios.md explains each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hostio.timing import S
from results.metrics.part_names import ALIASES, FIGURES, OF_ALL_TIME, QUANTITIES, figure_of
from results.run_files.plan import Part
from scenarios.language.expectation_names import Names
from scenarios.language.quantities import time_ns, time_text
from scenarios.language.wording import nearest, quoted, suggestion

_TIME = r"(?:\s+(?:at\s+(?P<at>\S+)|between\s+(?P<begin>\S+)\s+and\s+(?P<end>\S+)))?"
_REFERENCE = re.compile(r"(?P<kind>[^\s\[\].]+)(?P<addresses>(?:\[[^\[\]]*\])*)(?:\.(?P<figure>\S+))?" + _TIME)
_ONE_WAY, _BOTH_WAYS = "→", "–"
_ARROWS = (("<->", _BOTH_WAYS), ("↔", _BOTH_WAYS), ("->", _ONE_WAY))
_SECOND_NS = S


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands where a metric is named, taken apart and not yet checked."""

    kind: str
    addresses: tuple[str, ...]
    figure: str | None
    time: str
    at: str | None
    between: tuple[str, str] | None

    @property
    def name(self) -> str:
        """As it is to be written."""
        addresses = "".join(f"[{address}]" for address in self.addresses)
        return f"{self.kind}{addresses}{f'.{self.figure}' if self.figure else ''}{self.time}"


def reference(text: str) -> Reference | None:
    """The parts of a reference; None if it has another form."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    addresses = tuple(each.strip() for each in re.findall(r"\[([^\[\]]*)\]", match["addresses"]))
    between = (match["begin"], match["end"]) if match["begin"] else None
    time = f" at {match['at']}" if match["at"] else f" between {between[0]} and {between[1]}" if between else ""
    return Reference(match["kind"], addresses, match["figure"], time, match["at"], between)


def with_signs(text: str) -> str:
    """The text with arrows in ASCII between brackets as the signs that they stand for."""
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: _signs(found[0]), text)


def _signs(address: str) -> str:
    for ascii_arrow, sign in _ARROWS:
        address = address.replace(ascii_arrow, sign)
    return re.sub(rf"\s*([{_ONE_WAY}{_BOTH_WAYS}])\s*", r"\1", address)


def part(named: Reference, names: Names) -> Part:
    """The part of the media that a reference names. ValueError with what is wrong and what to write."""
    found = Part(_figure(named))
    for address in _addresses(named):
        found = _addressed(found, address, names)
    return _timed(found, named, names)


def _figure(named: Reference) -> str:
    if named.figure is None:
        raise ValueError(f"{quoted(named.name)} names no figure; write one such as {named.name}.lost")
    figure = "interruption_ms.max" if named.figure == "interruption_ms" else figure_of(named.figure)
    if figure is None:
        raise ValueError(f"unknown metric {quoted(named.name)}; {_other_figure(named.figure)}")
    if figure in OF_ALL_TIME and named.time:
        raise ValueError(f"{named.figure} has no time of its own; leave out {quoted(named.time.strip())}")
    return figure


def _other_figure(figure: str) -> str:
    quantity = next((each for each in QUANTITIES if figure == each or figure.startswith(f"{each}.")), None)
    if quantity:
        return f"write a percentile such as {quantity}.p50, {quantity}.p99.9 or {quantity}.max"
    return suggestion(figure, (*FIGURES, *ALIASES))


def _addresses(named: Reference) -> Iterable[str]:
    if named.kind == "group" and not named.addresses:
        raise ValueError(f"{quoted(named.name)} names no group; write one such as group[NAME].{named.figure}")
    for number, address in enumerate(named.addresses):
        is_group = named.kind == "group" and number == 0
        yield f"group {address}" if is_group else address


def _addressed(found: Part, address: str, names: Names) -> Part:
    if address.startswith("group "):
        return _of_group(found, address.removeprefix("group "), names)
    sign = next((each for each in (_ONE_WAY, _BOTH_WAYS) if each in address), None)
    if sign is None:
        raise ValueError(_no_pair(address, names))
    source, destination = address.split(sign, 1)
    for cluster in (source, destination):
        if cluster not in names.clusters:
            raise ValueError(f"unknown cluster {quoted(cluster)}; {suggestion(cluster, names.clusters)}")
    if found.group is not None and {source, destination} != set(names.groups[found.group]):
        a, b = names.groups[found.group]
        raise ValueError(f"the sessions of {quoted(found.group)} are between {a} and {b}; write {a}{sign}{b}")
    ways = names.pairs if found.group is None else names.ways(found.group)
    if f"{source}→{destination}" not in ways:
        raise ValueError(f"no session goes from {source} to {destination}; {suggestion(address, ways)}")
    return replace(found, source=source, destination=destination, both_ways=sign == _BOTH_WAYS)


def _no_pair(address: str, names: Names) -> str:
    if address in names.groups:
        return f"{quoted(address)} is a group of sessions; write group[{address}]"
    near = nearest(address, names.pairs)
    example = near or next(iter(names.pairs), "us-east→us-west")
    return f"{quoted(address)} is no pair of clusters; write one such as {example}"


def _of_group(found: Part, group: str, names: Names) -> Part:
    if group not in names.groups:
        raise ValueError(f"there is no group {quoted(group)}; {suggestion(group, names.groups)}")
    return replace(found, group=group)


def _timed(found: Part, named: Reference, names: Names) -> Part:
    times = times_of(named, names.duration_ns)
    return replace(found, from_ns=times[0], until_ns=times[1]) if times else found


def times_of(named: Reference, duration_ns: int) -> tuple[int, int] | None:
    """From when until when a reference is of media of this length, ns; None: of all time. ValueError."""
    if named.at is not None:
        begin_ns = time_ns(named.at)
        end_ns = min(begin_ns + _SECOND_NS, duration_ns)
    elif named.between is not None:
        begin_ns, end_ns = map(time_ns, named.between)
    else:
        return None
    if begin_ns >= duration_ns or end_ns > duration_ns:
        late = named.at or named.between[0 if begin_ns >= duration_ns else 1]  # type: ignore[index]
        length = time_text(duration_ns)
        raise ValueError(f"there is no {late} in media of {length}; write a time up to {length}")
    if end_ns <= begin_ns:
        raise ValueError(f"{quoted(named.time.strip())} ends before it begins; write the earlier time first")
    return begin_ns, end_ns
