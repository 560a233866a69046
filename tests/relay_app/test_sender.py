"""The sender's packets ahead of time, against the schedule, with the thread that computes more of them kept away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from time import monotonic_ns

import pytest
from redis_lab import loopback

from hostio.control import Workers
from hostio.mmsg import socket_address
from hostio.timing import MS, S, wait_until
from relay_app.calls import FOREVER, Span
from relay_app.clients.client import compile_loops
from relay_app.clients.media_schedule import Schedule
from relay_app.clients.sender import CHUNK_NS as USUAL_CHUNK_NS
from relay_app.clients.sender import SLOTS, Sender, sender_memory
from relay_app.messages import MediaWindow
from relay_app.ports import LANE_PORT
from relay_app.streams import Stream, lane_of

pytestmark = pytest.mark.waits

STREAMS = (Stream(0xAB, "s-0000", "s", "a", "b", "voice"), Stream(0xAC, "s-0001", "s", "a", "b", "probe-1khz"))
SEED = 5
CHUNK_NS = 100 * MS
CHUNKS = 5


class WithoutPrepare(Workers):
    """Starts no thread that computes chunks, as if it never got a core."""

    def start(self, name: str, target: Callable[[], object]) -> None:
        if name != "prepare":
            super().start(name, target)


@contextmanager
def opened(spans: Mapping[int, tuple[Span, ...]], chunk_ns: int = CHUNK_NS, slots: int = SLOTS) -> Iterator[Sender]:
    compile_loops()
    host = loopback(1)
    made = Sender(STREAMS, host, host, {}, spans, ntp_offset_ns=0, tick_ns=MS, chunk_ns=chunk_ns, slots=slots)
    with closing(made):
        yield made


@pytest.fixture
def sender() -> Iterator[Sender]:
    with opened({}) as sender:
        yield sender


def test_what_was_computed_ahead_needs_no_python_and_is_the_schedule(sender: Sender) -> None:
    workers = WithoutPrepare()
    sender.prepare(CHUNKS * CHUNK_NS, SEED, workers)
    start_ns = monotonic_ns() + 20 * MS
    sender.begin(MediaWindow(start_ns, start_ns + CHUNKS * CHUNK_NS))
    planned = Schedule(STREAMS, SEED, start_ns).window(start_ns, start_ns + CHUNKS * CHUNK_NS)
    workers.join(30)
    sent = sender.rows()
    assert sent["due_ns"].tolist() == planned["due_ns"].tolist()
    assert sent["seq"].tolist() == planned["seq"].tolist()
    assert sender.counters()["starved"] == 0


def test_a_stream_under_the_ssrc_of_another_is_sent_with_that_to_its_lane() -> None:
    """The record of what was sent keeps the stream's own."""
    taken = 0xFEDC0BA9
    memory = sender_memory((STREAMS[0], replace(STREAMS[1], taken=taken)), loopback(1), {}, 1)
    ssrcs = [int.from_bytes(bytes(each[8:12]), "big") for each in memory.templates]
    assert (ssrcs, memory.ssrcs.tolist()) == ([0xAB, taken], [0xAB, 0xAC])
    lanes = [LANE_PORT + lane_of(ssrc) for ssrc in (0xAB, taken)]
    expected = [socket_address(loopback(1), lane).tolist() for lane in lanes]
    assert memory.destinations.tolist() == expected


def test_eight_seconds_are_ready_before_the_start() -> None:
    with opened({}, USUAL_CHUNK_NS) as sender:
        sender.prepare(60 * S, SEED, WithoutPrepare())
        start_ns = monotonic_ns() + 3_600 * S
        sender.begin(MediaWindow(start_ns, start_ns + 60 * S))
        assert sender._memory is not None
        ready = sender._memory
        assert ready.state["prepared"][0] * USUAL_CHUNK_NS >= 8 * S
        assert ready.prepared_count.min() > 0
        sender.halt()


