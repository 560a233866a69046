"""Random runs for the oracle: topologies, controllers and faults from a seed, as scenario files. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from topologies.graphs import is_connected

LINK_WORDS = ("blackhole", "one-way", "loss", "latency", "port-down")
RELAY_WORDS = ("relay-freeze", "relay-kill")
CONTROL_WORDS = ("switch-restart", "controller-kill", "controller-freeze")
POLICIES = ("failover", "spread", "direct-only", "warm-first")

_KEYS: dict[str, dict[str, str]] = {"loss": {"loss": "60%"}, "latency": {"extra": "120ms"}}
_APART_MS = {"link": 100, "relay": 500, "control": 3000}
"""Between two blips of one thing. Controller and switches are one: a switch gets its rules back from a controller."""


@dataclass(frozen=True, slots=True)
class Blip:
    """`where`: the two clusters of a link, the cluster of a relay or a switch, or none."""

    what: str
    where: tuple[str, ...]
    at_ms: int
    for_ms: int

    @property
    def thing(self) -> tuple[str, ...]:
        """What must not have two blips at once."""
        if self.what in CONTROL_WORDS:
            return ("control",)
        return ("link", *sorted(self.where)) if self.what in LINK_WORDS else ("relay", *self.where)

    def event(self) -> dict[str, Any]:
        """As a scenario has it."""
        where = {"link": [*self.where]} if len(self.where) == 2 else dict(zip(("cluster",), self.where, strict=False))
        times = {"at": f"{self.at_ms}ms", "for": f"{self.for_ms}ms"}
        return {"what": self.what, **where, **times, **_KEYS.get(self.what, {})}


@dataclass(frozen=True, slots=True)
class Case:
    """`topology`: the name of one in the catalogue; else `links`, with their one-way delay in ms, make one of
    `clusters`. `sessions`: of voice between every two clusters."""

    name: str
    clusters: tuple[str, ...]
    links: tuple[tuple[str, str, int], ...]
    blips: tuple[Blip, ...]
    duration_ms: int
    policy: str = "failover"
    hold_ms: int = 1000
    detect: tuple[str, ...] = ("link",)
    sessions: int = 1
    topology: str = ""
    directions: str = "both"

    def document(self) -> dict[str, Any]:
        """The scenario."""
        pairs = [*itertools.combinations(self.clusters, 2)]
        return {
            "name": self.name,
            "description": f"{len(self.blips)} random blips, each path compared with the oracle's",
            "topology": self.topology or self._topology(),
            "duration": f"{self.duration_ms}ms",
            "sessions": [{"between": [*pair], "count": self.sessions, "media": "voice"} for pair in pairs],
            "controller": self._controller(),
            "events": [blip.event() for blip in sorted(self.blips, key=lambda blip: blip.at_ms)],
            "expect": ["oracle.misrouted == 0", "oracle.still == 0", "oracle.rules_differing == 0"],
        }

    def _controller(self) -> dict[str, Any]:
        apart = {} if self.directions == "both" else {"directions": self.directions}
        return {"policy": self.policy, "hold": f"{self.hold_ms}ms", "detect": self._detect(), **apart}

    def _detect(self) -> list[str]:
        return [*self.detect, *(["relay-cache"] if self.policy == "warm-first" else [])]

    def _topology(self) -> dict[str, Any]:
        links = [{"between": [a, b], "delay": f"{delay_ms}ms", "assumption": "random"} for a, b, delay_ms in self.links]
        clusters = [{"name": each, "site": "nowhere"} for each in self.clusters]
        return {"description": "random", "clusters": clusters, "links": links}


def random_case(seed: int, blips: int = 6, duration_ms: int = 12_000) -> Case:
    """3 to 8 clusters with random links, and faults of links, relays, switches and the controller."""
    random = Random(f"oracle {seed}")
    clusters = tuple(f"c{number}" for number in range(1, random.randint(3, 8) + 1))
    links = _random_links(random, clusters)
    ends = [(a, b) for a, b, _ in links]
    found = apart(_random_blips(random, ends, clusters, 4 * blips, duration_ms - 3000))[:blips]
    detect = random.choice([("link",), ("link", "relay-canary"), ("link", "receiver-reports")])
    policy = random.choice(POLICIES)
    return Case(f"oracle-{seed}", clusters, links, found, duration_ms, policy, random.choice((500, 1500)), detect)


def blips_of(name: str, clusters: Sequence[str], links: Sequence[tuple[str, str]], seed: int, count: int) -> Case:
    """So many blips of links of a topology in the catalogue, a second of media for each three; at least 30 seconds."""
    random = Random(f"blips {seed}")
    duration_ms = max(30_000, 1000 * count // 3)
    words = ("blackhole", "one-way", "loss", "latency")
    many = (
        Blip(
            random.choice(words),
            random.choice(links),
            random.randint(1000, duration_ms - 6000),
            random.randint(50, 2500),
        )
        for _ in range(20 * count)
    )
    return Case(f"{name}-random-blips", tuple(clusters), (), apart(many)[:count], duration_ms, topology=name)


def apart(blips: Iterator[Blip] | Sequence[Blip]) -> tuple[Blip, ...]:
    """Those that begin well after the end of every one before them, in the order given, on the same thing."""
    taken: dict[tuple[str, ...], list[Blip]] = {}
    found: list[Blip] = []
    for blip in blips:
        own = taken.setdefault(blip.thing, [])
        gap_ms = _APART_MS[blip.thing[0]]
        if all(
            blip.at_ms >= each.at_ms + each.for_ms + gap_ms or each.at_ms >= blip.at_ms + blip.for_ms + gap_ms
            for each in own
        ):
            own.append(blip)
            found.append(blip)
    return tuple(found)


def _random_links(random: Random, clusters: Sequence[str]) -> tuple[tuple[str, str, int], ...]:
    pairs = [*itertools.combinations(clusters, 2)]
    while True:
        ends = [pair for pair in pairs if random.random() < 0.7]
        if is_connected(clusters, ends):
            return tuple((a, b, random.randint(2, 40)) for a, b in ends)


def _random_blips(
    random: Random, links: Sequence[tuple[str, str]], clusters: Sequence[str], count: int, until_ms: int
) -> Iterator[Blip]:
    for _ in range(count):
        words = random.choices((LINK_WORDS, RELAY_WORDS, CONTROL_WORDS), (6, 2, 1))[0]
        what = random.choice(words)
        link, cluster = random.choice(links), (random.choice(clusters),)
        where = link if what in LINK_WORDS else () if what.startswith("controller") else cluster
        at_ms = random.randint(1000, until_ms - 500)
        for_ms = min(random.randint(300, 2500), until_ms - at_ms)
        yield Blip(what, where, at_ms, max(for_ms, 400))
