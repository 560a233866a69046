"""Scenarios of any number of clusters: rings with chords, on which the cut of a link is repaired over a relay."""

from __future__ import annotations

from topologies.model import Cluster, Link, Topology

RING_NS, CHORD_NS = 5_000_000, 12_500_000
"""Delays of the links to the next cluster, and of those from every third cluster to the third one after it."""


def ring(count: int) -> Topology:
    """`count` clusters, c01 first."""
    clusters = tuple(Cluster(f"c{ordinal:02d}", ordinal) for ordinal in range(1, count + 1))
    names = [cluster.name for cluster in clusters]
    around = [Link.alike(name, names[(at + 1) % count], RING_NS) for at, name in enumerate(names)]
    chords = [Link.alike(names[at], names[at + 3], CHORD_NS) for at in range(0, count - 3, 3)]
    return Topology(f"ring-{count}", clusters, (*around, *chords))


def scenario_text(topology: Topology) -> str:
    """A scenario file: two calls to the next cluster, whose link is cut, and two to the one farthest away."""
    first, second, *_ = names = [cluster.name for cluster in topology.clusters]
    clusters = (f"    - {{name: {name}, site: a ring}}" for name in names)
    links = (
        f"    - {{between: [{link.a}, {link.b}], rtt: {2 * link.there.delay_ns // 1000}us, assumption: a round figure}}"
        for link in topology.links
    )
    lines = [
        f"name: {topology.name}",
        "topology:",
        f"  description: A ring of {len(names)} clusters with chords",
        "  clusters:",
        *clusters,
        "  links:",
        *links,
        "duration: 8s",
        f"directory: {first}",
        "sessions:",
        f"  - {{name: near, between: [{first}, {second}], count: 2, media: voice}}",
        f"  - {{name: far, between: [{first}, {names[len(names) // 2]}], count: 2, media: voice}}",
        "controller: {probe_interval: 200ms, hold: 60s}",
        "events:",
        f"  - {{at: 2s, what: blackhole, link: [{first}, {second}], for: 3s}}",
        "expect:",
        "  - media.still_interrupted == 0",
    ]
    return "\n".join(lines) + "\n"
