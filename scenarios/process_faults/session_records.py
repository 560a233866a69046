"""The records of the session directory, and those of them that a relay holds before the media start. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from hostio.timing import MS
from relay_app.probing.canaries import canary_records, canary_ssrc
from relay_app.sessions.directory import StreamRecord
from relay_app.streams import Stream, streams_of
from results.run_files.plan import Plan
from topologies.model import Topology


def all_records(plan: Plan) -> Iterator[StreamRecord]:
    """The record of every relayed stream and of every canary, as signalling writes them when sessions are set up. One
    under the SSRC of another has none: the record of that SSRC is the other's."""
    ordinals = {cluster.name: cluster.ordinal for cluster in plan.topology.clusters}
    lifetimes = {group.name: group.permission.lifetime_ns // MS for group in plan.sessions if group.permission}
    for stream in streams_of(plan.sessions, plan.seed):
        if stream.relayed and stream.taken is None:
            ends, lifetime_ms = (ordinals[stream.source], ordinals[stream.destination]), lifetimes.get(stream.group, 0)
            yield StreamRecord(stream.ssrc, *ends, stream.session, lifetime_ms=lifetime_ms)
    yield from canary_records((ordinals[here], ordinals[there]) for here, there in plan.topology.directions)


def records_held(plan: Plan, streams: tuple[Stream, ...], cluster: str) -> tuple[int, ...]:
    """SSRCs whose records a relay holds before the media start.

    These are streams that begin or end at its cluster, the warm share of the others, and canaries that go through it:
    a canary that had to wait for its record would be late, and the detector would take a cold relay for a failed one.
    """
    relayed = [stream for stream in streams if stream.relayed and stream.taken is None]
    own = [stream.ssrc for stream in relayed if cluster in (stream.source, stream.destination)]
    others = [stream.ssrc for stream in relayed if cluster not in (stream.source, stream.destination)]
    random = Random(f"warm {plan.seed} {cluster}")
    warm = random.sample(others, round(plan.relays.warm.get(cluster, 0.0) * len(others)))
    return (*own, *warm, *(canaries_through(plan.topology, cluster) if plan.controller.canaries else ()))


def canaries_through(topology: Topology, relay: str) -> Iterator[int]:
    """The SSRCs of the canaries that the probers of other clusters send through a relay."""
    ordinals = {cluster.name: cluster.ordinal for cluster in topology.clusters}
    return (canary_ssrc(ordinals[here], ordinals[there]) for here, there in topology.directions if there == relay)
