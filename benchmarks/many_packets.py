"""A run directory with many times the sessions of another, for measuring reports: each copied with SSRCs of its own.

What the machine counted is not multiplied, so that the books do not balance and the verdict says so; nothing that takes
time depends on that.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from relay_app.records import RECEIVED, SENT
from relay_app.streams import Stream, streams_of
from results.run_files import documents
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.records import Rows, read_rows, read_sessions, write_rows, write_sessions
from results.run_files.run_dir import RunDir


def multiplied(run: RunDir, root: Path, packets: int) -> int:
    """Make a run directory in `root` with about as many packets; how many it has. RecordsError, DocumentError."""
    plan = read_plan(run.plan)
    clusters = [cluster.name for cluster in plan.topology.clusters]
    sent = {name: read_rows(run.sent(name), SENT) for name in clusters}
    times = max(1, round(packets / max(1, sum(map(len, sent.values())))))
    shutil.copytree(run.root, root)
    made = RunDir(root)
    larger = _larger(plan, times)
    made.plan.write_text(documents.dump(larger), encoding="utf-8")
    streams = streams_of(larger.sessions, larger.seed)
    copies = _copies(read_sessions(run), streams, {group.name: group.count for group in plan.sessions})
    write_sessions(made, streams)
    for name in clusters:
        write_rows(made.sent(name), _copied(sent[name], copies, times))
        write_rows(made.received(name), _copied(read_rows(run.received(name), RECEIVED), copies, times))
    return times * sum(map(len, sent.values()))


def _larger(plan: Plan, times: int) -> Plan:
    return replace(plan, sessions=tuple(replace(group, count=times * group.count) for group in plan.sessions))


def _copies(streams: tuple[Stream, ...], larger: tuple[Stream, ...], counts: Mapping[str, int]) -> dict[int, list[int]]:
    """The SSRCs of the copies of each stream, by its SSRC."""
    known = {(stream.session, stream.source): stream.ssrc for stream in streams}
    found: dict[int, list[int]] = {stream.ssrc: [] for stream in streams}
    for stream in larger:
        group, _, number = stream.session.rpartition("-")
        original = f"{group}-{int(number) % counts[stream.group]:04d}"
        found[known[original, stream.source]].append(stream.ssrc)
    return found


def _copied(rows: Rows, copies: Mapping[int, list[int]], times: int) -> Rows:
    """Every row, once for each copy of its stream, in the order of the copies."""
    ssrcs, which = np.unique(rows["ssrc"], return_inverse=True)
    of_all = np.array([copies[int(ssrc)][:times] for ssrc in ssrcs], np.uint32).reshape(len(ssrcs), times)
    parts = []
    for number in range(of_all.shape[1]):
        part = rows.copy()
        part["ssrc"] = of_all[which, number]
        parts.append(part)
    return np.concatenate([rows[:0], *parts])
