"""Throughput and delay error of link back ends: `scripts/bench links [SECONDS [ROUNDS]]`.

The same load over a plain veth pair, the userspace wire, and netem if the kernel has it; generator and sink on one
core, the wire on another. Emulated links delay by 15 ms; the error is the measured one-way delay less that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from statistics import median
from threading import Thread

from benchmarks.load import SINK_PORT, Load, Sessions
from benchmarks.networks import changes_of_a_mesh, changes_row, network, wire_in
from benchmarks.search import Run, highest
from hostio.commands import run
from hostio.network import join_network_of
from hostio.sockets import udp_socket
from hostio.timing import MS
from relay_app.ports import LANES
from scenarios.cli.console import Console
from topologies.backend_probe import available_link_backend
from topologies.interface_names import switch_port, wire_port
from topologies.link_state import LinkState
from topologies.model import Cluster, Link, Topology
from topologies.netem.shaping import Shaping, shaping
from topologies.netem.tc_commands import shape
from topologies.sandbox import in_network_of
from topologies.wire import process as wire

SECONDS, ROUNDS = 4.0, 3
_DELAY_NS = 15 * MS
_QUIET_KPPS = 20
_HERE, _THERE = "10.9.0.1", "10.9.0.2"
_PAIR = Topology("pair", (Cluster("a", 1), Cluster("b", 2)), (Link.alike("a", "b", _DELAY_NS),))
_NEAR, _FAR = switch_port(1, 2), switch_port(2, 1)

MakeLink = Callable[[int, int, int], AbstractContextManager[int]]
"""Makes a link between the networks of two pids, its process on a core; gives that process's pid, else our own."""


def main(arguments: list[str]) -> int:
    """Print both tables. Returns the exit code: 2 without root."""
    seconds = float(arguments[0]) if arguments else SECONDS
    rounds = int(arguments[1]) if len(arguments) > 1 else ROUNDS
    cores = sorted(os.sched_getaffinity(0))
    if os.geteuid() != 0:
        print("scripts/bench links: builds networks; run it as root", file=sys.stderr)
        return 2
    wire.compile_loops()
    netem = available_link_backend().name == "netem"
    sessions = Sessions.make()
    found: dict[str, list[tuple[Run | None, Run]]] = {}
    for _ in range(rounds):
        for name, make_link in _subjects(netem=netem).items():
            found.setdefault(name, []).append(_measure(make_link, sessions, cores, seconds))
    Console().show_rows(
        ("link, 15 ms", "kpps, < 0.1 % lost (range)", f"error p50 at {_QUIET_KPPS} kpps", "p99"),
        [_row(name, each) for name, each in found.items()],
    )
    print()
    Console().show_rows(
        ("all 30 directions of us-6", "changed and read back", "p99", "times"),
        [changes_row(name, took_ns) for name, took_ns in changes_of_a_mesh(netem=netem)],
    )
    return 0


def _subjects(*, netem: bool) -> Mapping[str, MakeLink]:
    subjects: dict[str, MakeLink] = {"veth, no delay": _plain_veth, "userspace wire": _userspace_wire}
    return {**subjects, "netem": _netem} if netem else subjects


def _measure(make_link: MakeLink, sessions: Sessions, cores: list[int], seconds: float) -> tuple[Run | None, Run]:
    """The run at the highest rate carried, and one at a low rate; delays are less the emulated one."""
    with network() as near, network() as far, make_link(near, far, cores[-1]) as pid:
        os.sched_setaffinity(0, {cores[0]})
        load = _load(sessions, near, far)
        delay_ms = 0 if make_link is _plain_veth else _DELAY_NS / MS

        def beyond_the_delay(kpps: int) -> Run:
            found = load.run(kpps, seconds, pid)
            return replace(found, p50_ms=found.p50_ms - delay_ms, p99_ms=found.p99_ms - delay_ms)

        quiet = beyond_the_delay(_QUIET_KPPS)
        most = highest(beyond_the_delay).run
        load.close()
        os.sched_setaffinity(0, set(cores))
        return most, quiet


def _load(sessions: Sessions, near: int, far: int) -> Load:
    """The load, with its source in the near and its sink in the far network.

    Each socket is made in a thread that has joined the network: setns(2) is per thread, and a socket keeps the network
    in which it was made.
    """
    made = {}

    def make(name: str, pid: int, address: str, port: int) -> None:
        join_network_of(pid)
        made[name] = udp_socket(address, port)

    for place in (("source", near, _HERE, 0), ("sink", far, _THERE, SINK_PORT)):
        thread = Thread(target=make, args=place)
        thread.start()
        thread.join()
    return Load(sessions, made["source"], made["sink"], dict.fromkeys(range(LANES), (_THERE, SINK_PORT)))


@contextmanager
def _plain_veth(near: int, far: int, _core: int) -> Iterator[int]:
    run(in_network_of(near, ["ip", "link", "add", _NEAR, "type", "veth", "peer", "name", _FAR]))
    _finish_ends(near, far)
    yield os.getpid()


@contextmanager
def _netem(near: int, far: int, core: int) -> Iterator[int]:
    with _plain_veth(near, far, core) as pid:
        for command in shape(_NEAR, shaping(LinkState(delay_ns=_DELAY_NS), Shaping()), Shaping()):
            run(in_network_of(near, command))
        yield pid


@contextmanager
def _userspace_wire(near: int, far: int, core: int) -> Iterator[int]:
    for end, behind in ((_NEAR, wire_port(1, 2)), (_FAR, wire_port(2, 1))):
        run(in_network_of(near, ["ip", "link", "add", end, "type", "veth", "peer", "name", behind]))
        run(in_network_of(near, ["ethtool", "-K", behind, "tx", "off", "tso", "off", "gso", "off", "gro", "off"]))
        run(in_network_of(near, ["ip", "link", "set", "dev", behind, "up"]))
    _finish_ends(near, far)
    with wire_in(_PAIR, near, core) as (carrier, pid):
        carrier.wait_ready()
        yield pid
        carrier.close()


def _finish_ends(near: int, far: int) -> None:
    """Move the far end to its network, and configure both: addresses, static neighbours, offloads off.

    Without offloads each packet is a frame of its own, as on the links of a run.
    """
    run(in_network_of(near, ["ip", "link", "set", "dev", _FAR, "netns", str(far)]))
    for pid, port, own, other, mac, other_mac in (
        (near, _NEAR, _HERE, _THERE, "02:00:00:00:00:01", "02:00:00:00:00:02"),
        (far, _FAR, _THERE, _HERE, "02:00:00:00:00:02", "02:00:00:00:00:01"),
    ):
        for command in (
            ["ethtool", "-K", port, "tx", "off", "tso", "off", "gso", "off", "gro", "off"],
            ["ip", "link", "set", "dev", port, "address", mac, "up"],
            ["ip", "address", "add", f"{own}/24", "dev", port],
            ["ip", "neigh", "replace", other, "lladdr", other_mac, "dev", port],
        ):
            run(in_network_of(pid, command))


def _row(name: str, found: list[tuple[Run | None, Run]]) -> tuple[str, ...]:
    most = sorted(run.kpps for run, _ in found if run)
    quiet = [run for _, run in found]
    rates = f"{most[len(most) // 2]} ({most[0]}-{most[-1]})" if most else "none of the rates"
    return (
        name,
        rates,
        f"{median(run.p50_ms for run in quiet):.3f} ms",
        f"{median(run.p99_ms for run in quiet):.3f} ms",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
