"""Network namespaces for benchmarks, a userspace wire in one, and the time to change all links of a mesh."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Thread
from time import monotonic_ns

import numpy as np

from hostio.commands import run
from hostio.network import join_network_of
from hostio.timing import MS, US
from scenarios.language.topology_files import load_topology
from topologies.interface_names import switch_port, wire_port
from topologies.link_backend import LinkBackend
from topologies.model import Topology
from topologies.netem.backend import NetemLinks
from topologies.sandbox import in_network_of
from topologies.wire import process as wire
from topologies.wire.backend import UserspaceWire
from topologies.wire.messages import WireConfig, wire_config

_TICK_NS = 100 * US


@contextmanager
def network() -> Iterator[int]:
    """A network namespace, held by a process that sleeps; gives its pid."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up; echo ready; exec sleep 3600"], stdout=subprocess.PIPE
    )
    try:
        if holder.stdout:
            holder.stdout.readline()
        yield holder.pid
    finally:
        holder.kill()
        holder.wait()


@contextmanager
def wire_in(topology: Topology, network: int, core: int | None) -> Iterator[tuple[UserspaceWire, int]]:
    """A userspace wire in the network of process `network`, pinned to a core if one is named; gives back end and pid.

    The caller closes the back end, which ends the process.
    """
    ours, theirs = multiprocessing.Pipe()
    states = topology.base_states
    config = wire_config(topology, states, seed=1, tick_ns=_TICK_NS)
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=(network, core, config, theirs), daemon=True
    )
    process.start()
    theirs.close()
    if process.pid is None:
        raise ChildProcessError("the wire did not start")
    yield UserspaceWire(topology, states, ours), process.pid
    process.join()


def _serve(network: int, core: int | None, config: WireConfig, control: Connection) -> None:
    join_network_of(network)
    if core is not None:
        os.sched_setaffinity(0, {core})
    wire.serve(config, control)


_CHANGES = 100

Change = Callable[[Topology, int], list[int]]
"""Emulates the links of a topology in the network of a pid, changes all of them repeatedly; gives each duration, ns."""


def changes_of_a_mesh(*, netem: bool) -> Iterator[tuple[str, list[int]]]:
    """Link back end, and the durations of changes of all directions of us-6, ns."""
    yield "userspace wire", _in_a_mesh(_changes_by_the_wire)
    if netem:
        yield "netem", _in_a_mesh(_changes_by_netem)


def changes_row(name: str, took_ns: list[int]) -> tuple[str, ...]:
    """A row of the table: median, 99th percentile, number of changes."""
    middle, late = np.quantile([each / MS for each in took_ns], (0.5, 0.99))
    return name, f"{middle:.2f} ms", f"{late:.2f} ms", str(len(took_ns))


def _changes_by_the_wire(topology: Topology, place: int) -> list[int]:
    with wire_in(topology, place, None) as (carrier, _):
        carrier.wait_ready()
        took = _changes(topology, carrier)
        carrier.close()
    return took


def _changes_by_netem(topology: Topology, place: int) -> list[int]:
    """In a thread of its own: netem is set in the network of the calling thread, and setns(2) is per thread."""
    took = []

    def change() -> None:
        join_network_of(place)
        with closing(NetemLinks(topology, topology.base_states)) as links:
            took.extend(_changes(topology, links))

    thread = Thread(target=change)
    thread.start()
    thread.join()
    return took


def _changes(topology: Topology, links: LinkBackend) -> list[int]:
    """Durations of changes of every direction, applied and verified, ns; alternates between two states."""
    base = topology.base_states
    worse = {direction: replace(state, delay_ns=state.delay_ns + 5 * MS) for direction, state in base.items()}
    took = []
    for number in range(_CHANGES):
        apply = links.prepare(worse if number % 2 else base)
        begin_ns = monotonic_ns()
        apply()()
        took.append(monotonic_ns() - begin_ns)
    return took


def _in_a_mesh(change: Change) -> list[int]:
    """Durations in a network with the veth pairs of all links of us-6."""
    topology = load_topology("us-6")
    with network() as place:
        for here, there in topology.directions:
            i, j = topology.cluster(here).ordinal, topology.cluster(there).ordinal
            one, other = switch_port(i, j), wire_port(i, j)
            run(in_network_of(place, ["ip", "link", "add", one, "up", "type", "veth", "peer", "name", other]))
            run(in_network_of(place, ["ip", "link", "set", "dev", other, "up"]))
        return change(topology, place)
