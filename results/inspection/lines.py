"""The life of a session as lines of text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from results.inspection.packet_life import PacketLife, Step
from results.inspection.session_life import Happening, SessionLife, StreamLife, Window, in_runs

_ENDS = 3
"""Of packets that follow each other and are alike, so many are shown at either end."""


def session_lines(life: SessionLife, *, whole: bool = False) -> Iterator[str]:
    """All lines; of long runs of packets alike only both ends, unless the `whole` is wanted."""
    yield f"{life.session} of {life.scenario}, seed {life.seed}; times in s since the media start"
    if not life.links_told:
        yield "what links did to single packets is not told: the link back end does not record it"
    for direction in life.unmeasured:
        yield f"{direction} is not told: the record of an end is missing"
    for stream in life.streams:
        yield ""
        yield _heading(stream)
        for window in stream.windows:
            yield ""
            yield f"  {window.why}"
            yield from _window(window, life.happenings, whole=whole)


def _heading(stream: StreamLife) -> str:
    told = f"{stream.sent} packets sent, {stream.received} received, {stream.lost} lost"
    interruptions = f"{stream.interruptions} interruption{'' if stream.interruptions == 1 else 's'}"
    about = f"SSRC {stream.ssrc}, {stream.media}, lane {stream.lane}"
    return f"{stream.source} → {stream.destination}  {about}: {told}, {interruptions}"


def _window(window: Window, happenings: list[Happening], *, whole: bool) -> Iterator[str]:
    if not window.packets:
        yield "    no packet"
        return
    last_at = window.packets[0].sent_at
    for run in in_runs(window.packets):
        shortened = not whole and len(run) > 2 * _ENDS + 1
        for packet in (*run[:_ENDS], *run[-_ENDS:]) if shortened else run:
            yield from _between(happenings, last_at, packet.sent_at)
            last_at = packet.sent_at
            if shortened and packet is run[-_ENDS]:
                yield f"    …  {len(run) - 2 * _ENDS} more alike"
            yield f"    {_packet(packet)}"


def _between(happenings: list[Happening], after: float, until: float) -> Iterator[str]:
    for each in happenings:
        if after < each.at <= until:
            yield f"    {each.at:9.4f}  ── {each.what}"


def _packet(packet: PacketLife) -> str:
    took = f"{packet.one_way_ms:.2f} ms" if packet.one_way_ms is not None else packet.fate
    steps = " · ".join(_step(step) for step in packet.steps[1:])
    return f"{packet.sent_at:9.4f}  {packet.seq:>6}  {took:>10}  {steps}"


def _step(step: Step) -> str:
    at = "" if step.at is None else f" at {step.at:.4f}"
    return step.where if step.what == "passed" else f"{step.where} {step.what}{at}"
