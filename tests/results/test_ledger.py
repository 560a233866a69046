"""The ledger against a small world in which every packet is walked from station to station, and counted on its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from every import every
from synthetic import START, TRIANGLE, machine, plan, received, sent

from hostio.timing import MS, S
from relay_app.records import HELD, RECEIVED, RELAY_FATE, RELAY_SAMPLE, SENT, UNREAD, DropReason
from relay_app.streams import Stream, streams_of
from results.ledger.reconcile import Ledger, reconcile
from results.metrics.analysis import Evidence, analyse
from results.run_files.events import End, MediaStart
from results.run_files.faults import LinkFault
from results.run_files.machine import HostRow, LinkRow, MachineReport, ProcessId, SocketRow
from results.run_files.plan import Plan
from results.run_files.records import Recording, Rows
from topologies import link_backend as frame_fates
from topologies.link_backend import FATES, FRAME_FATE, LinkCounters
from topologies.link_state import LinkChange
from topologies.model import Direction

PLAN = plan(sessions=3)
STREAMS = streams_of(PLAN.sessions, PLAN.seed)
LINK_CAUSES = ("lost_blackhole", "lost_flow", "lost_loss", "lost_queue", "lost_port_down")
RELAY_CAUSES = (DropReason.COLD, DropReason.UNKNOWN, DropReason.STALE, HELD, UNREAD)
DIRECTIONS = TRIANGLE.directions
NAMES = {cluster.name: cluster.ordinal for cluster in TRIANGLE.clusters}


class World:
    """Packets go over the relays at both ends, and over a third where they are told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.received: list[tuple[str, Any]] = []
        self.relay_fates: list[tuple[str, tuple[int, int, int, int]]] = []
        self.link_fates: list[tuple[int, int, int, int, int]] = []
        self.count: Counter[Any] = Counter()
        """By (counter, place) or (fate, direction)."""

    def send(self, stream: Stream, number: int, via: tuple[str, ...] = (), fate: tuple[str, Any] = ("", None)) -> None:
        """Walk a packet as far as its fate lets it."""
        row = sent(stream.ssrc, 1, first_seq=number, start_ns=START + number * 20 * MS)
        self.sent.append((stream.source, row))
        stops = (stream.source, *via, stream.destination)
        copies = 1
        for place, stop in enumerate(stops):
            if place:
                copies = self._cross(stream, number, Direction(stops[place - 1], stop), fate, copies)
            if fate[0] == f"relay {stop}":
                self.relay_fates.append((stop, (stream.ssrc, number % 65536, int(fate[1]), START + number * 20 * MS)))
                return
            if not copies or fate[0] == f"buffer {stop}":
                self.count["buffer", stop] += copies
                return
        path = sum(NAMES[stop] << (8 * place) for place, stop in enumerate(stops))
        self.received += [(stream.destination, received(row, 40 * MS, path))] * copies

    def _cross(self, stream: Stream, number: int, link: Direction, fate: tuple[str, Any], copies: int) -> int:
        self.count["from", link.source] += copies
        self.count["onto", link] += copies
        if fate[0] == f"link {link}":
            at_ns = START + number * 20 * MS + 1
            what = FATES.index(fate[1]) if fate[1] in FATES else frame_fates.HELD
            self.link_fates.append((stream.ssrc, number % 65536, DIRECTIONS.index(link), what, at_ns))
            self.count[fate[1], link] += 1
            copies += 1 if fate[1] == "duplicated" else -1
        self.count["off", link] += copies
        self.count["to", link.destination] += copies
        return copies

    def evidence(self, the_plan: Plan = PLAN, *, netem: bool = False) -> Evidence:
        recording = Recording(
            STREAMS,
            {name: _joined(self.sent, name, SENT) for name in NAMES},
            {name: _joined(self.received, name, RECEIVED) for name in NAMES},
            {name: np.zeros(1, RELAY_SAMPLE) for name in NAMES},
            {},
            {},
            {name: np.array([row for at, row in self.relay_fates if at == name], RELAY_FATE) for name in NAMES},
            {},
            np.array([] if netem else self.link_fates, FRAME_FATE),
            (),
        )
        events = (MediaStart(START), End(START + 13 * S, START + 12 * S, interrupted=False))
        return Evidence(the_plan, events, (), self.machine(netem=netem), None, recording, {}, ())

    def lose_at(self, interface: str, stream: Stream, number: int, *passed: tuple[str, object]) -> None:
        """A packet over these counters, which the kernel drops on its way to an interface."""
        self.sent.append((stream.source, sent(stream.ssrc, 1, first_seq=number, start_ns=START + number * 20 * MS)))
        self.count.update(passed)
        self.count["backlog", interface] += 1

    def machine(self, *, netem: bool) -> MachineReport:
        links = tuple(
            LinkRow(*link, self._counters(link, netem=netem), self.count["onto", link], self.count["off", link])
            for link in DIRECTIONS
        )
        hosts = tuple(HostRow(name, self.count["from", name], self.count["to", name], {"NoPorts": 0}) for name in NAMES)
        drops = tuple(SocketRow(ProcessId("relay", name), "lane 3", self.count["buffer", name]) for name in NAMES)
        backlog = {interface: frames for (kind, interface), frames in self.count.items() if kind == "backlog"}
        return replace(machine(), links=links, hosts=hosts, socket_drops=drops, backlog_drops=backlog)

    def _counters(self, link: Direction, *, netem: bool) -> LinkCounters:
        causes: dict[str, Any] = {cause: self.count[cause, link] for cause in (*LINK_CAUSES, "duplicated", "corrupted")}
        causes["received"] = self.count["onto", link]
        causes["released"] = self.count["off", link] + self.count["lost behind", link] + causes["corrupted"]
        counters = replace(LinkCounters(), **causes)
        return counters if netem else replace(counters, media=counters)


def _joined(rows: list[tuple[str, Any]], name: str, dtype: np.dtype[np.void]) -> Rows:
    return np.concatenate([np.empty(0, dtype), *(row for at, row in rows if at == name)])


def ledger(evidence: Evidence) -> Ledger:
    return reconcile(evidence, analyse(evidence))


def calm(count: int = 20) -> World:
    world = World()
    for number in range(count):
        for stream in STREAMS:
            world.send(stream, number)
    return world


def eventful(seed: int) -> World:
    """Every kind of fate, at random, on routes of two and of three relays."""
    world, random = World(), Random(seed)
    for number in range(60):
        for stream in STREAMS:
            via = random.choice([(), ("us-central",)])
            stops = (stream.source, *via, stream.destination)
            links = [Direction(*stops[at : at + 2]) for at in range(len(stops) - 1)]
            kind = random.choice(["", "", "link", "relay", "buffer"])
            what = random.choice((*LINK_CAUSES, "duplicated", "under way") if kind == "link" else RELAY_CAUSES)
            place = random.choice(links) if kind == "link" else random.choice(stops)
            world.send(stream, number, via, (f"{kind} {place}", what))
    return world


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
