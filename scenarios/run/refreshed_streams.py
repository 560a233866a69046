"""The streams whose permissions a client refreshes, or whose consent it checks, and from when until when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from relay_app.calls import Span
from relay_app.clients.consent_schedule import ConsentedStream
from relay_app.clients.refresh_schedule import RefreshedStream
from relay_app.streams import Stream
from results.run_files.plan import Plan


def refreshed_streams(
    plan: Plan, streams: Sequence[Stream], spans: Mapping[int, tuple[Span, ...]], cluster: str
) -> Iterator[RefreshedStream]:
    """Those that a cluster's client sends. A permission is refreshed while the call lasts, pauses and holds included;
    one of a sender's SSRCs from its first packet until its last."""
    permissions = {group.name: group.permission for group in plan.sessions}
    for stream in streams:
        permission = permissions[stream.group]
        if permission and stream.relayed and stream.source == cluster:
            yield RefreshedStream(stream.ssrc, permission, *_life(plan, spans.get(stream.ssrc, ())))


def consented_streams(
    plan: Plan, streams: Sequence[Stream], spans: Mapping[int, tuple[Span, ...]], cluster: str
) -> Iterator[ConsentedStream]:
    """Those that a cluster's client sends. Consent is checked from a stream's first packet until its last, pauses and
    holds included."""
    consents = {group.name: group.consent for group in plan.sessions}
    ends = {(stream.session, stream.source): stream.ssrc for stream in streams}
    for stream in streams:
        consent = consents[stream.group]
        if consent and stream.source == cluster:
            back = ends[stream.session, stream.destination]
            yield ConsentedStream(stream.ssrc, back, consent, *_life(plan, spans.get(stream.ssrc, ())))


def _life(plan: Plan, spans: tuple[Span, ...]) -> tuple[int, int]:
    """From when until when a stream has packets, ns since the media start."""
    life = (spans[0].from_ns, spans[-1].until_ns) if spans else (0, plan.duration_ns)
    return life[0], min(life[1], plan.duration_ns)
