"""The packet ledger: where every media packet went, and whether two ways of counting agree on it. Pure.

*Routes* follow single packets, by SSRC and sequence number: each was delivered, or somebody noted down what became of
it, or it is untold. *Stations* (hosts, switches, directions of links) compare what came in with what went out, as
interfaces between them counted, and take away what each station says it lost. What single packets leave untold must
be what the stations lost without telling which. What remains is unexplained.
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
    """`untold`: packets whose end nobody noted down, by the routes and by the stations; `surplus`: copies that nobody
    made. `unexplained` is what the two do not agree on; None where the stations were not counted."""

    routes: list[RouteRow]
    stations: list[Station]
    untold_by_routes: int
    untold_by_stations: int
    surplus: int
    unexplained: int | None


def reconcile(evidence: Evidence, analysis: Analysis) -> Ledger:
    """The ledger of a run. Where a back end does not count the copies that it is planned to make, any
    packet beyond the first is taken for one."""
    found, every = list(routes(evidence, analysis)), list(stations(evidence))
    by_routes, by_stations = sum(route.untold for route in found), sum(map(_untold, every))
    disagreement = max(_gap(found, every), _astray(found, every))
    if any(copies_unseen(evidence.plan, direction) for direction in evidence.plan.topology.directions):
        found = [replace(route, duplicated=route.duplicated + route.surplus, surplus=0) for route in found]
    surplus = sum(route.surplus for route in found)
    return Ledger(found, every, by_routes, by_stations, surplus, disagreement + surplus if every else None)


def _gap(found: Sequence[RouteRow], every: Sequence[Station]) -> int:
    """Between what single packets leave open, and what the stations do."""
    open_to_routes = sum(route.untold - route.surplus for route in found) + _corrupted(found)
    return abs(sum(_untold(station) + station.unexplained for station in every) - open_to_routes)


def _astray(found: Sequence[RouteRow], every: Sequence[Station]) -> int:
    """What stations miss, without the corrupted frames that no interface and no socket knew for media any more."""
    return max(0, sum(abs(station.unexplained) for station in every) - _corrupted(found))


def _untold(station: Station) -> int:
    return sum(entry.packets for entry in station.entries if not entry.told)


def _corrupted(found: Iterable[RouteRow]) -> int:
    return sum(packets for route in found for cause, packets in route.lost.items() if cause.endswith(": corrupted"))


def ledger_figures(book: Ledger) -> LedgerFigures:
    """The ledger in one line."""
    total = totals(book.routes)
    return LedgerFigures(
        sent=total.sent,
        duplicated=total.duplicated,
        delivered=total.delivered,
        lost=sum(total.lost.values()),
        under_way=sum(total.under_way.values()),
        untold=total.untold,
        counted=_counted(book.stations),
        unexplained=book.unexplained,
        routes=book.routes,
    )


def _counted(every: Sequence[Station]) -> dict[str, int]:
    untold = ((station.name, entry) for station in every for entry in station.entries if not entry.told)
    return {f"{name}: {entry.cause}": entry.packets for name, entry in untold}


def totals(found: Sequence[RouteRow]) -> RouteRow:
    """All routes as one."""
    return RouteRow(
        name="all",
        sent=sum(route.sent for route in found),
        duplicated=sum(route.duplicated for route in found),
        delivered=sum(route.delivered for route in found),
        lost=_added(route.lost for route in found),
        under_way=_added(route.under_way for route in found),
        untold=sum(route.untold for route in found),
        surplus=sum(route.surplus for route in found),
    )


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for cause, packets in each.items():
            total[cause] = total.get(cause, 0) + packets
    return total
