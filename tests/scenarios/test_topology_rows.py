from __future__ import annotations

from hostio.timing import MS
from scenarios.cli.topology_rows import cluster_rows, link_header, link_rows, path_rows, repair_rows
from topologies.model import Cluster, Link, OneWay, Topology

RING = Topology(
    "ring",
    tuple(Cluster(name, ordinal) for ordinal, name in enumerate("abcd", 1)),
    (
        Link.alike("a", "b", 1 * MS),
        Link("b", "c", OneWay(2 * MS, loss=0.01), OneWay(4 * MS, mtu=1_400)),
        Link.alike("c", "d", 3 * MS),
        Link.alike("a", "d", 2 * MS, jitter_ns=MS // 2),
    ),
)


def test_a_cluster_is_shown_with_its_neighbours() -> None:
    assert list(cluster_rows(RING)) == [("a", "b, d"), ("b", "a, c"), ("c", "b, d"), ("d", "c, a")]


def test_a_link_is_shown_with_the_figures_that_some_link_has() -> None:
    assert link_header(RING) == ("link", "delay", "jitter", "loss", "mtu")
    assert list(link_rows(RING)) == [
        ("a–b", "1ms", "", "", ""),
        ("b–c", "2ms there, 4ms back", "", "1% there, - back", "- there, 1400 back"),
        ("c–d", "3ms", "", "", ""),
        ("a–d", "2ms", "500us", "", ""),
    ]


def test_paths_without_a_link_are_shown_both_ways_where_these_differ() -> None:
    """From a to c it is 3 ms over b, back 5 over either, of which the first comes first."""
    assert list(path_rows(RING)) == [("a → b → c", "3ms"), ("c → b → a", "5ms"), ("b → a → d", "3ms")]


def test_a_cut_is_shown_with_how_many_pairs_it_moves_and_those_without_a_detour() -> None:
    rows = {name: figures for name, *figures in repair_rows(RING, 2)}
    assert rows["a–b"] == ["2", "1", "none"]
    one = {name: figures for name, *figures in repair_rows(RING, 1)}
    assert one["a–b"] == ["2", "0", "a–b"]
