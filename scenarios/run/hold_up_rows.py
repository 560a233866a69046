"""Makes the rows of `raw/hold-ups.parquet` from final reports of processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from hostio.lateness import Spans
from results.run_files.hold_ups import HOLD_UP, HoldUpPlace
from results.run_files.machine import ProcessId
from scenarios.run.machine_report import ProcessCounts

_PLACES = {
    ("relay", "forward"): HoldUpPlace.RELAY,
    ("client", "receive"): HoldUpPlace.RECEIVER,
    ("client", "send"): HoldUpPlace.SENDER,
    ("prober", "probe"): HoldUpPlace.PROBER,
}
"""By kind of process and name of thread."""

_CORE = "core "


def hold_up_rows(counts: Iterable[ProcessCounts], wire: Spans, ordinals: Mapping[str, int]) -> NDArray[np.void]:
    """HOLD_UP[n], of every life of each process, and of the wire. `ordinals`: of the clusters, by name."""
    rows = [
        (*_place(each.process, thread, ordinals), *span)
        for each in counts
        for threads in each.hold_ups
        for thread, spans in threads.items()
        for span in spans
    ]
    return np.array([*rows, *((HoldUpPlace.LINK, 0, *span) for span in wire)], HOLD_UP)


def _place(process: ProcessId, thread: str, ordinals: Mapping[str, int]) -> tuple[HoldUpPlace, int]:
    if process.kind == "monitor":
        return HoldUpPlace.CORE, int(thread.removeprefix(_CORE))
    return _PLACES[process.kind, thread], ordinals[process.cluster]
