"""The packet ledger: accounts for every media packet in two independent ways, and compares them. Pure.

*Routes* follow single packets by SSRC and sequence number: each was delivered, or is attributed to the place that
recorded its loss, or is unattributed. *Stations* (hosts, switches, directions of links) are balanced: packets in, less
packets out, both counted at the interfaces between stations, less the losses that the station counted. The routes'
unattributed packets must be as many as the losses that stations know by number only; the difference is unexplained. In
files the unattributed are `untold`, and an entry whose packets are attributed is `told`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from results.ledger.balances import stations
from results.ledger.media_losses import loss_difference
from results.ledger.routes import balance_packets, routes
from results.ledger.station import Station, duplicates_uncounted
from results.metrics.analysis import Analysis, Evidence
from results.metrics.system_figures import LedgerFigures, LossDifference, RouteRow


@dataclass(frozen=True, slots=True)
class Ledger:
    """`untold_by_routes`, `untold_by_stations`: unattributed packets; `surplus`: copies beyond those that links
    made; `unexplained`: packets and copies on which the two disagree, None if interfaces were not counted;
    `not_in_media`: why its losses are not those of `media.lost`.
    """

    routes: list[RouteRow]
    stations: list[Station]
    untold_by_routes: int
    untold_by_stations: int
    surplus: int
    unexplained: int | None
    not_in_media: LossDifference


def reconcile(evidence: Evidence, analysis: Analysis) -> Ledger:
    """Make the ledger of a run.

    If a link back end duplicates frames by plan and does not count the copies, every copy beyond the first packet is
    taken for one of those; so it is if a relay is a program, which may send packets twice.
    """
    balance = balance_packets(evidence, analysis)
    by_route, by_station = list(routes(evidence, analysis, balance)), list(stations(evidence))
    difference = max(_disagreement(by_route, by_station), _missing_at_stations(by_route, by_station))
    copied_by_links = (duplicates_uncounted(evidence.plan, each) for each in evidence.plan.topology.directions)
    if any(copied_by_links) or evidence.plan.relays.programs:
        by_route = [replace(route, duplicated=route.duplicated + route.surplus, surplus=0) for route in by_route]
    surplus = sum(route.surplus for route in by_route)
    return Ledger(
        routes=by_route,
        stations=by_station,
        untold_by_routes=sum(route.untold for route in by_route),
        untold_by_stations=sum(map(_unattributed, by_station)),
        surplus=surplus,
        unexplained=difference + surplus if by_station else None,
        not_in_media=loss_difference(analysis, balance, by_route),
    )


def _disagreement(by_route: Sequence[RouteRow], by_station: Sequence[Station]) -> int:
    """Difference between the packets that the routes leave open and those that the stations do."""
    open_to_routes = sum(route.untold - route.surplus for route in by_route) + _corrupted(by_route)
    return abs(sum(_unattributed(station) + station.unexplained for station in by_station) - open_to_routes)


def _missing_at_stations(by_route: Sequence[RouteRow], by_station: Sequence[Station]) -> int:
    """Packets missing at stations, less the corrupted frames, which no interface or socket recognises as media.

    As a sum of absolute values: a surplus at one station must not cancel a loss at another.
    """
    return max(0, sum(abs(station.unexplained) for station in by_station) - _corrupted(by_route))


def _unattributed(station: Station) -> int:
    return sum(entry.packets for entry in station.entries if not entry.told)


def _corrupted(by_route: Iterable[RouteRow]) -> int:
    return sum(packets for route in by_route for cause, packets in route.lost.items() if cause.endswith(": corrupted"))


def ledger_figures(ledger: Ledger) -> LedgerFigures:
    """The ledger as figures of the summary: totals, losses known by number, and routes."""
    total = totals(ledger.routes)
    return LedgerFigures(
        sent=total.sent,
        duplicated=total.duplicated,
        delivered=total.delivered,
        lost=sum(total.lost.values()),
        under_way=sum(total.under_way.values()),
        untold=total.untold,
        counted=_counted(ledger.stations),
        unexplained=ledger.unexplained,
        not_in_media=ledger.not_in_media,
        routes=ledger.routes,
    )


def _counted(by_station: Sequence[Station]) -> dict[str, int]:
    unattributed = ((station.name, entry) for station in by_station for entry in station.entries if not entry.told)
    return {f"{name}: {entry.cause}": entry.packets for name, entry in unattributed}


def totals(by_route: Sequence[RouteRow]) -> RouteRow:
    """The sum of all routes, as one row."""
    return RouteRow(
        name="all",
        sent=sum(route.sent for route in by_route),
        duplicated=sum(route.duplicated for route in by_route),
        delivered=sum(route.delivered for route in by_route),
        lost=_added(route.lost for route in by_route),
        under_way=_added(route.under_way for route in by_route),
        untold=sum(route.untold for route in by_route),
        surplus=sum(route.surplus for route in by_route),
    )


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for cause, packets in each.items():
            total[cause] = total.get(cause, 0) + packets
    return total
