"""Bounds of every metric that an expectation may name, and of the lengths in the summary's tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from results.bounds.chains import waited_for_a_lock
from results.bounds.connections import connection_bounds
from results.bounds.doubts import Doubt, detection_ns, first_doubt
from results.bounds.effects import EdgeErrors, Effects
from results.bounds.held_up import held_up
from results.bounds.interval import Interval, exactly
from results.bounds.link_use import link_bounds
from results.bounds.media import group_bounds, pair_bounds
from results.bounds.packets import ledger_bounds, packet_shift
from results.bounds.parts import Disturbances, media_bounds, part_bounds
from results.bounds.quality import dropped_calls_of_groups
from results.bounds.relays import program_bounds, relay_bounds
from results.bounds.silences import BoundedSilences, silences
from results.bounds.webrtc import webrtc_bounds
from results.fidelity.checks import FidelityCheck
from results.metrics.analysis import Analysis, Evidence
from results.metrics.beside_sessions import ConnectionFigures, WebrtcFigures
from results.metrics.figures import GroupRow, Media, PairRow
from results.metrics.group_figures import exchanges
from results.metrics.network_figures import RerouteRow
from results.metrics.oracle_figures import OracleFigures
from results.metrics.system_figures import LedgerFigures, ProgramFigures, RelayFigures
from results.metrics.webrtc_figures import call_directions


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a run that have bounds."""

    media: Media
    pairs: list[PairRow]
    groups: list[GroupRow]
    connections: Mapping[str, ConnectionFigures]
    webrtc: Mapping[str, WebrtcFigures]
    relay: Mapping[str, RelayFigures]
    programs: Mapping[str, ProgramFigures]
    reroutes: list[RerouteRow]
    oracle: OracleFigures | None
    ledger: LedgerFigures


@dataclass(frozen=True, slots=True)
class MetricBounds:
    """`intervals`: by path into `summary.json`. `doubt`: from when on nothing is known, and why."""

    intervals: Mapping[str, Interval]
    doubt: Doubt | None


def all_bounds(
    evidence: Evidence, analysis: Analysis, measured: Measured, checks: Sequence[FidelityCheck]
) -> MetricBounds | None:
    """The bounds of a run; None if its records do not say when the machine held it up."""
    if evidence.hold_ups is None:
        return None
    held = held_up(evidence, analysis, evidence.hold_ups)
    doubt = first_doubt(evidence, analysis, held, checks)
    # Of a program nobody knows whether its threads wait for one another.
    unknown = bool(evidence.plan.relays.programs)
    locks = unknown or any(waited_for_a_lock(evidence, analysis, *relay) for relay in measured.relay.items())
    effects = Effects(held, EdgeErrors.of(evidence), detection_ns(evidence.plan), doubt, locks)
    return MetricBounds(dict(_intervals(evidence, analysis, measured, effects)), doubt)


def _intervals(
    evidence: Evidence, analysis: Analysis, measured: Measured, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    found = silences(evidence, analysis, measured.relay, effects)
    shift = packet_shift(evidence, analysis, measured.relay, found, effects)
    run = Disturbances(
        evidence, analysis, measured.relay, found, effects, _undoubted(evidence, analysis, measured, effects)
    )
    for bounds in media_bounds(run, measured.media, shift):
        yield from _prefixed("media", bounds)
    for expectation in evidence.plan.expectations:
        if expectation.part:
            yield expectation.metric, part_bounds(run, expectation.part)
    yield from pair_bounds(analysis, measured.pairs, found, effects)
    yield from group_bounds(analysis, measured.groups, found, effects)
    yield from dropped_calls_of_groups(analysis, measured.groups, found, effects)
    for cluster, figures in measured.relay.items():
        yield from _prefixed(f"relay.{cluster}", dict(relay_bounds(evidence, analysis, cluster, figures, effects)))
    for cluster, seen in measured.programs.items():
        yield from _prefixed(f"relay.{cluster}", dict(program_bounds(evidence, analysis, cluster, seen, effects)))
    for group, rows in exchanges(evidence):
        found_figures = measured.connections[group.name]
        yield from _prefixed(f"connections.{group.name}", dict(connection_bounds(found_figures, rows, effects)))
    for name, directions in call_directions(evidence).items():
        told = webrtc_bounds(measured.webrtc[name], directions, analysis, effects)
        yield from _prefixed(f"webrtc.{name}", dict(told))
    yield from link_bounds(evidence, analysis, effects)
    # What a hold-up makes late has its recorded time, and is no disagreement.
    names = [each.name for each in fields(OracleFigures) if each.name != "rows"]
    yield from _prefixed("oracle", {name: exactly(getattr(measured.oracle, name, None)) for name in names})
    yield from _prefixed("ledger", ledger_bounds(measured.ledger, shift))
    yield "reroutes", _of_reroutes(analysis, measured.reroutes, effects)
    yield "media.reroutes", _of_reroutes(analysis, [row for row in measured.reroutes if row.directions], effects)


def _undoubted(evidence: Evidence, analysis: Analysis, measured: Measured, effects: Effects) -> BoundedSilences | None:
    """The silences as if there were no doubt, where an expectation on some time may be of one before it."""
    if effects.doubt is None or not any(each.part and each.part.until_ns for each in evidence.plan.expectations):
        return None
    return silences(evidence, analysis, measured.relay, replace(effects, doubt=None))


def _of_reroutes(analysis: Analysis, reroutes: list[RerouteRow], effects: Effects) -> Interval:
    """Those before a doubt are certain."""
    if effects.doubt is None:
        return exactly(len(reroutes))
    doubt_s = analysis.seconds(effects.doubt.from_ns)
    return Interval(sum(row.installed_at < doubt_s for row in reroutes), None)


def _prefixed(prefix: str, bounds: Mapping[str, Interval]) -> Iterator[tuple[str, Interval]]:
    return ((f"{prefix}.{name}", interval) for name, interval in bounds.items())
