"""From what commands found to what they print with `--json`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller.settings import ControllerSettings
from controller.single_cuts import single_cuts
from scenarios.cli.doctor import Diagnosis
from scenarios.cli.expectation_cases import Source
from scenarios.cli.json_output import (
    CheckedRelay,
    CheckedStep,
    DoctorCheck,
    Machine,
    Path,
    Played,
    PlayedScenario,
    Repair,
    ShownTopology,
    Way,
)
from scenarios.relay_check.finding import Finding
from scenarios.run.means import needs_text
from scenarios.suites.standings import Trial, together
from topologies.model import OneWay, Topology, link_name


def played(trials: Sequence[Trial], sources: Mapping[str, Source], planned: int) -> Played:
    """The output of what was played, of so many that were to be. `sources`: by scenario."""
    verdict = together(trials)
    cut_off = verdict == "pass" and len(trials) < planned
    return Played(
        "inconclusive" if cut_off else verdict,
        planned,
        [_played(trial, sources.get(trial.scenario)) for trial in trials],
    )


def _played(trial: Trial, source: Source | None) -> PlayedScenario:
    return PlayedScenario(
        trial.scenario,
        source.file if source else None,
        trial.version,
        trial.verdict,
        list(trial.reasons),
        list(trial.expectations),
        dict(source.lines) if source else {},
        [str(root) for root in trial.roots],
        round(trial.seconds, 3),
    )


def machine(diagnosis: Diagnosis) -> Machine:
    """The output of a diagnosis."""
    chosen = diagnosis.environment
    return Machine(
        ready=not diagnosis.missing and chosen is not None,
        checks=[DoctorCheck(c.what, c.found, c.detail, c.required, c.package) for c in diagnosis.checks],
        links=chosen.link_backend if chosen else None,
        datapath=chosen.datapath if chosen else None,
        remedy=diagnosis.remedy,
    )


def checked_relay(findings: Sequence[Finding]) -> CheckedRelay:
    """The output of a relay's check."""
    steps = [CheckedStep(each.step, each.problem) for each in findings]
    return CheckedRelay(all(each.problem is None for each in steps), steps)


def shown_topology(topology: Topology, max_relays: int) -> ShownTopology:
    """The output of a topology."""
    pairs = [pair for pair in topology.direct_paths if pair.word == "direct path"]
    ways = [way for pair in pairs for way in (pair.there, pair.back)]
    return ShownTopology(
        name=topology.name,
        clusters=[cluster.name for cluster in topology.clusters],
        links=[_way(*ends, way) for ends, way in topology.one_ways.items()],
        paths=[Path(list(way), topology.one_way_ns(way[0], way[-1]) / 1e6) for way in ways],
        repairs=[
            Repair(
                link_name(cut.link.a, cut.link.b),
                len(cut.moves(1)),
                len(cut.moves(2)),
                [link_name(each.a, each.b) for each in cut.kept],
            )
            for cut in single_cuts(topology, ControllerSettings(max_relays=max_relays))
        ],
        needs=needs_text(topology),
    )


def _way(source: str, destination: str, way: OneWay) -> Way:
    figures = (way.delay_ns / 1e6, way.jitter_ns / 1e6, 100 * way.loss, way.rate_bps or None)
    return Way(source, destination, *figures)
