"""Topologies made of graphs and tables of other people."""

from __future__ import annotations

import math
import os
from pathlib import Path

import networkx
import pytest

from hostio.timing import MS
from scenarios.errors import ScenarioError
from scenarios.language.topology_files import parsed_topology
from scenarios.topology_import.distance import KM_PER_MS, great_circle_km
from scenarios.topology_import.importer import TopologyImport, import_topology
from scenarios.topology_import.safe_names import LONGEST, safe_names
from topologies.model import Position

CITIES = {
    "Los Angeles": Position(34.05, -118.24),
    "New York": Position(40.71, -74.0),
    "São Paulo": Position(-23.55, -46.63),
}


def write_graph(path: Path, *edges: tuple[str, str], cities: dict[str, Position] = CITIES) -> Path:
    graph = networkx.MultiGraph()
    for number, (label, position) in enumerate(cities.items()):
        graph.add_node(str(number), label=label, Latitude=position.latitude, Longitude=position.longitude)
    graph.add_edges_from((str(list(cities).index(a)), str(list(cities).index(b))) for a, b in edges)
    networkx.write_graphml(graph, path)
    return path


def angle_km(here: Position, there: Position) -> float:
    """The distance by the angle between two vectors from the Earth's centre."""
    vectors = [
        (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))
        for lat, lon in (map(math.radians, each) for each in (here, there))
    ]
    return 6371.0088 * math.acos(sum(one * other for one, other in zip(*vectors, strict=True)))


def topology_of(found: TopologyImport) -> dict[tuple[str, str], float]:
    """Round-trip times of the links, ms."""
    links = parsed_topology(found.text, found.name).links
    return {(link.a, link.b): 2 * link.there.delay_ns / MS for link in links}


def test_a_graph_s_delays_follow_from_its_positions(tmp_path: Path) -> None:
    edges = [("Los Angeles", "New York"), ("New York", "São Paulo")]
    found = import_topology(write_graph(tmp_path / "Three Cities.graphml", *edges), factor=1.5)
    assert (found.name, found.names["São Paulo"], found.remarks) == ("three-cities", "sao-paulo", ())
    expected = {
        ("los-angeles", "new-york"): 2 * angle_km(CITIES["Los Angeles"], CITIES["New York"]) / KM_PER_MS * 1.5,
        ("new-york", "sao-paulo"): 2 * angle_km(CITIES["New York"], CITIES["São Paulo"]) / KM_PER_MS * 1.5,
    }
    assert topology_of(found) == {ends: pytest.approx(rtt_ms, abs=0.001) for ends, rtt_ms in expected.items()}
    assert "times 1.5" in found.text


@pytest.mark.parametrize("here", [Position(0, 179.5), Position(89, 0), Position(-33.9, 151.2)])
def test_distances_are_those_between_vectors(here: Position) -> None:
    for there in (*CITIES.values(), Position(0, -179.5), Position(-33.9, 151.3)):
        assert great_circle_km(here, there) == pytest.approx(angle_km(here, there), abs=0.001)


def test_parallel_links_and_loops_are_left_out_and_said(tmp_path: Path) -> None:
    edges = [("Los Angeles", "New York")] * 2 + [("New York", "São Paulo"), ("São Paulo", "São Paulo")]
    found = import_topology(write_graph(tmp_path / "three.graphml", *edges), factor=1.5)
    assert set(topology_of(found)) == {("los-angeles", "new-york"), ("new-york", "sao-paulo")}
    assert sorted(found.remarks) == [
        "'São Paulo' has a link to itself, which is left out",
        "Los Angeles–New York has 2 links in the source, of which one is kept",
    ]


SQUARE = """\
,Los Angeles,São Paulo,New York
Los Angeles,,170.5,62.3

São Paulo,172,0,
New York,62.3,-,
"""

PAIRS = """\
from,to,rtt
Los Angeles,São Paulo,170.5ms
Los Angeles,New York,62300us
New York,Los Angeles,62.3
São Paulo,Los Angeles,172
"""


@pytest.mark.parametrize("table", [SQUARE, PAIRS])
def test_a_table_has_holes_and_two_times_for_a_link(tmp_path: Path, table: str) -> None:
    path = tmp_path / "rtt.csv"
    path.write_text(table, encoding="utf-8")
    found = import_topology(path, factor=1.5)
    assert topology_of(found) == {("los-angeles", "sao-paulo"): 171.25, ("los-angeles", "new-york"): 62.3}
    assert sorted(found.remarks) == [
        "Los Angeles–São Paulo takes 170.5 ms measured from Los Angeles and 172 ms from São Paulo: the mean is taken",
        "São Paulo–New York has no time, and so no link",
    ]


