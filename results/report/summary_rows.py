"""A summary as rows and sentences for the terminal. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from results.bounds.interval import Interval
from results.metrics.figures import FrameFigures, Media, OrderFigures, PairRow
from results.metrics.network_figures import RerouteRow
from results.metrics.system_figures import LedgerFigures, RouteRow
from results.report.reroute_sentence import reroute_sentence
from results.verdict.summary import Summary
from results.verdict.value_text import interval_text, number_text
from topologies.model import link_name

_EMPTY_REROUTES = 3
"""How many reroutes that moved no session are told one by one."""
PAIR_COLUMNS = ("from → to", "sessions", "interrupted", "longest", "one-way p50", "p99", "lost")


def pair_rows(summary: Summary) -> list[tuple[str, ...]]:
    """One row per pair of clusters, under `PAIR_COLUMNS`."""
    bounds = summary.bounds or {}
    longest = (bounds.get(f"pairs.{number}.interruption_ms.max") for number in range(len(summary.pairs)))
    return [_pair_row(pair, interval) for pair, interval in zip(summary.pairs, longest, strict=True)]


def _pair_row(pair: PairRow, longest: Interval | None) -> tuple[str, ...]:
    still = f" ({pair.still_interrupted} still)" if pair.still_interrupted else ""
    return (
        f"{pair.source} → {pair.destination}",
        str(pair.directions),
        f"{pair.interrupted}{still}",
        _length_text(pair.interruption_ms.max, longest),
        milliseconds(pair.one_way_ms.p50),
        milliseconds(pair.one_way_ms.p99),
        f"{pair.lost} of {pair.sent}",
    )


LEDGER_COLUMNS = ("where packets went", "sent", "copies", "delivered", "lost", "under way")


def ledger_rows(figures: LedgerFigures) -> list[tuple[str, ...]]:
    """One row per route, under `LEDGER_COLUMNS`; none if every packet was delivered, without copies."""
    if figures.delivered == figures.sent and not figures.duplicated:
        return []
    return [_ledger_row(route) for route in figures.routes]


def _ledger_row(route: RouteRow) -> tuple[str, ...]:
    lost, under_way = sum(route.lost.values()) + route.untold, sum(route.under_way.values())
    numbers = (route.sent, route.duplicated, route.delivered, lost, under_way)
    return (route.name.replace("→", " → "), *map(str, numbers))


CAUSE_COLUMNS = ("lost to, or on its way at the end", "packets")
_MOST_CAUSES = 12


def cause_rows(figures: LedgerFigures) -> list[tuple[str, ...]]:
    """Causes of loss, largest number of packets first, under `CAUSE_COLUMNS`; beyond the twelfth as one row."""
    packets = Counter(figures.counted)
    for route in figures.routes:
        packets.update(route.lost)
        packets.update(route.under_way)
    rows = [(cause, str(count)) for cause, count in packets.most_common(_MOST_CAUSES)]
    rest = packets.total() - sum(int(count) for _, count in rows)
    return [*rows, *([("others, see ledger.json", str(rest))] if rest else [])]


def ledger_sentence(figures: LedgerFigures) -> str:
    """The balance of the ledger in one line, with the number of unexplained packets."""
    copies = f" and {figures.duplicated} copies" if figures.duplicated else ""
    parts = f"{figures.delivered} delivered + {figures.lost + figures.untold} lost + {figures.under_way} under way"
    unexplained = "unknown" if figures.unexplained is None else figures.unexplained
    return f"ledger   {figures.sent} packets{copies} = {parts}; unexplained: {unexplained}"


def losses_sentence(summary: Summary) -> str | None:
    """Why the losses of the media and of the ledger are two numbers; None if they are one."""
    why, losses = summary.ledger.not_in_media, summary.ledger.lost + summary.ledger.untold
    if losses == summary.media.lost and not why.sent_late and not why.still_under_way:
        return None
    more = (
        (why.sent_late, "sent too late to be missed (in flight to the media)"),
        (why.canaries, "canaries"),
        (why.refreshes, "refreshes and checks of consent"),
        (why.copies, "copies"),
    )
    parts = [f" - {count} {what}" for count, what in more if count]
    if why.still_under_way:
        parts.append(f" + {why.still_under_way} under way for too long to be of use")
    return f"media    {summary.media.lost} lost = {losses} in the ledger{''.join(parts)}"


GROUP_COLUMNS = ("who", "between", "how many", "hit", "longest")


def group_rows(summary: Summary) -> list[tuple[str, ...]]:
    """One row per group of sessions, TCP connections and WebRTC calls, under `GROUP_COLUMNS`; none if there is only one
    group."""
    sessions: list[tuple[str, ...]] = [
        (
            f"{group.name} ({group.path} calls)",
            link_name(*group.between),
            str(group.sessions),
            str(group.hit),
            milliseconds(group.longest_ms or None),
        )
        for group in summary.groups
    ]
    connections: list[tuple[str, ...]] = [
        (
            f"{name} (TCP)",
            link_name(*each.between),
            str(each.connections),
            f"{each.lost} of {each.requests} requests lost",
            milliseconds(each.longest_wait_ms),
        )
        for name, each in summary.connections.items()
    ]
    calls: list[tuple[str, ...]] = [
        (
            f"{name} (WebRTC)",
            link_name(*each.between),
            str(each.calls),
            f"{each.lost} of {each.sent} packets lost",
            milliseconds(each.longest_interruption_ms),
        )
        for name, each in summary.webrtc.items()
    ]
    rows = [*sessions, *connections, *calls]
    return rows if len(rows) > 1 else []


WITNESS_COLUMNS = ("who decoded", "from → to", "packets' gaps", "decoded gaps", "furthest off")


def witness_rows(summary: Summary) -> list[tuple[str, ...]]:
    """One row per stream of another program, under `WITNESS_COLUMNS`."""
    return [
        (
            f"{each.session} ({each.media})",
            f"{each.source} → {each.destination}",
            _lengths_text(each.gaps_ms),
            "not told" if each.decoded_ms is None else _lengths_text(each.decoded_ms),
            milliseconds(each.furthest_off_ms),
        )
        for each in summary.witnesses
    ]


_MOST_LENGTHS = 4


def _lengths_text(lengths_ms: Sequence[float]) -> str:
    """The longest of some lengths, in their order; a dash if there are none."""
    longest = sorted(lengths_ms)[-_MOST_LENGTHS:]
    more = f" and {len(lengths_ms) - _MOST_LENGTHS} shorter" if len(lengths_ms) > _MOST_LENGTHS else ""
    return ", ".join(milliseconds(each) for each in lengths_ms if each in longest) + more or "–"


def sentences(summary: Summary) -> Iterator[str]:
    """All that there is to say beside the tables, in order."""
    yield from media_sentences(summary)
    yield from reroute_sentences(summary.reroutes)
    yield from relay_sentences(summary)


def media_sentences(summary: Summary) -> Iterator[str]:
    """On what decoders showed, on pauses, on order, on frames and on speakers."""
    for each in summary.witnesses:
        if each.agrees is False:
            yield (
                f"{each.session} {each.source} → {each.destination}: what was decoded does not show the packets' gaps, "
                "by more than 60 ms; the verdict stays with the packets"
            )
    if summary.media.pauses:
        yield _pauses_sentence(summary.media)
    if summary.media.order.reordered:
        yield _order_sentence(summary.media.order)
    if summary.media.frames.sent:
        yield _frames_sentence(summary.media.frames)
    if summary.media.speaker_pauses:
        yield _speakers_sentence(summary.media)


def relay_sentences(summary: Summary) -> Iterator[str]:
    """On capabilities and drops of relays, and the diagnosis."""
    for cluster, program in summary.programs.items():
        if program.capabilities:
            yield f"relay {cluster} ({program.kind}) had the capabilities {', '.join(program.capabilities)}"
    for cluster, relay in summary.relay.items():
        dropped = {reason: count for reason, count in relay.dropped.items() if count}
        if dropped:
            reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in dropped.items())
            yield f"relay {cluster} dropped {reasons} of {relay.received} packets"
    yield from summary.diagnosis


def reroute_sentences(reroutes: Sequence[RerouteRow]) -> Iterator[str]:
    """One for each reroute; those that moved no session are counted if there are many."""
    found = [list(steps) for _, steps in groupby(reroutes, key=lambda row: (row.link, row.relays, row.seen_at))]
    moving = [steps for steps in found if any(row.directions for row in steps)]
    empty = len(found) - len(moving)
    yield from map(reroute_sentence, found if empty <= _EMPTY_REROUTES else moving)
    if empty > _EMPTY_REROUTES:
        yield f"{empty} reroutes more moved no session" if moving else f"{empty} reroutes moved no session"


def _pauses_sentence(media: Media) -> str:
    longest = milliseconds(media.longest_pause_ms)
    pauses = "1 pause" if media.pauses == 1 else f"{media.pauses} pauses"
    return f"{pauses} without loss, no longer than the links' delay variation explains; the longest {longest}"


def _order_sentence(order: OrderFigures) -> str:
    packets = "1 packet" if order.reordered == 1 else f"{order.reordered} packets"
    share = f"{packets} out of order, {number_text(order.reordered_percent or 0.0)} %"
    after = f"; {order.after_gap} late after a gap" if order.after_gap else ""
    return f"{share}; the latest by {milliseconds(order.late_ms.max)}, extent at most {order.extent.max:.0f}{after}"


def _frames_sentence(frames: FrameFigures) -> str:
    whole = f"of {frames.sent} frames of video {frames.whole} arrived whole"
    lost = f", {frames.lost} were lost, {frames.key_lost} of {frames.key_sent} key frames" if frames.lost else ""
    freezes = "1 freeze" if frames.freezes == 1 else f"{frames.freezes} freezes"
    frozen = f"; {freezes}, the longest {milliseconds(frames.freeze_ms.max)}" if frames.freezes else "; no freeze"
    return f"{whole}{lost}{frozen}"


def _speakers_sentence(media: Media) -> str:
    outages = media.outages_in_speaker_pauses
    fell = "an outage fell" if outages == 1 else f"{outages} outages fell"
    heard = f"; {fell} into one, unheard" if outages else ""
    return f"speakers paused {media.speaker_pauses} times, which is no interruption{heard}"


def _length_text(value: float | None, interval: Interval | None) -> str:
    """A length in ms with its bounds; a dash if nothing was interrupted and nothing can have been."""
    if value is None:
        return "–" + interval_text(value, interval, " ms")
    return f"{number_text(value)} ms{interval_text(value, interval)}"


def milliseconds(value: float | None) -> str:
    """A time in ms for a table cell; a dash if None."""
    return "–" if value is None else f"{round(value, 1) + 0.0:.1f} ms"  # + 0.0: no "-0.0"
