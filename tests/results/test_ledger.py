"""The ledger against a small world in which every packet is walked from station to station, and counted on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from every import every
from packet_world import DIRECTIONS, LINK_CAUSES, NAMES, PLAN, STREAMS, World, calm, eventful

from hostio.timing import S
from relay_app.drop_reasons import DropReason
from relay_app.records import UNREAD
from results.ledger.reconcile import Ledger, reconcile
from results.metrics.analysis import Evidence, analyse
from results.run_files.faults import LinkFault
from topologies.link_backend import FATES
from topologies.link_state import LinkChange
from topologies.model import Direction


def ledger(evidence: Evidence) -> Ledger:
    return reconcile(evidence, analyse(evidence))


@pytest.mark.parametrize("seed", range(5))
def test_whatever_becomes_of_packets_is_explained(seed: int) -> None:
    world = eventful(seed)
    found = ledger(world.evidence())
    assert (found.unexplained, found.surplus) == (0, 0)
    assert found.untold_by_routes == found.untold_by_stations == sum(world.count["buffer", name] for name in NAMES) > 0
    assert every(station.unexplained == 0 for station in found.stations)
    assert len(found.routes) >= 2
    for route in found.routes:
        known = route.delivered + sum(route.lost.values()) + sum(route.under_way.values())
        assert route.sent + route.duplicated == known + route.untold


Spoil = Callable[[World], None]


def _forget_an_arrival(world: World) -> None:
    world.received.pop()


def _forget_a_relays_drop(world: World) -> None:
    world.relay_fates.pop()


def _forget_an_overflow(world: World) -> None:
    name = next(name for name in NAMES if world.count["buffer", name])
    world.count["buffer", name] -= 1


def _lose_between_interfaces(world: World) -> None:
    world.count["off", DIRECTIONS[0]] -= 1


def _deliver_twice(world: World) -> None:
    world.received.append(world.received[-1])


@pytest.mark.parametrize(
    "spoil",
    [_forget_an_arrival, _forget_a_relays_drop, _forget_an_overflow, _lose_between_interfaces, _deliver_twice],
)
def test_one_packet_that_nobody_knows_of_is_found(spoil: Spoil) -> None:
    world = eventful(1)
    spoil(world)
    unexplained = ledger(world.evidence()).unexplained
    assert unexplained is not None
    assert unexplained > 0


def test_a_route_says_where_and_why() -> None:
    world, stream = calm(), STREAMS[0]
    east_west = Direction("us-east", "us-west")
    world.send(stream, 20, (), (f"link {east_west}", "lost_blackhole"))
    world.send(stream, 21, (), (f"link {east_west}", "duplicated"))
    world.send(stream, 22, ("us-central",), ("relay us-central", DropReason.COLD))
    world.send(stream, 23, ("us-central",), ("relay us-central", UNREAD))
    route = ledger(world.evidence()).routes[0]
    assert route.name == "us-east→us-west"
    assert route.lost == {"link us-east→us-west: blackhole": 1, "relay us-central: cold": 1}
    assert route.under_way == {"relay us-central: in its receive buffers": 1}
    assert (route.sent, route.duplicated, route.delivered, route.untold) == (64, 1, 62, 0)


def test_netem_knows_how_many_but_not_which() -> None:
    world = calm()
    for number, cause in enumerate(("lost_blackhole", "lost_loss", "lost_loss", "lost_queue"), 20):
        world.send(STREAMS[0], number, (), (f"link {DIRECTIONS[2]}", cause))
    found = ledger(world.evidence(netem=True))
    assert (found.unexplained, found.untold_by_routes) == (0, 4)
    (link,) = (station for station in found.stations if station.name == f"link {DIRECTIONS[2]}")
    assert {entry.cause: entry.packets for entry in link.entries} == {"blackhole": 1, "loss": 2, "queue": 1}


def test_copies_by_netem_are_its_own_where_it_is_to_duplicate() -> None:
    """It does not count them: the second arrival is all there is."""
    world, link = calm(), Direction("us-east", "us-west")
    world.send(STREAMS[0], 20, (), (f"link {link}", "duplicated"))
    assert PLAN.environment is not None
    on_netem = replace(PLAN, environment=replace(PLAN.environment, link_backend="netem"))
    assert ledger(world.evidence(on_netem, netem=True)).surplus == 1
    planned = LinkFault("duplicate", 4 * S, 6 * S, (link,), LinkChange(duplicate=0.1))
    found = ledger(world.evidence(replace(on_netem, faults=(planned,)), netem=True))
    assert (found.unexplained, found.surplus, found.routes[0].duplicated) == (0, 0, 1)


def test_more_than_the_link_room_for_notes_is_counted_all_the_same() -> None:
    world = eventful(2)
    lost = [row for row in world.link_fates if FATES[row[3] % len(FATES)] in LINK_CAUSES]
    world.link_fates.remove(lost[-1])
    found = ledger(world.evidence())
    assert found.unexplained == 0
    assert found.untold_by_routes == 1 + sum(world.count["buffer", name] for name in NAMES)


def test_what_a_corrupted_frame_misses_is_put_down_to_it() -> None:
    """It left the link, but no interface knew it for media, and no socket got it."""
    world, link = calm(), Direction("us-east", "us-west")
    stream = next(stream for stream in STREAMS if stream.source == "us-east")
    world.send(stream, 20, (), (f"link {link}", "corrupted"))
    found = ledger(world.evidence())
    assert found.unexplained == 0
    assert found.routes[0].lost == {"link us-east→us-west: corrupted": 1}


def test_a_packet_whose_ssrc_somebody_changed_on_its_way_is_known_by_number_only() -> None:
    """A relay dropped it, and its record names a stream that there is not."""
    world = calm()
    stream = next(stream for stream in STREAMS if stream.source == "us-east")
    world.send(stream, 20, (), ("relay us-west", DropReason.COLD))
    ((place, (_, seq, reason, at_ns)),) = world.relay_fates
    world.relay_fates = [(place, (0x0BAD5EED, seq, reason, at_ns))]
    found = ledger(world.evidence())
    assert (found.unexplained, found.untold_by_routes) == (0, 1)
    assert [(entry.cause, entry.told) for station in found.stations for entry in station.entries] == [
        ("relay: cold", False)
    ]


def test_what_came_while_a_socket_was_being_closed_is_known_by_the_hosts_udp() -> None:
    """The filter's refusals are errors; those that found the buffer full have a name of their own."""
    world = calm()
    world.received = _without(world.received, "us-west", 2)
    evidence = world.evidence()
    assert evidence.machine is not None
    udp = {"NoPorts": 0, "InErrors": 9, "RcvbufErrors": 7}
    hosts = tuple(replace(row, udp=udp) if row.cluster == "us-west" else row for row in evidence.machine.hosts)
    found = ledger(replace(evidence, machine=replace(evidence.machine, hosts=hosts)))
    assert found.unexplained == 0
    (host,) = (station for station in found.stations if station.name == "host us-west")
    assert [(entry.cause, entry.packets) for entry in host.entries] == [("its socket was closing", 2)]