def test_names_are_short_safe_and_never_the_same() -> None:
    labels = ["Ashburn, Northern Virginia (1)", "Ashburn, Northern Virginia (2)", "2nd", "Zürich", "zurich", "a" * 30]
    names = safe_names(labels)
    assert list(names.values()) == [
        "ashburn-northern-vir",
        "ashburn-northern-v-2",
        "site-2nd",
        "zurich",
        "zurich-2",
        "a" * 20,
    ]
    assert max(map(len, names.values())) == LONGEST


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", ",x,y\nx,,1\n", "1:4: the table is not square: 'y' has no row; give each site a column and a row"),
        (
            "a.csv",
            ",x\nx,\nz,1\n",
            "3:1: the table is not square: 'z' has no column; give each site a column and a row",
        ),
        ("a.csv", ",x,x\nx,,1\n", "1:4: 'x' is there already; give each site one column and one row"),
        ("a.csv", ",x\nx,\nx,1\n", "3:1: 'x' is there already; give each site one column and one row"),
        (
            "a.csv",
            ",x,y,z\nx,,1,\ny,1,,\nz,,,\n",
            "1:1: no links lead from 'x' to 'z'; link them, or leave one out",
        ),
        ("a.csv", ",x,y\nx,,1,2\ny,1,\n", "2:6: 4 cells; write 3, as in the header"),
        ("a.csv", "from,to\nx,y\n", "2:1: a pair without its time; write from, to and the round-trip time"),
        ("a.csv", "from,to,rtt\n\nx,y,fast\n", "3:5: 'fast' is not a time; write 40ms or 2s"),
        ("a.csv", "from,to,rtt\nx,y,0\n", "2:5: '0' is no round-trip time; write a positive one"),
        ("a.csv", "from,to,rtt\n", "1:1: the table has no rows; write a header, and a row for each site or pair"),
        (
            "a.csv",
            "from,to,rtt\nx,y,1\nu,v,1\n",
            "1:1: no links lead from 'x' to 'u'; link them, or leave one out",
        ),
        (
            "a.csv",
            "from,to,rtt\n東京,x,1\n大阪,x,1\n",
            "1:1: no name can be made of '東京', '大阪'; write it in Latin letters",
        ),
        ("a.json", "{}", "1:1: neither a graph nor a table; give a .graphml or a .csv file"),
        ("a.graphml", "<graphml", "1:1: this is no GraphML (unclosed token); export it as GraphML"),
        (
            "a.csv",
            f'from,to,rtt\na,b,"{"9" * 200_000}"\n',
            "2:1: this is no CSV (field larger than field limit (131072)); check this line",
        ),
        ("a.csv", "from,to,rtt\na,b,3\na,b,9\n", "3:1: the time from 'a' to 'b' is there already; keep one"),
        (
            "a.csv",
            "from,to,rtt\na,a,3\n",
            "1:1: no two sites are linked; give at least one pair an edge or a round-trip time",
        ),
        (
            "a.graphml",
            '<?xml version="1.0" encoding="klingon"?><a/>',
            "1:1: this is no GraphML (unknown encoding: klingon); export it as GraphML",
        ),
    ],
)
def test_what_cannot_be_imported_gets_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        import_topology(path, factor=1.5)
    assert str(caught.value) == f"{path}:{message}"


def test_all_that_is_wrong_with_a_table_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(',"Washington, D.C.",y , w\n"Washington, D.C.",, fast,slow\ny,0\nz,1,2,3,4\n', encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        import_topology(path, factor=1.5)
    assert [line.removeprefix(f"{path}:").partition(";")[0] for line in str(caught.value).splitlines()] == [
        "1:25: the table is not square: 'w' has no row",
        "2:22: 'fast' is not a time",
        "2:27: 'slow' is not a time",
        "3:3: '0' is no round-trip time",
        "4:1: the table is not square: 'z' has no column",
        "4:9: 5 cells",
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_may_be_written_with_other_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "rtt.csv"
    for table in (SQUARE, PAIRS):
        path.write_text(table.replace(",", delimiter), encoding="utf-8")
        found = import_topology(path, factor=1.5)
        assert topology_of(found) == {("los-angeles", "sao-paulo"): 171.25, ("los-angeles", "new-york"): 62.3}


def test_nodes_without_positions_are_named(tmp_path: Path) -> None:
    path = write_graph(tmp_path / "a.graphml", ("x", "y"), cities={"x": Position(0, 0), "y": Position(0, 181)})
    with pytest.raises(ScenarioError, match="no position of 'y'; give nodes Latitude and Longitude"):
        import_topology(path, factor=1.5)


def test_more_sites_than_a_run_can_have_are_too_many(tmp_path: Path) -> None:
    cities = {f"n{number}": Position(number, 0) for number in range(65)}
    edges = [(f"n{number}", f"n{number + 1}") for number in range(64)]
    path = write_graph(tmp_path / "a.graphml", *edges, cities=cities)
    with pytest.raises(ScenarioError, match="the number of clusters is 65; write 2 to 64"):
        import_topology(path, factor=1.5)


def test_a_long_time_keeps_its_decimals(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("from,to,rtt\na,b,1234.567\n", encoding="utf-8")
    assert "rtt: 1234.567ms," in import_topology(path, factor=1.5).text


def test_a_label_of_several_lines_becomes_one(tmp_path: Path) -> None:
    cities = {"x\ny: 1": Position(0, 0), "z": Position(0, 1)}
    path = write_graph(tmp_path / "a.graphml", ("x\ny: 1", "z"), ("x\ny: 1", "z"), cities=cities)
    assert import_topology(path, factor=1.5).remarks == ("x y: 1–z has 2 links in the source, of which one is kept",)


def test_a_graph_is_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.graphml")
    for name, message in (("a", "this is a pipe, socket or device"), ("b", "there is no such file; did you mean")):
        with pytest.raises(ScenarioError, match=message):
            import_topology(tmp_path / f"{name}.graphml", 1.5)


@pytest.mark.parametrize("factor", [math.nan, math.inf])
def test_a_factor_is_finite(tmp_path: Path, factor: float) -> None:
    with pytest.raises(ScenarioError, match=r"is no factor; write a number such as 1\.9"):
        import_topology(tmp_path / "a.csv", factor)
