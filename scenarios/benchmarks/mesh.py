"""How long it takes to change all links of a whole mesh at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from threading import Thread
from time import monotonic_ns

import numpy as np

from hostio.namespaces import join_network_of
from hostio.units import MS
from scenarios.benchmarks.networks import network, wire_in
from scenarios.language.catalogue import load_topology
from scenarios.timeline import base_states
from topologies.commands import run
from topologies.links import LinkBackend
from topologies.model import Topology
from topologies.names import switch_port, wire_port
from topologies.netem.links import NetemLinks
from topologies.sandbox import in_network_of

_CHANGES = 100

Change = Callable[[Topology, int], list[int]]
"""Emulates the links of a topology in another process's network, and changes them all; how long each took, ns."""


def changes_of_a_mesh(*, netem: bool) -> Iterator[tuple[str, list[int]]]:
    """By link emulation, how long each change of every direction of us-6 took, ns."""
    yield "userspace wire", _in_a_mesh(_changes_by_the_wire)
    if netem:
        yield "netem", _in_a_mesh(_changes_by_netem)


def changes_row(name: str, took_ns: list[int]) -> tuple[str, ...]:
    """A row of the table."""
    middle, late = np.quantile([each / MS for each in took_ns], (0.5, 0.99))
    return name, f"{middle:.2f} ms", f"{late:.2f} ms", str(len(took_ns))


def _changes_by_the_wire(topology: Topology, place: int) -> list[int]:
    with wire_in(topology, place, None) as (carrier, _):
        carrier.wait_ready()
        took = _changes(topology, carrier)
        carrier.close()
    return took


def _changes_by_netem(topology: Topology, place: int) -> list[int]:
    """By a thread in that network, as that is where its links are made."""
    took = []

    def change() -> None:
        join_network_of(place)
        with closing(NetemLinks(topology, base_states(topology))) as links:
            took.extend(_changes(topology, links))

    thread = Thread(target=change)
    thread.start()
    thread.join()
    return took


def _changes(topology: Topology, links: LinkBackend) -> list[int]:
    """How long it takes to change every direction, ns, many times over."""
    base = base_states(topology)
    worse = {direction: replace(state, delay_ns=state.delay_ns + 5 * MS) for direction, state in base.items()}
    took = []
    for number in range(_CHANGES):
        put_in_force = links.prepare(worse if number % 2 else base)
        begin_ns = monotonic_ns()
        put_in_force()()
        took.append(monotonic_ns() - begin_ns)
    return took


def _in_a_mesh(change: Change) -> list[int]:
    """What it takes in a network with all links of us-6."""
    topology = load_topology("us-6")
    with network() as place:
        for here, there in topology.directions:
            i, j = topology.cluster(here).ordinal, topology.cluster(there).ordinal
            one, other = switch_port(i, j), wire_port(i, j)
            run(in_network_of(place, ["ip", "link", "add", one, "up", "type", "veth", "peer", "name", other]))
            run(in_network_of(place, ["ip", "link", "set", "dev", other, "up"]))
        return change(topology, place)
