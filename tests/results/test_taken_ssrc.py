"""Streams under the SSRC of another, whose listener gets them: matched, counted and balanced as what they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from every import every
from packet_world import PLAN, STREAMS, World, eventful
from synthetic_media import received, recording, sent, stream

from hostio.timing import MS, S
from relay_app.drop_reasons import DropReason
from relay_app.streams import Stream
from results.ledger.reconcile import ledger_figures, reconcile
from results.metrics.analysis import Analysis, analyse
from results.metrics.matching import UNMATCHED, Matched, match
from results.metrics.media_figures import media_figures
from results.metrics.parts import Parts, Window
from results.run_files.records import Rows

HOLDER = stream(0xABCD0001)
TAKER = replace(stream(0xABCD0002, destination="us-central"), session="t-0000", group="t", taken=HOLDER.ssrc)
LATENCY = 31 * MS
TAKES = replace(STREAMS[0], ssrc=77, session="t-0000", group="t", destination="us-central", taken=STREAMS[0].ssrc)


def carried(rows: Rows) -> Rows:
    """What arrives of a taker's packets: under the holder's SSRC."""
    found = received(rows, LATENCY)
    found["ssrc"] = HOLDER.ssrc
    return found


def matched_of(own: Rows, others: Rows, *, streams: tuple[Stream, ...] = (HOLDER, TAKER)) -> Matched:
    made = recording(streams, [own, others], [received(own, LATENCY), carried(others)])
    return match(replace(made, received={**made.received, "us-central": made.received["us-west"][:0]}))


@pytest.mark.parametrize("first_seq", [0, 7, 65_500, 30_000])
def test_each_packet_is_its_senders_whatever_the_numbers(first_seq: int) -> None:
    """The holder's own numbers are 0 to 99; the taker's packets are sent 10 ms off, with the same ones or others."""
    own = sent(HOLDER.ssrc, 100)
    others = sent(TAKER.ssrc, 60, first_seq=first_seq, start_ns=int(own["sent_ns"][20]) + 10 * MS)
    matched = matched_of(own, others)
    packets, collided = matched.packets, matched.collided
    assert packets.copies.tolist() == [1] * 100 + [0] * 60
    assert every(packets.arrived == (packets.stream == 0))
    assert (set(collided.stream.tolist()), collided.packet.tolist()) == ({0}, list(range(100, 160)))
    assert matched.arrivals.packet.tolist() == list(range(100))
    assert matched.foreign == 0


def test_a_send_time_rounded_in_the_packet_still_tells_them_apart() -> None:
    own = sent(HOLDER.ssrc, 100)
    others = sent(TAKER.ssrc, 100, start_ns=int(own["sent_ns"][0]) + 10 * MS)
    off = own.copy(), others.copy()
    for rows in off:
        rows["sent_ns"] -= 1
    made = recording((HOLDER, TAKER), [own, others], [received(off[0], LATENCY), carried(off[1])])
    found = match(replace(made, received={**made.received, "us-central": made.received["us-west"][:0]}))
    assert (found.packets.copies.sum(), len(found.collided.packet)) == (100, 100)


def test_several_may_take_one() -> None:
    own = sent(HOLDER.ssrc, 50)
    second = replace(TAKER, ssrc=0xABCD0003, session="t-0001")
    first_rows, second_rows = (
        sent(each.ssrc, 50, first_seq=3, start_ns=int(own["sent_ns"][0]) + place * 5 * MS)
        for place, each in enumerate((TAKER, second), 1)
    )
    found = matched_of(own, np.concatenate([first_rows, second_rows]), streams=(HOLDER, TAKER, second))
    assert np.bincount(found.packets.stream[found.collided.packet]).tolist() == [0, 50, 50]
    assert found.packets.copies[:50].tolist() == [1] * 50


def test_what_nobody_sent_stays_unmatched() -> None:
    own, others = sent(HOLDER.ssrc, 10), sent(TAKER.ssrc, 10, first_seq=40_000)
    strange = received(sent(HOLDER.ssrc, 3, first_seq=500), LATENCY)
    made = recording((HOLDER, TAKER), [own, others], [received(own, LATENCY), carried(others), strange])
    found = match(replace(made, received={**made.received, "us-central": made.received["us-west"][:0]}))
    assert np.count_nonzero(found.arrivals.packet == UNMATCHED) == 3
    assert len(found.collided.packet) == 10


def test_without_a_record_of_what_was_sent_nothing_is_matched() -> None:
    others = sent(TAKER.ssrc, 10)
    found = matched_of(sent(HOLDER.ssrc, 0), others[:0])
    assert len(found.collided.packet) == 0
    made = recording((HOLDER, TAKER), [], [carried(others)])
    found = match(replace(made, received={**made.received, "us-central": made.received["us-west"][:0]}))
    assert (found.arrivals.packet.tolist(), len(found.collided.packet)) == ([UNMATCHED] * 10, 0)


def analysed(world: World) -> Analysis:
    return analyse(world.evidence())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ahead", [-7, 7, 5_000])
def test_the_ledger_balances(seed: int, ahead: int) -> None:
    """Numbers of the taker that its holder has used just before, that it will, and others."""
    world = eventful(seed, range(100, 160), (*STREAMS, TAKES), ahead)
    evidence = world.evidence()
    found = reconcile(evidence, analyse(evidence))
    assert (found.unexplained, found.surplus) == (0, 0)
    assert found.untold_by_routes == found.untold_by_stations
    for route in found.routes:
        known = route.delivered + sum(route.lost.values()) + sum(route.under_way.values())
        assert route.sent + route.duplicated == known + route.untold
    (own,) = (route for route in found.routes if route.name == "us-east→us-central")
    assert (own.sent, own.delivered) == (60, 0)
    assert own.lost["client us-west: taken SSRC"] > 0


def taking(count: int = 20) -> World:
    """Packets of the holder, and of the taker with the same numbers 40 ms later; of the latter a relay drops one, and a
    link loses one."""
    world = World((*STREAMS, TAKES))
    for number in range(100, 100 + count):
        world.send(STREAMS[0], number)
        world.send(STREAMS[1], number)
        fate = {105: ("link us-east→us-west", "lost_loss"), 106: ("relay us-west", DropReason.COLD)}
        world.send(TAKES, number, (), fate.get(number, ("", None)), ahead=-2)
    return world


def test_a_route_says_where_the_packets_went() -> None:
    evidence = taking().evidence()
    found = reconcile(evidence, analyse(evidence))
    lost = {route.name: route.lost for route in found.routes}
    assert lost["us-east→us-west"] == {}
    assert lost["us-east→us-central"] == {
        "link us-east→us-west: loss": 1,
        "relay us-west: cold": 1,
        "client us-west: taken SSRC": 18,
    }
    assert (ledger_figures(found).lost, found.unexplained) == (20, 0)


def test_they_are_lost_to_their_listener_and_nothing_to_the_other() -> None:
    analysis = analysed(taking())
    figures = media_figures(taking().evidence(), analysis, sessions=4, directions=7, reroutes=0)
    assert (figures.sent, figures.lost, figures.duplicates, figures.collided) == (60, 20, 0, 18)
    assert figures.order.reordered == 0
    assert np.nanmax(analysis.jitter_ns) == 0


def test_parts_have_those_that_came_to_their_listeners() -> None:
    analysis = analysed(taking())
    parts, streams = Parts(analysis), analysis.matched.streams
    holders = np.array([each.ssrc == STREAMS[0].ssrc for each in streams])
    takers = np.array([each.ssrc == TAKES.ssrc for each in streams])
    own = parts.of(holders).matched.collided
    assert (len(own.packet), set(own.packet.tolist())) == (18, {UNMATCHED})
    assert len(parts.of(takers).matched.collided.packet) == 0
    both = parts.of(holders | takers).matched
    assert set(both.packets.stream[both.collided.packet].tolist()) == {6}
    early = Window(analysis.start_ns + 2 * S, analysis.start_ns + 2_100 * MS)
    assert len(parts.of(holders, early).matched.collided.packet) == 5


def test_a_plan_without_such_restarts_has_nothing_collided() -> None:
    matched = analysed(eventful(1)).matched
    assert len(matched.collided.packet) == 0
    assert {each.taken for each in matched.streams} == {None}
    assert PLAN.sessions[0].calls is None
