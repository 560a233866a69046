"""Random meshes, controllers and faults, played on simulated switches, and the oracle's word on what came of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from engine_bench import Bench
from hypothesis import strategies as st

from benchmarks.random_cases import Blip, Case, apart
from controller.decisions import HealthChange
from controller.engine import Engine
from controller.messages import SwitchConnected
from controller.policies import Policy
from controller.settings import ControllerSettings, PolicyChoice, PolicyName
from hostio.timing import MS, S
from results.oracle.log_check import Disagreement, log_disagreements
from results.oracle.mesh import Mesh, Relays
from results.oracle.replay import Log, Story, expected_changes
from results.oracle.windows import right_windows
from topologies.graphs import is_connected
from topologies.model import Cluster, Direction, Link, Topology

BEFORE_MS = 500
"""Of watching before the first fault."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """3 to 8 clusters, of which links lead from each to each other, and two to eight faults, most of them of links."""
    clusters = tuple(f"c{number}" for number in range(1, draw(st.integers(3, 8)) + 1))
    pairs = [*itertools.combinations(clusters, 2)]
    ends = draw(
        st.sets(st.sampled_from(pairs), min_size=len(clusters) + 1 if len(clusters) > 3 else 3).filter(
            lambda each: is_connected(clusters, each)
        )
    )
    links = tuple((a, b, draw(st.integers(1, 40))) for a, b in sorted(ends))
    of_link = st.tuples(st.sampled_from(["blackhole", "one-way"]), st.sampled_from([(a, b) for a, b, _ in links]))
    where = st.one_of(
        of_link,
        of_link,
        of_link,
        st.tuples(st.sampled_from(["relay-freeze", "switch-restart"]), st.sampled_from([(each,) for each in clusters])),
        st.tuples(st.just("controller-kill"), st.just(())),
    )
    times = st.tuples(st.integers(0, 1500), st.integers(300, 1500))
    blips = draw(st.lists(st.builds(lambda at, how: Blip(*at, *how), where, times), min_size=2, max_size=8))
    policy = draw(st.sampled_from(["failover", "spread", "failover", "direct-only"]))
    detect = draw(st.sampled_from([("link",), ("link", "relay-canary")]))
    hold_ms = draw(st.sampled_from([0, 300]))
    directions = draw(st.sampled_from(["both", "each"])) if policy == "failover" else "both"
    return Case("oracle-example", clusters, links, apart(blips), 4000, policy, hold_ms, detect, directions=directions)


def topology_of(case: Case) -> Topology:
    clusters = tuple(Cluster(name, ordinal) for ordinal, name in enumerate(case.clusters, 1))
    return Topology("random", clusters, tuple(Link.alike(a, b, delay_ms * MS) for a, b, delay_ms in case.links))


@dataclass(frozen=True)
class Played:
    bench: Bench
    absences: tuple[tuple[int, int], ...]

    @property
    def story(self) -> Story:
        """As the oracle gets it from a run: a controller that begins anew is there once it knows something."""
        known = [
            each.at_ns for each in self.bench.records if isinstance(each, HealthChange) and each.before == "unknown"
        ]
        absences = tuple((a, next((at for at in known if at > b), b)) for a, b in self.absences)
        return Story(self.bench.topology, self.bench.settings, self.bench.records, absences, self.bench.now_ns)

    def disagreements(self) -> list[Disagreement]:
        return log_disagreements(self.story, self._mesh, expected_changes(self.story, self._mesh).changes)

    @property
    def _mesh(self) -> Mesh:
        return Mesh(self.bench.topology, one_way=self.bench.settings.one_way)

    def right_at_the_end(self, pair: Direction, lane: int) -> set[Relays]:
        changes = expected_changes(self.story, self._mesh).changes
        log, now_ns = Log(self.bench.records), self.bench.now_ns
        found = right_windows(pair, lane, changes, self.story, log, to_packets=False)
        return {each.relays for each in found if each.meets(now_ns, now_ns)}


def played(case: Case, policy: Policy | None = None, after_ns: int = 1 * S) -> Played:
    """A case on simulated switches, and the time after its last fault."""
    topology = topology_of(case)
    settings = ControllerSettings(
        hold_ns=case.hold_ms * MS,
        policy=PolicyChoice(cast(PolicyName, case.policy)),
        detect=case.detect,  # type: ignore[arg-type]
        directions=case.directions,  # type: ignore[arg-type]
    )
    bench = Bench(topology, settings, policy)
    bench.connect()
    bench.run(BEFORE_MS * MS)
    start_ns, absences = bench.now_ns, []
    edges = [(each.at_ms, each, True) for each in case.blips] + [
        (each.at_ms + each.for_ms, each, False) for each in case.blips
    ]
    active: list[Blip] = []
    for at_ms, blip, begins in sorted(edges, key=lambda edge: edge[0]):
        run_until(bench, start_ns + at_ms * MS, dead="controller-kill" in [each.what for each in active])
        (active.append if begins else active.remove)(blip)
        bench.cut = {direction for each in active for direction in struck(each)}
        bench.stuck = {each.where[0] for each in active if each.what == "relay-freeze"}
        if blip.what == "switch-restart" and not begins:
            (ordinal,) = (topology.cluster(name).ordinal for name in blip.where)
            bench.tables = {key: rule for key, rule in bench.tables.items() if key[0] != ordinal}
            bench.perform(bench.engine.handle(SwitchConnected(ordinal), bench.now_ns))
        if blip.what == "controller-kill" and not begins:
            absences.append((bench.now_ns - blip.for_ms * MS, bench.now_ns))
            bench.engine = Engine(topology, settings, policy)
            for cluster in topology.clusters:
                rules = tuple(rule for key, rule in bench.tables.items() if key[0] == cluster.ordinal)
                bench.perform(bench.engine.handle(SwitchConnected(cluster.ordinal, rules), bench.now_ns))
    bench.run(after_ns)
    return Played(bench, tuple(absences))


def run_until(bench: Bench, at_ns: int, *, dead: bool) -> None:
    if dead:
        bench.now_ns = max(bench.now_ns, at_ns // (10 * MS) * 10 * MS)
    else:
        bench.run(max(0, at_ns - bench.now_ns))


def struck(blip: Blip) -> Sequence[Direction]:
    if blip.what not in ("blackhole", "one-way"):
        return ()
    there = Direction(*blip.where)
    return (there, there.reversed()) if blip.what == "blackhole" else (there,)
