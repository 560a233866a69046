"""The streams whose permissions a client refreshes, and from when until when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from relay_app.calls import Span
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
            own = spans.get(stream.ssrc, ())
            life = (own[0].from_ns, own[-1].until_ns) if own else (0, plan.duration_ns)
            yield RefreshedStream(stream.ssrc, permission, life[0], min(life[1], plan.duration_ns))