def test_beyond_the_first_chunks_the_packets_are_still_the_schedules() -> None:
    workers = Workers()
    with opened({}, slots=2) as sender:
        sender.prepare(CHUNKS * CHUNK_NS, SEED, workers)
        start_ns = monotonic_ns() + 20 * MS
        sender.begin(MediaWindow(start_ns, start_ns + CHUNKS * CHUNK_NS))
        workers.join(30)
        planned = Schedule(STREAMS, SEED, start_ns).window(start_ns, start_ns + CHUNKS * CHUNK_NS)
        assert sender.rows()["due_ns"].tolist() == planned["due_ns"].tolist()


@pytest.mark.long
def test_chunks_without_packets_leave_nothing_to_want() -> None:
    """Nine of them, ahead of the first packet, of which eight are ready from the start: the ninth is in good time."""
    spans = {stream.ssrc: (Span(9 * CHUNK_NS + 20 * MS, FOREVER),) for stream in STREAMS}
    workers = Workers()
    with opened(spans, slots=8) as sender:
        sender.prepare(10 * CHUNK_NS, SEED, workers)
        start_ns = monotonic_ns() + 20 * MS
        sender.begin(MediaWindow(start_ns, start_ns + 10 * CHUNK_NS))
        workers.join(30)
        sent, counters = sender.rows(), sender.counters()
    assert len(sent) == 80 + 80 // 20
    assert sent["due_ns"].min() >= start_ns + 9 * CHUNK_NS + 20 * MS
    assert counters["starved"] == 0


def test_a_sender_that_never_begins_can_be_stopped(sender: Sender) -> None:
    workers = Workers()
    sender.prepare(60 * S, SEED, workers)
    sender.halt()
    assert workers.join(10) == 0
    assert len(sender.rows()) == 0


def test_what_is_withheld_is_counted_and_not_sent_and_the_other_streams_go_on(sender: Sender) -> None:
    """The first stream from the beginning on: the numbers of the other are whole, and each packet has its own."""
    workers = WithoutPrepare()
    sender.prepare(CHUNKS * CHUNK_NS, SEED, workers)
    sender.withhold(STREAMS[0].ssrc, True)
    start_ns = monotonic_ns() + 20 * MS
    sender.begin(MediaWindow(start_ns, start_ns + CHUNKS * CHUNK_NS))
    planned = Schedule(STREAMS, SEED, start_ns).window(start_ns, start_ns + CHUNKS * CHUNK_NS)
    workers.join(30)
    sent, other = sender.rows(), planned[planned["stream"] == 1]
    assert set(sent["ssrc"].tolist()) == {STREAMS[1].ssrc}
    assert sent["seq"].tolist() == other["seq"].tolist()
    assert sent["due_ns"].tolist() == other["due_ns"].tolist()
    assert sender.counters()["withheld"] == len(planned) - len(other) > 0


def test_a_stream_that_is_sent_again_goes_on_with_the_numbers_it_would_have_had(sender: Sender) -> None:
    """Withheld until the sender has counted a packet of it: what is sent afterwards is the end of the schedule."""
    workers = WithoutPrepare()
    sender.prepare(CHUNKS * CHUNK_NS, SEED, workers)
    sender.withhold(STREAMS[1].ssrc, True)
    start_ns = monotonic_ns() + 20 * MS
    sender.begin(MediaWindow(start_ns, start_ns + CHUNKS * CHUNK_NS))
    assert wait_until(lambda: sender.counters()["withheld"] > 0, 30)
    sender.withhold(STREAMS[1].ssrc, False)
    planned = Schedule(STREAMS, SEED, start_ns).window(start_ns, start_ns + CHUNKS * CHUNK_NS)
    workers.join(30)
    seqs, other = sender.rows(), planned[planned["stream"] == 1]["seq"].tolist()
    mine = seqs[seqs["ssrc"] == STREAMS[1].ssrc]["seq"].tolist()
    withheld = sender.counters()["withheld"]
    assert 0 < withheld == len(other) - len(mine)
    assert mine == other[withheld:]
