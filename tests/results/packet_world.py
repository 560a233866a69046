"""A small world in which every packet is walked from station to station, and counted on its way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from synthetic_machine import machine
from synthetic_media import START, TRIANGLE, plan, received, sent

from hostio.timing import MS, S
from relay_app.drop_reasons import DropReason
from relay_app.records import HELD, RECEIVED, RELAY_FATE, RELAY_SAMPLE, SENT, UNREAD
from relay_app.streams import Stream, streams_of
from results.metrics.analysis import Evidence
from results.run_files.events import End, MediaStart
from results.run_files.machine import HostRow, LinkRow, MachineReport, ProcessId, SocketRow
from results.run_files.plan import Plan
from results.run_files.records import Recording, Rows
from topologies import link_backend as frame_fates
from topologies.link_backend import FATES, FRAME_FATE, LinkCounters
from topologies.model import Direction

PLAN = plan(sessions=3)
STREAMS = streams_of(PLAN.sessions, PLAN.seed)
LINK_CAUSES = ("lost_blackhole", "lost_flow", "lost_loss", "lost_queue", "lost_port_down")
RELAY_CAUSES = (DropReason.COLD, DropReason.UNKNOWN, DropReason.STALE, HELD, UNREAD)
DIRECTIONS = TRIANGLE.directions
NAMES = {cluster.name: cluster.ordinal for cluster in TRIANGLE.clusters}


class World:
    """Packets go over the relays at both ends, and over a third where they are told to."""

    def __init__(self, streams: tuple[Stream, ...] = STREAMS) -> None:
        self.streams = streams
        self.listeners = {each.ssrc: each.destination for each in streams}
        self.sent: list[tuple[str, Any]] = []
        self.received: list[tuple[str, Any]] = []
        self.relay_fates: list[tuple[str, tuple[int, int, int, int]]] = []
        self.link_fates: list[tuple[int, int, int, int, int]] = []
        self.count: Counter[Any] = Counter()
        """By (counter, place) or (fate, direction)."""

    def send(
        self,
        stream: Stream,
        number: int,
        via: tuple[str, ...] = (),
        fate: tuple[str, Any] = ("", None),
        *,
        ahead: int = 0,
    ) -> None:
        """Walk a packet to the listener of its SSRC, as far as its fate lets it. `ahead`: by how much its number is
        larger than its place in time."""
        row = sent(stream.ssrc, 1, first_seq=number + ahead, start_ns=START + number * 20 * MS)
        self.sent.append((stream.source, row))
        stops = (stream.source, *via, self.listeners[stream.carried_ssrc])
        seq, copies = (number + ahead) % 65536, 1
        for place, stop in enumerate(stops):
            if place:
                copies = self._cross(
                    (stream.carried_ssrc, seq), number, Direction(stops[place - 1], stop), fate, copies
                )
            if fate[0] == f"relay {stop}":
                self.relay_fates.append((stop, (stream.carried_ssrc, seq, int(fate[1]), START + number * 20 * MS)))
                return
            if not copies or fate[0] == f"buffer {stop}":
                self.count["buffer", stop] += copies
                return
        path = sum(NAMES[stop] << (8 * place) for place, stop in enumerate(stops))
        arrived = received(row, 40 * MS, path)
        arrived["ssrc"] = stream.carried_ssrc
        self.received += [(stops[-1], arrived)] * copies

    def _cross(self, packet: tuple[int, int], number: int, link: Direction, fate: tuple[str, Any], copies: int) -> int:
        self.count["from", link.source] += copies
        self.count["onto", link] += copies
        if fate[0] == f"link {link}":
            at_ns = START + number * 20 * MS + 1
            what = FATES.index(fate[1]) if fate[1] in FATES else frame_fates.HELD
            self.link_fates.append((*packet, DIRECTIONS.index(link), what, at_ns))
            self.count[fate[1], link] += 1
            copies += 1 if fate[1] == "duplicated" else -1
        self.count["off", link] += copies
        self.count["to", link.destination] += copies
        return copies

    def evidence(self, the_plan: Plan = PLAN, *, netem: bool = False) -> Evidence:
        recording = Recording(
            self.streams,
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


def calm(count: int = 20) -> World:
    world = World()
    for number in range(count):
        for stream in STREAMS:
            world.send(stream, number)
    return world


def eventful(seed: int, numbers: range = range(60), streams: tuple[Stream, ...] = STREAMS, ahead: int = 0) -> World:
    """Every kind of fate, at random, on routes of two and of three relays. `ahead`: of the numbers of streams under the
    SSRC of another."""
    world, random = World(streams), Random(seed)
    for number in numbers:
        for stream in streams:
            via = random.choice([(), ("us-central",)])
            stops = (stream.source, *via, world.listeners[stream.carried_ssrc])
            links = [Direction(*stops[at : at + 2]) for at in range(len(stops) - 1)]
            kind = random.choice(["", "", "link", "relay", "buffer"])
            what = random.choice((*LINK_CAUSES, "duplicated", "under way") if kind == "link" else RELAY_CAUSES)
            place = random.choice(links) if kind == "link" else random.choice(stops)
            further = 0 if stream.taken is None else ahead
            world.send(stream, number, via, (f"{kind} {place}", what), ahead=further)
    return world
