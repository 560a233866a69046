"""What the link emulation carries, and how exactly: `scripts/bench links [SECONDS [ROUNDS]]`.

The same load over a plain veth pair, the userspace wire, and netem where the kernel has it, measured in turn: the
generator and sink on one core, the wire on another. The emulated links delay by 15 ms; the error is what comes on top.
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
from relay_app.streams import LANES
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
_PAIR = Topology("pair", (Cluster("a", 1), Cluster("b", 2)), (Link("a", "b", _DELAY_NS),))
_NEAR, _FAR = switch_port(1, 2), switch_port(2, 1)

Lay = Callable[[int, int, int], AbstractContextManager[int]]
"""Lays a link between two processes' networks, on a core; gives the pid of what carries it, or our own."""


def main(arguments: list[str]) -> int:
    """Print both tables; 2 if this machine cannot run them."""
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
        for name, lay in _subjects(netem=netem).items():
            found.setdefault(name, []).append(_measure(lay, sessions, cores, seconds))
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


def _subjects(*, netem: bool) -> Mapping[str, Lay]:
    subjects: dict[str, Lay] = {"veth, no delay": _plain, "userspace wire": _wired}
    return {**subjects, "netem": _netem} if netem else subjects


def _measure(lay: Lay, sessions: Sessions, cores: list[int], seconds: float) -> tuple[Run | None, Run]:
    """The highest rate that is carried, and a run at a quiet one, with the delay taken off."""
    with network() as near, network() as far, lay(near, far, cores[-1]) as pid:
        os.sched_setaffinity(0, {cores[0]})
        load = _load(sessions, near, far)
        delay_ms = 0 if lay is _plain else _DELAY_NS / MS

        def beyond_the_delay(kpps: int) -> Run:
            found = load.run(kpps, seconds, pid)
            return replace(found, p50_ms=found.p50_ms - delay_ms, p99_ms=found.p99_ms - delay_ms)

        quiet = beyond_the_delay(_QUIET_KPPS)
        most = highest(beyond_the_delay).run
        load.close()
        os.sched_setaffinity(0, set(cores))
        return most, quiet


def _load(sessions: Sessions, near: int, far: int) -> Load:
    """Sockets stay in the network in which they were made, and a thread's network is its own."""
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
def _plain(near: int, far: int, _core: int) -> Iterator[int]:
    run(in_network_of(near, ["ip", "link", "add", _NEAR, "type", "veth", "peer", "name", _FAR]))
    _finish_ends(near, far)
    yield os.getpid()


@contextmanager
def _netem(near: int, far: int, core: int) -> Iterator[int]:
    with _plain(near, far, core) as pid:
        for command in shape(_NEAR, shaping(LinkState(delay_ns=_DELAY_NS), Shaping()), Shaping()):
            run(in_network_of(near, command))
        yield pid


@contextmanager
def _wired(near: int, far: int, core: int) -> Iterator[int]:
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
    """The far end moves out; both get an address, know each other, and send frames one by one."""
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
