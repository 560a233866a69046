"""The room that a run will need for its records and reports, estimated from its plan. Pure.

Rows have fixed sizes, and their number follows from rates and duration; what does not is bounded by a stated constant
(docs/run-limits.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from hostio.timing import MS, S
from relay_app.ports import LANES
from relay_app.program_media import PROGRAM_MEDIA
from relay_app.records import (
    ABSENCE,
    DIGEST,
    EXCHANGE,
    FETCH,
    PROBE,
    RECEIVED,
    REFRESH,
    RELAY_FATE,
    RELAY_SAMPLE,
    RELAYED_PACKET,
    SAMPLE_INTERVAL_NS,
    SENT,
)
from relay_app.streams import KINDS, media_of
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY, RunDelayPlace
from results.run_files.machine import CORE_SAMPLE, LINK_SAMPLE, MACHINE_SAMPLE
from results.run_files.plan import Plan
from results.run_files.program_samples import HOST_SAMPLE, PROCESS_SAMPLE, UDP_DROP_SAMPLE
from scenarios.language.timeline import steps_of
from scenarios.run.capture_commands import MOST_BYTES
from scenarios.run.link_sampler import PERIOD_NS as LINK_PERIOD_NS
from topologies.link_backend import FRAME_FATE

DOCUMENT_BYTES = 1 << 20
"""Plots, and the documents whose size hardly depends on the plan."""

PAGE_BYTES = 5 << 20
"""The page of the run, which has its figures with what draws them, at most."""

PROCESS_BYTES = 16 << 10
"""Log, lock audit, counters and lateness of a process, of which each cluster has five."""

STREAM_BYTES = 128
"""A row of `streams.csv`, or of `interruptions.csv`; longer than any."""

LANE_BYTES = 1 << 10
"""What the summary says of a lane of a reroute."""

LINE_BYTES = 512
"""A line of `events.jsonl` or `controller.jsonl`."""

ANSWER_BYTES = 16 << 10
"""The answer of a metrics endpoint, once a second: some 250 samples."""

STACKS_BYTES = 1280 << 10
"""Stacks of a relay that is a program, of five stalls."""

FILES_PER_CLUSTER, FILES = 24, 40
"""Files of a run directory, at most; staged ones included."""

_SET_UP_NS = 30 * S
"""Relays, probers and monitor record before the media start too; for a slow set-up."""

_PROCESSES = 5

_WEBRTC_PACKET_NS = 20 * MS
"""Between two packets of a peer, which are recorded where they leave and where they arrive."""

_TIMED_THREADS = 4
"""Of a cluster, that note when they were held up: relay, sender, receiver, prober. So do each core and the wire."""

_PROGRAM_BYTES = 4 * PROCESS_SAMPLE.itemsize + HOST_SAMPLE.itemsize + LANES * UDP_DROP_SAMPLE.itemsize
"""Of a relay that is a program and has four processes, in all its lives, once a second."""

_CAPTURED_TIMES, _CAPTURED_HEADER_BYTES = 4, 64
"""How often a capture sees a packet at most, at either interface in either direction, and what pcapng adds to it."""

_HELD_UP_NS = 200 * MS
"""How often each is held up, on a machine that does so often."""


@dataclass(frozen=True, slots=True)
class Space:
    """`staged_bytes`: the arrays that processes leave; `peak_bytes`: the most that the run directory ever takes, which
    is while the largest of these arrays is converted; `files`: how many it has then."""

    staged_bytes: int
    peak_bytes: int
    files: int


def space_needed(plan: Plan) -> Space:
    """The room that a plan needs. A Parquet file is taken to be as large as its array: compression comes on top."""
    staged = _packet_bytes(plan) + round(_sample_bytes(plan))
    largest = max(_arrivals(plan).values(), default=0) * RECEIVED.itemsize
    clusters = len(plan.topology.clusters)
    documents = (
        DOCUMENT_BYTES
        + PAGE_BYTES
        + clusters * _PROCESSES * PROCESS_BYTES
        + _table_bytes(plan)
        + _reroute_bytes(plan)
        + _line_bytes(plan)
        + _told_bytes(plan)
        + _captured_bytes(plan)
    )
    return Space(staged, staged + largest + documents, FILES + clusters * FILES_PER_CLUSTER + _ends(plan))


def _packet_bytes(plan: Plan) -> int:
    """Each packet is sent once, and then received, or lost once with a row that says to what; copies count again."""
    copies = 1 + any(fault.change.duplicate for fault in plan.link_faults)
    sent = sum(_arrivals(plan).values())
    digests = 2 * DIGEST.itemsize if plan.has_program_media else 0
    lost = max(RELAY_FATE.itemsize, FRAME_FATE.itemsize)
    return sent * (digests + SENT.itemsize + copies * (RECEIVED.itemsize + lost))


def _arrivals(plan: Plan) -> dict[str, int]:
    """Packets of the streams that end in each cluster."""
    found = dict.fromkeys((cluster.name for cluster in plan.topology.clusters), 0)
    ours = media_of(plan.sessions)
    for group in plan.sessions:
        media = PROGRAM_MEDIA.get(group.media) or ours[group.media]
        each = round(media.packets_per_s * plan.duration_ns / S + 1) * group.count
        found[group.a] += each
        found[group.b] += each
    return found


def _sample_bytes(plan: Plan) -> float:
    """Rows that come at a fixed rate, and those of session records."""
    lasting_ns = plan.duration_ns + _SET_UP_NS
    lives = len(plan.topology.clusters) + _ends(plan)
    directions = len(plan.topology.directions)
    programs = len(plan.topology.clusters) - len(plan.relays_of_ours)
    cores = plan.environment.cpus if plan.environment else 1
    controller = plan.controller
    permitted = [(each.permission, 2 * each.count) for each in plan.sessions if each.permission]
    consented = [(each.consent, 2 * each.count) for each in plan.sessions if each.consent]
    rows = [
        (SAMPLE_INTERVAL_NS, lives * RELAY_SAMPLE.itemsize),
        (S, MACHINE_SAMPLE.itemsize + cores * CORE_SAMPLE.itemsize + lives * len(RunDelayPlace) * RUN_DELAY.itemsize),
        (S, programs * _PROGRAM_BYTES),
        (LINK_PERIOD_NS, len(plan.rated_directions) * LINK_SAMPLE.itemsize),
        (_HELD_UP_NS, (lives * _TIMED_THREADS + cores + 1) * HOLD_UP.itemsize),
        (controller.probe_interval_ns, directions * PROBE.itemsize),
        *((each.refresh_ns, streams * REFRESH.itemsize) for each, streams in permitted),
        *((each.retransmit_ns, streams * FRAME_FATE.itemsize) for each, streams in permitted),
        *((each.expires_ns, streams * ABSENCE.itemsize) for each, streams in consented),
        *((min(each.check_ns, each.again_ns), 2 * streams * FRAME_FATE.itemsize) for each, streams in consented),
        *([(controller.canary_interval_ns, directions * PROBE.itemsize)] if controller.canaries else []),
        *((KINDS[each.kind].interval_ns, each.count * EXCHANGE.itemsize) for each in plan.connections),
        (_WEBRTC_PACKET_NS, 4 * sum(each.count for each in plan.webrtc) * RELAYED_PACKET.itemsize),
    ]
    fetched = lives * (_streams(plan) + directions) * FETCH.itemsize
    return sum(lasting_ns / every_ns * row_bytes for every_ns, row_bytes in rows) + fetched


def _table_bytes(plan: Plan) -> int:
    """A row per stream, and one per interruption: of each stream by each fault, on its way out and back."""
    return STREAM_BYTES * _streams(plan) * (1 + 2 * max(1, len(plan.faults)))


def _reroute_bytes(plan: Plan) -> int:
    """The lanes of reroutes: each fault may move every pair that has sessions."""
    pairs = len({frozenset((group.a, group.b)) for group in plan.sessions})
    return LANE_BYTES * LANES * pairs * len(plan.faults)


def _line_bytes(plan: Plan) -> int:
    """Lines of events: each edge of a fault. Of the controller: of each path of a pair's lanes one a second, and
    some for each edge."""
    edges = sum(len(step.edges) for step in steps_of(plan.topology, plan.faults)) + 2 * len(plan.process_faults)
    pairs = len(plan.topology.direct_paths)
    paths = pairs * min(plan.controller.most_paths, max(1, len(plan.topology.clusters) - 2))
    return LINE_BYTES * (64 + edges * (1 + 4 * paths) + paths * (plan.duration_ns + _SET_UP_NS) // S)


def _told_bytes(plan: Plan) -> int:
    """What relays that are programs tell: answers of their metrics endpoints, and stacks."""
    used = [plan.program_of(cluster.name) for cluster in plan.topology.clusters]
    answers = sum(1 for each in used if each and each.metrics) * ANSWER_BYTES * (plan.duration_ns + _SET_UP_NS) // S
    return answers + sum(1 for each in used if each and each.stacks) * STACKS_BYTES


def _captured_bytes(plan: Plan) -> int:
    """Captures, each of which sees all media at most."""
    ours, media_bytes = media_of(plan.sessions), 0.0
    for group in plan.sessions:
        media = PROGRAM_MEDIA.get(group.media) or ours[group.media]
        packets = 2 * group.count * (media.packets_per_s * plan.duration_ns / S + 1)
        media_bytes += packets * (media.largest_packet + _CAPTURED_HEADER_BYTES)
    return len(plan.captured.stems) * min(MOST_BYTES, DOCUMENT_BYTES + round(_CAPTURED_TIMES * media_bytes))


def _streams(plan: Plan) -> int:
    return 2 * sum(group.count for group in plan.sessions)


def _ends(plan: Plan) -> int:
    return sum(fault.ends_process for fault in plan.process_faults)