@pytest.mark.parametrize("netem", [True, False])
def test_what_found_the_kernels_backlog_full_is_lost_between_the_counters_there(netem: bool) -> None:
    world, link = calm(), Direction("us-east", "us-west")
    stream = STREAMS[0]
    east, west = NAMES["us-east"], NAMES["us-west"]
    from_host, onto, off = ("from", "us-east"), ("onto", link), ("off", link)
    world.lose_at(f"s{east}-lan", stream, 20)
    world.lose_at(f"s{west}-w{east}", stream, 21, from_host, onto, ("lost behind", link))
    world.lose_at("us-west", stream, 22, from_host, onto, off, ("to", "us-west"))
    if not netem:
        world.lose_at(f"x{east}-{west}", stream, 23, from_host)
    found = ledger(world.evidence(netem=netem))
    causes = {(station.name, entry.cause) for station in found.stations for entry in station.entries}
    assert found.unexplained == 0
    assert {name for name, cause in causes if cause == "receive backlog full"} == {
        *("host us-east", f"link {link}", "host us-west"),
        *([] if netem else ["switch us-east"]),
    }


def test_a_switch_loses_to_a_port_only_where_one_is_planned_to_go_down() -> None:
    world = calm()
    link = Direction("us-east", "us-west")
    world.count["onto", link] -= 3
    world.count["off", link] -= 3
    world.count["to", "us-west"] -= 3
    world.received = _without(world.received, "us-west", 3)
    assert ledger(world.evidence()).unexplained == 3
    down = LinkFault("port-down", 4 * S, 6 * S, (link, link.reversed()), LinkChange(up=False))
    found = ledger(world.evidence(replace(PLAN, faults=(down,))))
    assert found.unexplained == 0
    (switch,) = (station for station in found.stations if station.name == "switch us-east")
    assert [(entry.cause, entry.packets) for entry in switch.entries] == [("port down", 3)]


def _without(rows: list[tuple[str, Any]], name: str, count: int) -> list[tuple[str, Any]]:
    there = [index for index, (at, _) in enumerate(rows) if at == name][-count:]
    return [row for index, row in enumerate(rows) if index not in there]


def test_uncounted_stations_explain_nothing() -> None:
    evidence = calm().evidence()
    assert evidence.machine is not None
    assert ledger(replace(evidence, machine=replace(evidence.machine, hosts=()))).unexplained is None
