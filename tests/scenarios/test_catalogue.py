from __future__ import annotations

import itertools
import re
import textwrap
from pathlib import Path

import pytest
from every import every

from controller.settings import ControllerSettings
from controller.single_cuts import single_cuts
from hostio.timing import MS
from scenarios.errors import ScenarioError
from scenarios.language import yamlfile
from scenarios.language.library import load_plan
from scenarios.language.topology_files import CATALOGUE, load_topology, parsed_topology, topology_names
from scenarios.topology_import.distance import FIBRE_FACTOR, great_circle_km
from scenarios.topology_import.importer import import_topology
from topologies.model import CLUSTER_NAME, Direction, Link, OneWay

SURVEY_MS = {
    ("us-east", "us-east-2"): 11.4,
    ("us-east", "us-central"): 18.8,
    ("us-east", "us-west"): 62.3,
    ("us-east", "us-northwest"): 70.2,
    ("us-east-2", "us-west"): 49.0,
    ("us-east-2", "us-northwest"): 51.7,
    ("us-central", "us-west"): 56.2,
    ("us-central", "us-northwest"): 52.2,
    ("us-west", "us-northwest"): 20.7,
}
"""Round-trip times, skyplane profiles/latency.csv @643731c3."""


def test_the_catalogue_is_what_the_project_promises() -> None:
    assert topology_names() == ("abilene", "us-6", "us-cloud-6", "us-triangle")


FULL = ("us-6", "us-triangle")


@pytest.mark.parametrize("name", FULL)
def test_is_a_full_mesh_with_names_the_kernel_takes(name: str) -> None:
    topology = load_topology(name)
    names = [cluster.name for cluster in topology.clusters]
    assert {frozenset((link.a, link.b)) for link in topology.links} == set(
        map(frozenset, itertools.combinations(names, 2))
    )
    assert [cluster.ordinal for cluster in topology.clusters] == list(range(1, len(names) + 1))
    assert every(CLUSTER_NAME.fullmatch(name) for name in names)


@pytest.mark.parametrize("name", FULL)
def test_surveyed_pairs_have_the_survey_s_figure_and_all_others_are_assumptions(name: str) -> None:
    for link in load_topology(name).links:
        surveyed_ms = SURVEY_MS.get((link.a, link.b))
        if surveyed_ms is None:
            assert link.source.startswith("assumption: ")
        else:
            assert link.source == "skyplane profiles/latency.csv @643731c3, 2022"
            assert 2 * link.there.delay_ns == 2 * link.back.delay_ns == round(surveyed_ms * 1e6)


def test_the_triangle_knows_its_detour() -> None:
    triangle = load_topology("us-triangle")
    assert triangle.one_way_ns("us-east", "us-west") == 31_150_000
    assert triangle.one_way_ns("us-east", "us-central", "us-west") == 37_500_000


SOURCES = CATALOGUE.parent / "sources"


@pytest.mark.parametrize(
    ("file", "clusters", "links"),
    [("abilene.graphml", 11, 14), ("us-cloud-6.csv", 6, 12)],
    ids=lambda value: str(value),
)
def test_an_imported_topology_is_what_the_importer_makes_of_its_source(file: str, clusters: int, links: int) -> None:
    survey = "skyplane profiles/latency.csv @643731c3, 2022"
    made = import_topology(SOURCES / file, FIBRE_FACTOR, survey)
    shipped = load_topology(made.name)
    assert (len(shipped.clusters), len(shipped.links)) == (clusters, links)
    assert shipped == parsed_topology(made.text, made.name)
    assumed = {link.source.startswith("assumption: ") for link in shipped.links}
    assert assumed == {file.endswith(".graphml")}


def test_the_cloud_s_figures_are_the_survey_s() -> None:
    regions = {"n-virginia": "us-east", "ohio": "us-east-2", "illinois": "us-central", "oregon": "us-northwest"}
    regions |= {"n-california": "us-west"}
    for link in load_topology("us-cloud-6").links:
        a, b = (regions.get(end) for end in (link.a, link.b))
        if a and b:
            surveyed_ms = SURVEY_MS.get((a, b)) or SURVEY_MS[b, a]
            assert 2 * link.there.delay_ns == round(surveyed_ms * 1e6)


def test_abilene_s_coasts_are_as_far_apart_as_their_links_add_up_to() -> None:
    """New York–Washington–Atlanta–Houston–Los Angeles: 328 + 872 + 1128 + 2207 km at 200 km/ms, times 1.9."""
    abilene = load_topology("abilene")
    there, back = (
        abilene.paths[Direction(*ends)] for ends in (("new-york", "los-angeles"), ("los-angeles", "new-york"))
    )
    assert there == back[::-1] == ("new-york", "washington-dc", "atlanta", "houston", "los-angeles")
    assert abilene.one_way_ns("new-york", "los-angeles") / MS == pytest.approx(
        (328 + 872 + 1128 + 2207) / 200 * 1.9, abs=0.02
    )


