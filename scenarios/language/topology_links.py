"""The links of a topology file: what each direction of one does to packets, and what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from scenarios.language.document import DataPath, Problem
from scenarios.language.quantities import time_text
from scenarios.language.schema import LinkEntry, OneWayEntry
from topologies.model import Link, OneWay

T = TypeVar("T")

_DEFAULT = OneWay(0)


def link_of(entry: LinkEntry) -> Link:
    """The link of an entry without problems."""
    source = entry.source or f"assumption: {entry.assumption}"
    return Link(*entry.between, _one_way(entry, entry.there), _one_way(entry, entry.back), source)


def _one_way(entry: LinkEntry, own: OneWayEntry) -> OneWay:
    """A direction: its own figures, then the link's, then those of a link that has none."""
    return OneWay(
        delay_ns=_delay_ns(entry, own) or 0,
        jitter_ns=_first(own.jitter, entry.jitter) or _DEFAULT.jitter_ns,
        loss=_first(own.loss, entry.loss) or _DEFAULT.loss,
        rate_bps=_first(own.rate, entry.rate),
        queue_ns=_first(own.queue, entry.queue) or _DEFAULT.queue_ns,
        mtu=_first(own.mtu, entry.mtu),
    )


def _delay_ns(entry: LinkEntry, own: OneWayEntry) -> int | None:
    return _first(own.delay, entry.delay, None if entry.rtt is None else entry.rtt // 2)


def _first(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)


def figure_problems(entry: LinkEntry, path: DataPath) -> Iterator[Problem]:
    """What is wrong with the figures of a link at `path`."""
    if (entry.source is None) == (entry.assumption is None):
        given = "neither source nor assumption" if entry.source is None else "both source and assumption"
        yield Problem(path, f"{given}; say in exactly one of them where the times come from")
    delays = (entry.delay, entry.there.delay, entry.back.delay)
    if entry.rtt is not None and any(delay is not None for delay in delays):
        yield Problem((*path, "rtt"), "both rtt and delay; write the rtt, or the delay of either direction")
    elif any(_delay_ns(entry, own) is None for own in (entry.there, entry.back)):
        yield Problem(path, "neither rtt nor both delays; add rtt: 62.3ms, or a delay for either direction")
    else:
        yield from dict.fromkeys(
            problem
            for side, own in (("there", entry.there), ("back", entry.back))
            for problem in _direction_problems(entry, own, side, path)
        )


def _direction_problems(entry: LinkEntry, own: OneWayEntry, side: str, path: DataPath) -> Iterator[Problem]:
    figures = _one_way(entry, own)
    if figures.jitter_ns > figures.delay_ns:
        most = time_text(figures.delay_ns)
        place = (*path, "jitter") if own.jitter is None else (*path, side, "jitter")
        yield Problem(place, f"more jitter than the one-way delay {most}; write at most {most}")
    if figures.rate_bps is None and _first(own.queue, entry.queue) is not None:
        place = (*path, "queue") if own.queue is None else (*path, side, "queue")
        yield Problem(place, "a queue without a rate, which never fills; add rate: 10mbit")
