"""The compiled loop of a sensor, which notes when the core of its thread was held up."""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled, monotonic_ns, sleep_until
from hostio.lateness import HOLD_UP_NS
from hostio.lateness_compiled import note_hold_up


@compiled
def sense(lateness: Any, stop: Any, period_ns: int, timespec: Any) -> None:
    """Wake every `period_ns` and note in LATENESS[1] when that was held up, until its time is over or stop[0] is set.

    A hold-up is noted from the wake-up before it: what held the core may have come right after that.
    """
    row = lateness[0]
    ran_ns = monotonic_ns(timespec)
    while stop[0] == 0 and ran_ns < row.until_ns:
        due_ns = ran_ns + period_ns
        sleep_until(due_ns, timespec)
        now_ns = monotonic_ns(timespec)
        if now_ns - due_ns >= HOLD_UP_NS and now_ns > row.from_ns:
            note_hold_up(row, max(ran_ns, row.from_ns), now_ns)
        ran_ns = now_ns