def test_every_cut_of_one_link_of_abilene_is_repaired() -> None:
    cuts = single_cuts(load_topology("abilene"), ControllerSettings())
    assert len(cuts) == 14
    assert every(cut.moves(1) and not cut.kept for cut in cuts)
    assert {(cut.link.a, cut.link.b) for cut in cuts if cut.moves(2)} == {
        ("denver", "kansas-city"),
        ("indianapolis", "kansas-city"),
    }


def test_with_one_relay_at_most_the_cuts_that_are_not_repaired_are_explained() -> None:
    cuts = single_cuts(load_topology("abilene"), ControllerSettings(max_relays=1))
    kept = [each for cut in cuts for each in cut.kept]
    assert every(each.reason.startswith("no detour: no relay is healthy and has two clean legs; ") for each in kept)


def test_a_wrong_catalogue_file_is_a_scenario_error(tmp_path: Path) -> None:
    (tmp_path / "us-triangle.yaml").write_text("name: us-triangle\n", encoding="utf-8")
    with pytest.raises(
        ScenarioError, match=r"us-triangle\.yaml:1:1: 'clusters' is missing; add a list under clusters:"
    ):
        load_topology("us-triangle", tmp_path)


def test_every_file_is_small_and_plain() -> None:
    assert every(path.suffix == ".yaml" for path in CATALOGUE.iterdir())
    assert every(yamlfile.read(path).data["name"] == path.stem for path in CATALOGUE.iterdir())


OWN = """\
clusters:
  - {name: one, site: First}
  - {name: two, site: Second}
links:
  - {between: [one, two], rtt: 10ms, assumption: a guess}
"""

SCENARIO = """\
name: own
duration: 3s
sessions:
  - {between: [one, two], count: 1, media: voice}
"""


def test_a_scenario_has_a_topology_within_it(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"{SCENARIO}topology:\n{textwrap.indent(OWN, '  ')}")
    assert load_plan(path).topology.name == "inline"
    assert load_plan(path, overrides=["topology.links.0.rtt=40ms"]).topology.one_way_ns("one", "two") == 20 * MS


def test_a_topology_s_path_counts_from_the_scenario_file_or_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "backbone.yaml").write_text(f"name: backbone\n{OWN}")
    path = tmp_path / "maps" / "own.yaml"
    path.write_text(f"{SCENARIO}topology: ./backbone.yaml\n")
    assert load_plan(path).topology.name == "backbone"
    monkeypatch.chdir(tmp_path)
    assert load_plan(path, overrides=["topology=maps/backbone.yaml"]).topology.name == "backbone"
    with pytest.raises(
        ScenarioError, match=r"^--set topology=\./backbone\.yaml: there is no such file; check the path$"
    ):
        load_plan(path, overrides=["topology=./backbone.yaml"])


def links_in(text: str) -> tuple[Link, ...]:
    clusters = "clusters: [{name: one, site: First}, {name: two, site: Second}]"
    return parsed_topology(f"name: own\n{clusters}\nlinks:\n  - {text}\n", "own").links


def test_either_direction_of_a_link_has_figures_of_its_own() -> None:
    (link,) = links_in(
        "{between: [one, two], there: {delay: 61.15ms, loss: 1%}, back: {delay: 31.15ms, mtu: 1400}, assumption: x}"
    )
    assert (link.there, link.back) == (OneWay(61_150_000, loss=0.01), OneWay(31_150_000, mtu=1_400))


def test_what_stands_beside_the_directions_holds_for_both_unless_one_says_otherwise() -> None:
    (link,) = links_in(
        "{between: [one, two], delay: 10ms, jitter: 1ms, rate: 2mbit, queue: 20ms, "
        "back: {delay: 30ms, jitter: 0s, queue: 50ms}, assumption: x}"
    )
    assert link.there == OneWay(10_000_000, 1_000_000, rate_bps=2_000_000, queue_ns=20_000_000)
    assert link.back == OneWay(30_000_000, rate_bps=2_000_000, queue_ns=50_000_000)


def test_an_rtt_is_the_short_form_of_two_equal_delays() -> None:
    (short,), (long,) = (
        links_in(f"{{between: [one, two], {times}, assumption: x}}") for times in ("rtt: 62.3ms", "delay: 31.15ms")
    )
    assert short == long


@pytest.mark.parametrize("name", topology_names())
def test_clusters_are_as_far_apart_as_the_links_between_them_say(name: str) -> None:
    """An assumed delay states the distance that it follows from; positions are to a hundredth of a degree."""
    topology = load_topology(name)
    for link in topology.links:
        here, there = (topology.cluster(end).position for end in (link.a, link.b))
        assert here is not None
        assert there is not None
        if stated := re.match(r"assumption: (\d+) km", link.source):
            assert great_circle_km(here, there) == pytest.approx(int(stated[1]), abs=2)


def test_a_position_is_kept_by_the_plan_and_needs_not_be_there() -> None:
    text = """
        name: two
        description: Two
        clusters:
          - {name: one, site: First, position: [39.04, -77]}
          - {name: two, site: Second}
        links:
          - {between: [one, two], rtt: 10ms, assumption: a guess}
        """
    one, two = parsed_topology(textwrap.dedent(text), "two").clusters
    assert (one.position, two.position) == ((39.04, -77.0), None)
