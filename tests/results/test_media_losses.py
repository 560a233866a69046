"""Losses of the media and of the ledger, of packets whose fates are known because they were made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packet_world import PLAN, STREAMS, World, calm, eventful

from hostio.timing import MS, S
from relay_app.drop_reasons import DropReason
from relay_app.records import UNREAD
from relay_app.refreshes import REFRESH_SSRCS, Permission
from relay_app.streams import RESERVED_SSRCS
from results.ledger.reconcile import reconcile
from results.metrics.analysis import Evidence, analyse
from results.metrics.system_figures import LossDifference
from results.report.report import summarise
from results.report.summary_rows import losses_sentence
from results.run_files.machine import CounterRow, ProcessId
from results.verdict.summary import Summary
from topologies.link_backend import FATES
from topologies.model import Direction

EAST_WEST = Direction("us-east", "us-west")
EAST = next(stream for stream in STREAMS if (stream.source, stream.destination) == EAST_WEST)
LAST = 599
"""Number of the last packet: sent 20 ms before the media end, and 40 ms under way."""


def summary_of(evidence: Evidence) -> Summary:
    analysis = analyse(evidence)
    return summarise(evidence, analysis, reconcile(evidence, analysis))


def lose(world: World, *numbers: int) -> World:
    for number in numbers:
        world.send(EAST, number, (), (f"link {EAST_WEST}", "lost_blackhole"))
    return world


def test_where_both_count_the_same_nothing_is_said() -> None:
    summary = summary_of(lose(calm(), 20, 21).evidence())
    assert (summary.media.lost, summary.ledger.lost) == (2, 2)
    assert summary.ledger.not_in_media == LossDifference(0, 0, 0, 0, 0)
    assert losses_sentence(summary) is None


@pytest.mark.parametrize("netem", [False, True])
def test_packets_lost_just_before_the_end_are_in_flight_to_the_media(netem: bool) -> None:
    summary = summary_of(lose(calm(), 300, LAST - 1, LAST).evidence(netem=netem))
    assert (summary.media.lost, summary.media.in_flight) == (1, 2)
    assert summary.ledger.lost + summary.ledger.untold == 3
    assert summary.ledger.not_in_media == LossDifference(0, 0, 0, 2, 0)
    assert losses_sentence(summary) == (
        "media    1 lost = 3 in the ledger - 2 sent too late to be missed (in flight to the media)"
    )


def test_packets_that_a_relay_still_holds_are_lost_to_the_media() -> None:
    world = lose(calm(), 300)
    for number in (301, 302, LAST):
        world.send(EAST, number, (), ("relay us-west", UNREAD))
    summary = summary_of(world.evidence())
    assert (summary.media.lost, summary.media.in_flight) == (3, 1)
    assert (summary.ledger.lost, summary.ledger.under_way) == (1, 3)
    assert summary.ledger.not_in_media == LossDifference(0, 0, 0, 0, 2)
    assert losses_sentence(summary) == "media    3 lost = 1 in the ledger + 2 under way for too long to be of use"


def test_two_differences_that_cancel_are_said_all_the_same() -> None:
    world = lose(calm(), LAST)
    world.send(EAST, 301, (), ("relay us-west", UNREAD))
    summary = summary_of(world.evidence())
    assert summary.media.lost == summary.ledger.lost == 1
    assert summary.ledger.not_in_media == LossDifference(0, 0, 0, 1, 1)
    assert losses_sentence(summary) is not None


def test_a_copy_that_is_lost_is_no_loss_to_the_media() -> None:
    """The link made a copy, and the relay behind it dropped one of the two."""
    world = calm()
    world.send(EAST, 20, (), (f"link {EAST_WEST}", "duplicated"))
    world.received.pop()
    world.relay_fates.append(("us-west", (EAST.ssrc, 20, int(DropReason.STALE), world.link_fates[-1][4])))
    summary = summary_of(world.evidence())
    assert (summary.media.lost, summary.ledger.lost) == (0, 1)
    assert summary.ledger.not_in_media == LossDifference(0, 0, 1, 0, 0)
    assert losses_sentence(summary) == "media    0 lost = 1 in the ledger - 1 copies"


def test_canaries_are_no_media() -> None:
    world = lose(calm(), 20)
    canary = RESERVED_SSRCS.start
    world.link_fates.append((canary, 1, 2, FATES.index("lost_blackhole"), world.link_fates[-1][4]))
    controller = replace(PLAN.controller, detect=("link", "relay-canary"))
    evidence = world.evidence(replace(PLAN, controller=controller))
    assert evidence.machine is not None
    sent = CounterRow(ProcessId("prober", "us-east"), "sent_canaries", 1)
    evidence = replace(evidence, machine=replace(evidence.machine, counters=(sent,)))
    summary = summary_of(evidence)
    assert (summary.media.lost, summary.ledger.lost, summary.ledger.not_in_media.canaries) == (1, 2, 1)
    assert losses_sentence(summary) == "media    1 lost = 2 in the ledger - 1 canaries"


def test_refreshes_of_permissions_are_no_media() -> None:
    world = lose(calm(), 20)
    world.link_fates.append((REFRESH_SSRCS.start + 1, 1, 2, FATES.index("lost_blackhole"), world.link_fates[-1][4]))
    permission = Permission(2 * S, S, 100 * MS)
    evidence = world.evidence(replace(PLAN, sessions=(replace(PLAN.sessions[0], permission=permission),)))
    assert evidence.machine is not None
    sent = CounterRow(ProcessId("client", "us-east"), "sent_refreshes", 1)
    summary = summary_of(replace(evidence, machine=replace(evidence.machine, counters=(sent,))))
    assert (summary.media.lost, summary.ledger.lost, summary.ledger.not_in_media.refreshes) == (1, 2, 1)
    assert losses_sentence(summary) == "media    1 lost = 2 in the ledger - 1 refreshes and checks of consent"
    assert [(route.name, route.sent) for route in summary.ledger.routes][-1] == ("refreshes", 1)


@pytest.mark.parametrize("netem", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_difference_is_explained_to_the_packet(seed: int, netem: bool) -> None:
    summary = summary_of(eventful(seed, range(LAST - 59, LAST + 1)).evidence(netem=netem))
    ledger, why = summary.ledger, summary.ledger.not_in_media
    assert why.sent_late > 0
    assert why.still_under_way > 0
    losses = ledger.lost + ledger.untold - why.canaries - why.refreshes - why.copies - why.sent_late
    assert summary.media.lost == losses + why.still_under_way
