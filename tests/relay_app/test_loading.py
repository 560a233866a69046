"""Orders of the controller to load records: the datagram, and what a relay makes of it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from relay_app.load_order import LoadOrder, OrderSender
from relay_app.relay.loading import Loader, Loading
from relay_app.sessions.directory import DirectoryError
from relay_app.streams import lane_of

SSRCS = tuple(range(100, 140))
ORDER = LoadOrder(3, (1, 5), (0, 4, 15))
ORDERED = [ssrc for ssrc in SSRCS if lane_of(ssrc) in ORDER.lanes]


class Relay:
    """What a Loader has to do with, by hand."""

    def __init__(self, *, directory: bool = True) -> None:
        self.directory = directory
        self.asked: list[int] = []
        self.held: set[int] = set()
        self.told = 0
        self.loader = Loader(Path(), Loading(self.streams_between, self.fetch, self.held.__contains__, self.tell))

    def streams_between(self, a: int, b: int) -> tuple[int, ...]:
        if not self.directory:
            raise DirectoryError("gone")
        return SSRCS if (a, b) == (1, 5) else ()

    def fetch(self, ssrcs: Iterable[int]) -> None:
        self.asked += ssrcs

    def tell(self) -> None:
        self.told += 1


@pytest.mark.parametrize("lanes", [(), (0,), (15,), tuple(range(16))])
def test_an_order_is_read_back_from_its_datagram(lanes: tuple[int, ...]) -> None:
    order = LoadOrder(254, (1, 253), lanes)
    assert LoadOrder.decode(order.encode()) == order


@pytest.mark.parametrize("datagram", [b"", b"\1", ORDER.encode() + b"\0"])
def test_what_is_no_order_is_counted_and_changes_nothing(datagram: bytes) -> None:
    with pytest.raises(struct.error):
        LoadOrder.decode(datagram)
    relay = Relay()
    relay.loader.take(datagram)
    assert (relay.loader.refused, relay.asked) == (1, [])


def test_it_tells_once_as_soon_as_all_of_the_lanes_is_there() -> None:
    relay = Relay()
    relay.loader.take(ORDER.encode())
    assert relay.asked == ORDERED
    assert 0 < len(ORDERED) < len(SSRCS)
    relay.held.update(ORDERED[1:])
    relay.loader.look()
    assert relay.told == 0
    relay.held.update(ORDERED)
    relay.loader.look()
    relay.loader.look()
    assert relay.told == 1


def test_an_order_without_a_directory_is_counted() -> None:
    relay = Relay(directory=False)
    relay.loader.take(ORDER.encode())
    relay.loader.look()
    assert (relay.loader.failed, relay.asked, relay.told) == (1, [], 0)


def test_an_order_that_no_relay_hears_is_counted(tmp_path: Path) -> None:
    sender = OrderSender(tmp_path)
    sender.send(ORDER)
    sender.close()
    assert sender.unheard == 1
