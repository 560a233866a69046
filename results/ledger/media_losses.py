"""Why the ledger's losses and `media.lost` are two numbers, packet by packet. Pure.

The ledger tells where every packet ended; `media.lost` asks whether a listener missed it, and leaves open those sent so
late that they may have been under way when the media ended (`Fates`).
"""

from __future__ import annotations

import numpy as np

from results.ledger.routes import CANARIES, REFRESHES, Balance
from results.metrics.analysis import Analysis
from results.metrics.matching import Flags
from results.metrics.system_figures import LossDifference, RouteRow


def loss_difference(analysis: Analysis, balance: Balance, by_route: list[RouteRow]) -> LossDifference:
    """What to take from the ledger's losses and add to them for `media.lost`."""
    gone, arrived, fate = balance.lost + balance.left.clip(0) > 0, analysis.matched.packets.arrived, analysis.fate
    none_arrived = ~arrived & gone
    losses = {route.name: sum(route.lost.values()) + route.untold for route in by_route}
    canaries, refreshes = losses.pop(CANARIES, 0), losses.pop(REFRESHES, 0)
    return LossDifference(
        canaries=canaries,
        refreshes=refreshes,
        copies=sum(losses.values()) - _count(none_arrived),
        sent_late=_count(none_arrived & fate.in_flight),
        still_under_way=_count(fate.lost & ~gone),
    )


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags))
