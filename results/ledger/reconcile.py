"""The packet ledger: where every media packet went, and whether two ways of counting agree on it. Pure.

*Routes* follow single packets, by SSRC and sequence number: each was delivered, or is attributed to whoever recorded
its loss, or is unattributed. *Stations* (hosts, switches, directions of links) compare what came in with what went out,
as interfaces between them counted, and take away what each station says it lost. The unattributed packets of the routes
must be as many as the stations lost without recording which. What remains is unexplained. In files the unattributed are
`untold`, and an entry whose packets are attributed is `told`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from results.ledger.balances import stations
from results.ledger.routes import routes
from results.ledger.station import Station, copies_unseen
from results.metrics.analysis import Analysis, Evidence
from results.metrics.system_figures import LedgerFigures, RouteRow


@dataclass(frozen=True, slots=True)
class Ledger:
    """`untold`: unattributed packets, by the routes and by the stations; `surplus`: copies that nobody made.

    `unexplained` is what the two do not agree on; None where the stations were not counted.
    """

    routes: list[RouteRow]
    stations: list[Station]
    untold_by_routes: int
    untold_by_stations: int
    surplus: int
    unexplained: int | None


def reconcile(evidence: Evidence, analysis: Analysis) -> Ledger:
    """The ledger of a run.

    Where a back end does not count the copies that it is planned to make, any packet beyond the first is taken for one.
    """
    by_route, by_station = list(routes(evidence, analysis)), list(stations(evidence))
    disagreement = max(_gap(by_route, by_station), _astray(by_route, by_station))
    if any(copies_unseen(evidence.plan, direction) for direction in evidence.plan.topology.directions):
        by_route = [replace(route, duplicated=route.duplicated + route.surplus, surplus=0) for route in by_route]
    surplus = sum(route.surplus for route in by_route)
    return Ledger(
        routes=by_route,
        stations=by_station,
        untold_by_routes=sum(route.untold for route in by_route),
        untold_by_stations=sum(map(_unattributed, by_station)),
        surplus=surplus,
        unexplained=disagreement + surplus if by_station else None,
    )


def _gap(by_route: Sequence[RouteRow], by_station: Sequence[Station]) -> int:
    """Between what single packets leave open, and what the stations do."""
    open_to_routes = sum(route.untold - route.surplus for route in by_route) + _corrupted(by_route)
    return abs(sum(_unattributed(station) + station.unexplained for station in by_station) - open_to_routes)


def _astray(by_route: Sequence[RouteRow], by_station: Sequence[Station]) -> int:
    """What stations miss, without the corrupted frames that no interface and no socket knew for media any more."""
    return max(0, sum(abs(station.unexplained) for station in by_station) - _corrupted(by_route))


def _unattributed(station: Station) -> int:
    return sum(entry.packets for entry in station.entries if not entry.told)


def _corrupted(by_route: Iterable[RouteRow]) -> int:
    return sum(packets for route in by_route for cause, packets in route.lost.items() if cause.endswith(": corrupted"))


def ledger_figures(ledger: Ledger) -> LedgerFigures:
    """The ledger in one line."""
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
        routes=ledger.routes,
    )


def _counted(by_station: Sequence[Station]) -> dict[str, int]:
    unattributed = ((station.name, entry) for station in by_station for entry in station.entries if not entry.told)
    return {f"{name}: {entry.cause}": entry.packets for name, entry in unattributed}


def totals(by_route: Sequence[RouteRow]) -> RouteRow:
    """All routes as one."""
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
