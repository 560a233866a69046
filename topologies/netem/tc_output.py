"""Reads settings and counters of ports from the JSON output of tc; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hostio.timing import S
from topologies.link_state import FourState, GilbertElliott, Jitter, Loss, RandomLoss
from topologies.netem.shaping import BUCKET, ROOT, Bucket, Netem, Shaping
from topologies.netem.tc_commands import COUNTING, FLOWS, TOO_LONG
from topologies.tc.batch import Row


@dataclass(frozen=True, slots=True)
class Tally:
    """Packets of one end: sent, dropped by netem (loss or full delay line), dropped by the bucket, and queued."""

    sent: int
    dropped: int
    bucket_dropped: int
    queued: int


def shapings(rows: Iterable[Row]) -> dict[str, Shaping]:
    """The shaping of every port, without filters."""
    found: dict[str, Shaping] = {}
    for row in rows:
        before = found.get(row["dev"], Shaping())
        if _is_netem(row):
            found[row["dev"]] = replace(before, netem=_read_netem(row["options"]))
        elif _is_bucket(row):
            found[row["dev"]] = replace(before, bucket=_read_bucket(row["options"]))
    return found


def tallies(rows: Iterable[Row]) -> dict[str, Tally]:
    """Counters of every shaped port. netem's drop counter includes those of its bucket; they are subtracted here."""
    by_port: dict[str, dict[str, Row]] = {}
    for row in rows:
        if _is_netem(row) or _is_bucket(row):
            by_port.setdefault(row["dev"], {})[row["kind"]] = row
    return {port: _tally(kinds["netem"], kinds.get("tbf")) for port, kinds in by_port.items()}


def flow_drops(rows: Iterable[Row]) -> int:
    """Packets dropped by the filter of flows in these rows."""
    return sum(action["stats"]["drops"] for action in _actions(rows, FLOWS))


def mtu_drops(rows: Iterable[Row]) -> int:
    """Packets dropped by the MTU's filter in these rows."""
    return sum(action["stats"]["drops"] for action in _actions(rows, TOO_LONG))


def has_mtu(rows: Iterable[Row]) -> bool:
    """Whether the MTU's filter is among these rows, with its action."""
    return bool(_actions(rows, TOO_LONG))


def media_count(rows: Iterable[Row]) -> int:
    """Media frames that the counting filter in these rows has seen."""
    return sum(action["stats"]["packets"] for action in _actions(rows, COUNTING))


def _actions(rows: Iterable[Row], preference: int) -> list[Row]:
    filters = (row for row in rows if row.get("pref") == preference)
    return [action for row in filters for action in row.get("options", {}).get("actions", [])]


def _tally(netem: Row, bucket: Row | None) -> Tally:
    bucket_dropped = bucket["drops"] if bucket else 0
    return Tally(netem["packets"], netem["drops"] - bucket_dropped, bucket_dropped, netem["qlen"])


def _is_netem(row: Row) -> bool:
    return bool(row["kind"] == "netem" and row["handle"] == ROOT)


def _is_bucket(row: Row) -> bool:
    return bool(row["kind"] == "tbf" and row["handle"] == BUCKET)


def _read_netem(options: Row) -> Netem:
    delay = options.get("delay", {})
    jitter_ns = round(delay.get("jitter", 0) * S)
    return Netem(
        delay_ns=round(delay.get("delay", 0) * S),
        jitter=Jitter(jitter_ns) if jitter_ns else None,
        loss=_read_loss(options),
        duplicate=options.get("duplicate", {}).get("duplicate", 0.0),
        corrupt=options.get("corrupt", {}).get("corrupt", 0.0),
        reorder=options["reorder"]["reorder"] if options.get("gap") else 0.0,
        limit=options["limit"],
        rate_bps=8 * options["rate"]["rate"] if "rate" in options else None,
    )


def _read_loss(options: Row) -> Loss | None:
    if chain := options.get("loss-gemodel"):
        return GilbertElliott(chain["p"], chain["r"], chain["1-h"], chain["1-k"])
    if chain := options.get("loss-state"):
        return FourState(chain["p13"], chain["p31"], chain["p32"], chain["p23"], chain["p14"])
    probability = options.get("loss-random", {}).get("loss", 0.0)
    return RandomLoss(probability) if probability else None


def _read_bucket(options: Row) -> Bucket:
    return Bucket(rate_bps=8 * options["rate"], burst=options["burst"], limit=options["limit"])
