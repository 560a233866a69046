"""How long the controller takes from what it sees to flow-mods on their way: `scripts/bench decide [CUTS]`.

The controller process by itself, with the topology us-6 and the load of 1000 calls between random clusters; switches
that take rules and confirm them, and probes that stop on the links that are cut, one to five at once. Prints a row for
each policy, in Markdown.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from socket import AF_UNIX, SOCK_DGRAM, create_server, socket
from typing import Any

import numpy as np

from benchmarks import markdown
from benchmarks.wire_switch import WireSwitch
from controller.settings import ControllerConfig, ControllerSettings, PolicyChoice, PolicyName
from controller.traffic import PairTraffic, RelayCapacity, Traffic
from hostio.timing import MS, S
from relay_app.ports import LANES
from relay_app.probing.probe_report import ProbeReport
from scenarios.cli.exit_codes import ExitCode
from scenarios.language.topology_files import load_topology
from scenarios.paths import PROJECT
from scenarios.process_faults.frameworks import PYTHON_OF
from topologies.model import Direction, Link, Topology

TOPOLOGY, CALLS, CUTS = "us-6", 1000, 40
POLICIES: tuple[PolicyName, ...] = ("failover", "spread", "headroom")
COLUMNS = (
    "policy",
    "moves onto relays",
    "seen to written p50",
    "p99",
    "longest",
    "decided to written p50",
    "p99",
    "longest",
)
PACKETS_PER_S = 50
"""Of voice, in each direction."""
_INTERVAL_NS = 20 * MS
_SETTLED, _DARK, _CLEAN = 40, 12, 40
"""Probes until health is known, while links are cut, and until their pairs have returned."""


def load_of(topology: Topology, calls: int, random: Random) -> Traffic:
    """Calls of voice between random clusters, on a random lane for either direction; relays carry all of it."""
    lanes: dict[Direction, list[int]] = defaultdict(lambda: [0] * LANES)
    for _ in range(calls):
        ends = random.choice(topology.direct_paths).ends
        for _ in ends:
            lanes[ends][random.randrange(LANES)] += PACKETS_PER_S
    enough = 2 * PACKETS_PER_S * calls
    relays = tuple(RelayCapacity(cluster.name, enough) for cluster in topology.clusters)
    return Traffic(tuple(PairTraffic(*ends, tuple(each)) for ends, each in lanes.items()), relays)


class Bench:
    """The controller, its switches and its probes; ends what it started when it is closed."""

    def __init__(self, folder: Path, policy: PolicyName, random: Random) -> None:
        topology = load_topology(TOPOLOGY)
        with create_server(("127.0.0.1", 0)) as free:
            address: tuple[str, int] = free.getsockname()
        settings = ControllerSettings(probe_interval_ns=_INTERVAL_NS, hold_ns=100 * MS, policy=PolicyChoice(policy))
        files = (folder / "telemetry", folder / "decisions")
        self._config = ControllerConfig(topology, settings, *files, *address, load_of(topology, CALLS, random))
        (folder / "config.json").write_text(self._config.to_json(), encoding="utf-8")
        argv = [*PYTHON_OF["os-ken"], "-m", "controller.app", str(folder / "config.json")]
        self._sequence = 0
        with ExitStack() as stack:
            process = subprocess.Popen(argv, cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._process = stack.enter_context(process)
            stack.callback(self._process.kill)
            self._await("listening")
            for cluster in topology.clusters:
                stack.enter_context(closing(WireSwitch(cluster.ordinal, address)))
            self._await("installed")
            self._telemetry = stack.enter_context(socket(AF_UNIX, SOCK_DGRAM))
            self._telemetry.connect(str(self._config.telemetry))
            self.close: Callable[[], None] = stack.pop_all().close

    def _await(self, milestone: str) -> None:
        said = self._process.stdout.readline() if self._process.stdout else ""
        if not said or json.loads(said) != {"ready": milestone}:
            raise OSError(f"the controller said {said!r} instead of {milestone}")

    def cut(self, links: Collection[Link], probes: int) -> None:
        """So many probes on all links but these, in real time."""
        dark = {direction for link in links for direction in link.directions}
        topology = self._config.topology
        for _ in range(probes):
            self._sequence += 1
            now_ns = time.monotonic_ns()
            for direction in set(topology.directions) - dark:
                sent_ns = now_ns - topology.one_ways[direction].delay_ns
                report = ProbeReport(*topology.ordinals(direction), self._sequence, sent_ns, now_ns)
                self._telemetry.send(report.encode())
            time.sleep(_INTERVAL_NS / S)

    def play(self, cuts: int, random: Random) -> list[Mapping[str, Any]]:
        """So many cuts of one to five links; the controller's log."""
        self.cut((), _SETTLED)
        for _ in range(cuts):
            links = self._config.topology.links
            self.cut(random.sample(links, random.choice((1, 1, 1, 2, 5))), _DARK)
            self.cut((), _CLEAN)
        return [json.loads(line) for line in self._config.decisions.read_text(encoding="utf-8").splitlines()]


def row_of(policy: str, log: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The cells of a policy: of every move onto relays the time from the last change of health before it, and from the
    decision, until its last flow-mod had been written."""
    seen_ns = sorted(each["at_ns"] for each in log if each["kind"] == "health")
    moves = [each for each in log if each["kind"] == "decision" and each["via"]]
    since_seen = [each["written_ns"] - seen_ns[bisect_right(seen_ns, each["decided_ns"]) - 1] for each in moves]
    since_decided = [each["written_ns"] - each["decided_ns"] for each in moves]
    return (policy, str(len(moves)), *_percentiles(since_seen), *_percentiles(since_decided))


def _percentiles(times_ns: Iterable[int]) -> list[str]:
    times = [each / MS for each in times_ns]
    return [f"{np.percentile(times, share):.1f} ms" if times else "–" for share in (50, 99, 100)]


def main(arguments: list[str]) -> int:
    """Print the table. Returns the exit code: that of bad input if the controller could not be started."""
    cuts = int(arguments[0]) if arguments else CUTS
    print(*markdown.head(COLUMNS), sep="\n", flush=True)
    for policy in POLICIES:
        random = Random(f"cuts {policy}")
        with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as name:
            try:
                with closing(Bench(Path(name), policy, random)) as bench:
                    row = row_of(policy, bench.play(cuts, random))
            except OSError as error:
                print(f"scripts/bench decide: {policy}: {error}", file=sys.stderr)
                return ExitCode.BAD_INPUT
        print(markdown.row(row), flush=True)
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
