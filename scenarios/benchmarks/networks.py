"""Networks of a benchmark's own, and a wire in one of them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from hostio.namespaces import join_network_of
from hostio.units import US
from scenarios.timeline import base_states
from topologies.model import Topology
from topologies.wire import process as wire
from topologies.wire.links import UserspaceWire
from topologies.wire.messages import WireConfig, wire_config

_TICK_NS = 100 * US


@contextmanager
def network() -> Iterator[int]:
    """A process that does nothing but have a network."""
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
    """A wire process in another process's network."""
    ours, theirs = multiprocessing.Pipe()
    states = base_states(topology)
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
