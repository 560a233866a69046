"""What a cluster is known by is its own for each of the 64 that a topology may have, and paths are shortest paths."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from benchmarks.rings import ring
from topologies import interface_names as names
from topologies.model import LAN_PORT, MAX_CLUSTERS, Direction

RING = ring(MAX_CLUSTERS)


def test_there_may_be_64() -> None:
    assert MAX_CLUSTERS == 64


def test_each_cluster_has_an_address_of_its_own_in_one_subnet() -> None:
    addresses = {cluster.address for cluster in RING.clusters}
    assert len(addresses) == 64
    assert {str(address).rpartition(".")[0] for address in addresses} == {"10.0.0"}
    assert not {int(str(address).rpartition(".")[2]) for address in addresses} & {0, 255}
    macs = [bytes.fromhex(cluster.mac.replace(":", "")) for cluster in RING.clusters]
    assert [int.from_bytes(mac, "big") - (0x02 << 40) for mac in macs] == list(range(1, 65))


def test_each_interface_has_a_name_of_its_own_that_fits_the_kernel() -> None:
    """Of a full mesh: 64 · 63 ports of switches, as many inner ends, and 64 ports to hosts, at most 15 characters."""
    pairs = [*permutations(range(1, 65), 2)]
    ports = {names.switch_port(i, j): (i, j) for i, j in pairs}
    inner = {names.wire_port(i, j): (i, j) for i, j in pairs}
    lan = {names.switch_lan_port(i) for i in range(1, 65)}
    assert len({*ports, *inner, *lan}) == 2 * 64 * 63 + 64
    assert max(map(len, (*ports, *inner, *lan))) <= 15
    assert all(inner[names.wire_port_behind(port)] == ends for port, ends in ports.items())
    assert LAN_PORT not in range(1, 65)


def test_direct_paths_are_shortest_paths() -> None:
    """Against SciPy: every link here is the shortest way between its ends, so that taking it is no exception."""
    delays = np.zeros((64, 64))
    for (here, there), way in RING.one_ways.items():
        delays[RING.cluster(here).ordinal - 1, RING.cluster(there).ordinal - 1] = way.delay_ns
    shortest = shortest_path(csr_array(delays))
    ordinals = {cluster.name: cluster.ordinal for cluster in RING.clusters}
    for ends in permutations(ordinals, 2):
        path = RING.paths[Direction(*ends)]
        assert (path[0], path[-1]) == ends
        assert sum(RING.one_ways[Direction(*hop)].delay_ns for hop in pairwise(path)) == RING.one_way_ns(*ends)
        assert RING.one_way_ns(*ends) == shortest[ordinals[ends[0]] - 1, ordinals[ends[1]] - 1]


def test_the_ends_over_a_link_are_those_whose_path_has_it() -> None:
    for hop in RING.directions[:4]:
        found = {ends for ends, path in RING.paths.items() if (hop.source, hop.destination) in pairwise(path)}
        assert RING.ends_over[hop] == found
