"""Media made by arithmetic: a plan, and packets whose true loss and latency are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from controller.settings import ControllerSettings
from hostio.timing import MS, S
from relay_app.records import RECEIVED, SENT
from relay_app.streams import SessionGroup, Stream
from results.metrics.matching import Ints
from results.run_files.faults import Fault, LinkFault
from results.run_files.plan import Environment, Expectation, Plan, RelaySettings
from results.run_files.records import Recording, Rows
from topologies.link_backend import FRAME_FATE
from topologies.link_state import LinkChange
from topologies.model import Cluster, Direction, Link, Topology

START = 1_000 * S
"""Media start on the monotonic clock."""

VOICE = 20 * MS

NO_FRAMES = np.empty(0, FRAME_FATE)

TRIANGLE = Topology(
    "us-triangle",
    (Cluster("us-east", 1), Cluster("us-central", 2), Cluster("us-west", 3)),
    (
        Link.alike("us-east", "us-central", 15_300_000),
        Link.alike("us-east", "us-west", 31_150_000),
        Link.alike("us-central", "us-west", 25_250_000),
    ),
)

EAST = "us-east"
DIRECT_EAST_WEST = 1 | 3 << 8
VIA_CENTRAL = 1 | 2 << 8 | 3 << 16


def stream(
    ssrc: int = 0xABCD0001, source: str = "us-east", destination: str = "us-west", media: str = "voice"
) -> Stream:
    return Stream(ssrc, "s-0000", "s", source, destination, media)


def sent(ssrc: int, count: int, *, first_seq: int = 0, start_ns: int = START, interval_ns: int = VOICE) -> Rows:
    """Packets sent exactly when due."""
    rows = np.zeros(count, SENT)
    rows["ssrc"] = ssrc
    rows["seq"] = first_seq + np.arange(count)
    rows["due_ns"] = rows["sent_ns"] = start_ns + interval_ns * np.arange(count, dtype=np.int64)
    return rows


def received(rows: Rows, latency_ns: int | Ints, path: int | Ints = DIRECT_EAST_WEST) -> Rows:
    """These sent packets, all of which arrive."""
    found = np.zeros(len(rows), RECEIVED)
    found["ssrc"] = rows["ssrc"]
    found["seq"] = rows["seq"] % 65536
    found["path"] = path
    found["sent_ns"] = rows["sent_ns"]
    found["received_ns"] = rows["sent_ns"] + latency_ns
    return found


def without(rows: Rows, *gaps: tuple[float, float]) -> Rows:
    """These packets but those sent within gaps, in seconds after the start."""
    after = (rows["sent_ns"] - START) / S
    kept = np.ones(len(rows), dtype=bool)
    for start, end in gaps:
        kept &= (after < start) | (after >= end)
    remaining: Rows = rows[kept]
    return remaining


def recording(streams: Sequence[Stream], sent_rows: Iterable[Rows], received_rows: Iterable[Rows]) -> Recording:
    """All packets in the hands of the first stream's ends."""
    source, destination = streams[0].source, streams[0].destination
    return Recording(
        tuple(streams),
        {source: np.concatenate([np.empty(0, SENT), *sent_rows])},
        {destination: np.concatenate([np.empty(0, RECEIVED), *received_rows])},
        {},
        {},
        {},
        {},
        {},
        NO_FRAMES,
        (),
    )


def plan(
    *,
    sessions: int = 4,
    duration_ns: int = 12 * S,
    faults: tuple[Fault, ...] = (),
    expectations: tuple[Expectation, ...] = (),
) -> Plan:
    environment = Environment(
        link_backend="userspace",
        link_backend_reason="no sch_netem",
        link_backend_seeded=True,
        clock="real",
        datapath="user",
        datapath_reason="no openvswitch module",
        kernel="6.1",
        cpus=2,
        privilege="root",
        versions={"blipnet": "0.1.0"},
    )
    return Plan(
        scenario="one-blip",
        description="a blip",
        seed=7,
        duration_ns=duration_ns,
        topology=TRIANGLE,
        sessions=(SessionGroup("voice", "us-east", "us-west", sessions, "voice"),),
        relays=RelaySettings("us-central", {"us-central": 1.0}),
        controller=ControllerSettings(),
        faults=faults,
        expectations=expectations,
        wire_tick_ns=250_000,
        environment=environment,
    )


BLIP = LinkFault(
    what="blackhole",
    at_ns=4 * S,
    until_ns=6 * S,
    directions=(Direction("us-east", "us-west"), Direction("us-west", "us-east")),
    change=LinkChange(blackhole=True),
)
