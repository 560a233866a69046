"""The sockets of an ended relay: what their buffers lost, what is left in them, and what came too late."""

from __future__ import annotations

import socket

import pytest

from hostio.sockets import attach_filter, udp_drops
from relay_app.ports import LANE_PORT
from scenarios.process_faults import relay
from scenarios.process_faults.relay import drain_lanes
from scenarios.supervision.process_kind import EndedProcessCounters

MEDIA = bytes(200)


def test_what_comes_after_the_filter_counts_neither_as_left_nor_as_lost_to_a_full_buffer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane, sender = _connected()
    late: list[int] = []

    def attach_then_send(endpoint: socket.socket, machine_code: bytes) -> None:
        attach_filter(endpoint, machine_code)
        sender.send(MEDIA)
        late.append(udp_drops(endpoint))

    monkeypatch.setattr(relay, "attach_filter", attach_then_send)
    name = _name(lane)
    sender.send(MEDIA)
    ended = EndedProcessCounters()
    with sender:
        drain_lanes([lane], ended)
    assert late == [1], "the kernel counts what a filter refuses among the drops of its socket"
    assert (ended.socket_drops[name], ended.counters["left_in_buffers"]) == (0, 1)


def test_what_full_buffers_lost_and_what_is_left_in_them_is_all_that_was_sent() -> None:
    lane, sender = _connected()
    lane.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
    name, ended = _name(lane), EndedProcessCounters()
    with sender:
        for _ in range(50):
            sender.send(MEDIA)
        drain_lanes([lane], ended)
    assert ended.counters["left_in_buffers"] > 0
    assert ended.socket_drops[name] == 50 - ended.counters["left_in_buffers"] > 0


def _connected() -> tuple[socket.socket, socket.socket]:
    lane, sender = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    lane.bind(("127.0.0.1", 0))
    sender.connect(lane.getsockname())
    return lane, sender


def _name(lane: socket.socket) -> str:
    return f"lane {lane.getsockname()[1] - LANE_PORT}"
