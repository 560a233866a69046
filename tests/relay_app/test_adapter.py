"""The adapter against servers that answer as no real one does when asked: nonsense, nothing, errors, too late."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from fake_servers import (
    ALLOCATE,
    BINDING,
    CHANNEL,
    CHANNEL_BIND,
    REFRESH,
    Ng,
    Turn,
    TurnRequest,
    bencoded,
    challenge,
    failure,
    serving,
    success,
)
from program_lab import ready_program
from redis_lab import loopback

from hostio.timing import wait_until
from relay_app import programs
from relay_app.sessions.directory import StreamRecord
from relay_app.streams import CLIENT_PORT, LANE_PORT, lane_of

FOLDER = Path(programs.__file__).parent / "adapter"
HERE, SERVER = loopback(31), loopback(32)
WITHIN_S = 20.0

pytestmark = pytest.mark.skipif(
    not (FOLDER / "adapter").exists(), reason="the adapter is not built; scripts/setup --relays builds it"
)


def held(count: int) -> list[StreamRecord]:
    """Streams that end at our cluster."""
    return [StreamRecord(0x1000 + number, 2, 1, f"s-{number}") for number in range(count)]


@dataclass(frozen=True)
class Adapter:
    process: subprocess.Popen[str]
    log: Path

    def said(self, words: str) -> bool:
        return words in self.log.read_text()

    def send(self, ssrc: int) -> None:
        packet = b"\x80\x6f" + bytes(6) + ssrc.to_bytes(4, "big") + b"payload"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(packet, (HERE, LANE_PORT + lane_of(ssrc)))

    def end(self) -> dict[str, int]:
        """End it; the counters that it printed."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(WITHIN_S) == 0
        (line,) = re.findall(r"^adapter: (received .*)$", self.log.read_text(), re.MULTILINE)
        words = line.split()
        return {name: int(number) for name, number in zip(words[::2], words[1::2], strict=True)}


@contextmanager
def adapter(folder: Path, driver: str, server: str, *options: str, sessions: int = 3) -> Iterator[Adapter]:
    lines = "".join(json.dumps(asdict(each)) + "\n" for each in held(sessions))
    (folder / "sessions").write_text(lines)
    told = {
        "BLIPNET_ADDRESS": HERE,
        "BLIPNET_ORDINAL": "1",
        "BLIPNET_LANES": f"{LANE_PORT}-{LANE_PORT + 15}",
        "BLIPNET_CLIENT_PORT": str(CLIENT_PORT),
        "BLIPNET_PEERS": f"1={HERE},2={SERVER}",
        "BLIPNET_DIRECTORY": f"{SERVER}:1",
        "BLIPNET_SESSIONS": str(folder / "sessions"),
    }
    command = ["./adapter", driver, f"--server={server}", *options]
    with (folder / "log").open("w") as log, ready_program(command, FOLDER, told, folder / "n", stderr=log) as process:
        yield Adapter(process, folder / "log")


def once(answer: Callable[[TurnRequest], bytes | None], method: int) -> Callable[[TurnRequest], bytes | None]:
    """Answer the first request of a method so, and all else with success."""
    met: list[bytes] = []

    def answered(request: TurnRequest) -> bytes | None:
        if request.method == method and not met:
            met.append(request.id)
            return answer(request)
        return success(request)

    return answered


def test_a_session_is_an_allocation_and_a_channel_to_the_next_hop_from_a_port_of_its_own(tmp_path: Path) -> None:
    turn = Turn()
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at) as ours:
        assert len({each.source for each in turn.of(ALLOCATE)}) == 3
        assert [each.peer for each in turn.of(CHANNEL_BIND)] == [(HERE, CLIENT_PORT)] * 3
        ours.send(0x1001)
        assert wait_until(lambda: len(turn.media) == 1, WITHIN_S)
        (source, data) = turn.media[0]
        assert source in {each.source for each in turn.of(ALLOCATE)}
        channel = turn.of(CHANNEL_BIND)[0].attributes[CHANNEL][:2]
        assert (data[:2], int.from_bytes(data[2:4], "big"), data[-7:]) == (channel, len(data) - 4, b"payload")
        counters = ours.end()
    assert (counters["received"], counters["forwarded"], counters["opened"], counters["closed"]) == (1, 1, 3, 3)
    assert sorted(each.source for each in turn.of(REFRESH) if each.lifetime_s == 0) == sorted(
        each.source for each in turn.of(ALLOCATE)
    )


def test_sessions_are_opened_side_by_side(tmp_path: Path) -> None:
    """A server that answers nothing before it has all requests: one at a time would wait for ever."""
    waiting: dict[bytes, TurnRequest] = {}
    turn = Turn(lambda _: None)

    def together(request: TurnRequest) -> bytes | None:
        if request.method == ALLOCATE:
            waiting[request.id] = request
            return success(request) if len(waiting) >= 50 else None
        return success(request)

    turn.answer = together
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, sessions=50) as ours:
        assert ours.end()["opened"] == 50


@pytest.mark.parametrize("code", [437, 508, 400])
def test_an_allocation_that_is_refused_is_tried_again(tmp_path: Path, code: int) -> None:
    """437, another allocation from that port: from another port, at once. Others: later, when there are packets."""
    turn = Turn(once(lambda request: failure(request, code), ALLOCATE))
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, sessions=1) as ours:

        def forwarded() -> bool:
            ours.send(0x1000)
            return bool(turn.media)

        assert wait_until(forwarded, WITHIN_S, 0.05)
        first, second = turn.of(ALLOCATE)
        assert (first.source == second.source) == (code != 437)
        assert ours.said(f"{code} words") == (code != 437)
        assert ours.end()["failed"] == (code != 437)


def test_a_channel_that_is_refused_releases_its_allocation(tmp_path: Path) -> None:
    turn = Turn(once(lambda request: failure(request, 400), CHANNEL_BIND))
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, sessions=1) as ours:
        assert wait_until(lambda: [each.lifetime_s for each in turn.of(REFRESH)] == [0], WITHIN_S)
        assert ours.said("the server refuses session 00001000: 400 words")


def test_credentials_are_given_when_they_are_asked_for_and_a_stale_nonce_is_replaced(tmp_path: Path) -> None:
    nonce = b"first"

    def guarded(request: TurnRequest) -> bytes | None:
        if request.method == BINDING:
            return success(request)
        if not request.signed_by("me", "a realm", "secret"):
            return challenge(request, 401, nonce)
        return success(request) if request.attributes[0x0015] == nonce else challenge(request, 438, nonce)

    turn = Turn(guarded)
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--user=me:secret", "--check=50") as ours:
        assert wait_until(lambda: len(turn.of(REFRESH)) > 3, WITHIN_S)
        nonce = b"second"
        asked = len(turn.of(REFRESH))
        assert wait_until(lambda: len(turn.of(REFRESH)) > asked + 6, WITHIN_S)
        counters = ours.end()
    assert (counters["opened"], counters["reopened"], counters["closed"]) == (3, 0, 3)


def test_words_of_the_server_cannot_make_lines_of_their_own(tmp_path: Path) -> None:
    turn = Turn(lambda request: failure(request, 508).replace(b"words", b"a\nb\x1bc"))
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, sessions=1) as ours:
        assert ours.said("the server refuses session 00001000: 508 a?b?c")


def test_wrong_credentials_are_refused_and_not_tried_for_ever(tmp_path: Path) -> None:
    turn = Turn(lambda request: challenge(request, 401, b"nonce"))
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--user=me:wrong", sessions=1) as ours:
        assert ours.said("401 words")
        assert len(turn.of(ALLOCATE)) == 3, "without credentials, with them, and once more"


NONSENSE = (
    lambda _: b"no STUN",
    lambda _: b"\xff" * 40,
    lambda request: success(request)[:-2],
    lambda request: failure(request, 0)[:20].replace(b"\0\x0c", b"\0\0"),
    lambda request: success(TurnRequest(REFRESH, request.id, {}, request.source, b"")),
)


@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_is_said_once_a_second_and_does_no_harm(
    tmp_path: Path, answer: Callable[[TurnRequest], bytes]
) -> None:
    """The request is repeated, and a right answer is taken then."""
    turn = Turn(once(answer, ALLOCATE))
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at) as ours:
        assert ours.said("the server answers nonsense: ")
        counters = ours.end()
    assert (counters["opened"], counters["nonsense"]) == (3, 1)
    assert counters["repeated"] >= 1


def test_complaints_of_one_kind_do_not_flood_the_log(tmp_path: Path) -> None:
    turn = Turn(lambda _: b"no STUN")
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, sessions=40) as ours:
        counters = ours.end()
    assert counters["nonsense"] > 40
    lines = [line for line in ours.log.read_text().splitlines() if "nonsense: " in line]
    assert len(lines) < 10
    assert any(re.search(r"\(and \d+ more like this\)", line) for line in lines)


def test_a_server_that_hangs_is_named_and_served_again_when_it_answers(tmp_path: Path) -> None:
    turn = Turn(lambda _: None)
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at) as ours:
        assert wait_until(lambda: ours.said("the server does not answer"), WITHIN_S)
        turn.answer = success

        def forwarded() -> bool:
            ours.send(0x1002)
            return bool(turn.media)

        assert wait_until(forwarded, WITHIN_S, 0.05)
        assert ours.end()["cold"] > 0, "what came before it was open was dropped, not queued"


def test_lifetimes_are_refreshed_before_they_end(tmp_path: Path) -> None:
    """The server grants 2 s, so that each is due after 1 s, and again."""
    turn = Turn(lambda request: success(request, 2))
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--check=60000") as ours:
        assert wait_until(lambda: len(turn.of(CHANNEL_BIND)) >= 9, WITHIN_S), "to open, and twice more"
        assert len(turn.of(REFRESH)) >= 6
        assert ours.end()["reopened"] == 0


def test_a_session_that_the_server_lost_is_opened_anew_and_the_others_are_checked(tmp_path: Path) -> None:
    turn = Turn()
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--check=100") as ours:
        turn.answer = once(lambda request: failure(request, 437), REFRESH)
        assert wait_until(lambda: len(turn.of(ALLOCATE)) == 4, WITHIN_S)
        assert wait_until(lambda: len({each.source for each in turn.of(REFRESH)}) == 3, WITHIN_S)
        assert ours.end()["reopened"] == 1


def test_all_sessions_that_the_server_lost_are_found_by_one_and_each_is_opened_anew_once(tmp_path: Path) -> None:
    turn = Turn()
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--check=100", sessions=60) as ours:
        known: set[tuple[str, int]] = set()

        def restarted(request: TurnRequest) -> bytes | None:
            if request.method == ALLOCATE:
                known.add(request.source)
            return success(request) if request.source in known else failure(request, 437)

        turn.answer = restarted
        assert wait_until(lambda: len(known) == 60, WITHIN_S)
        assert len(turn.of(REFRESH)) < 60 * 4, "no refresh of all for each that is lost"
        assert ours.end()["reopened"] == 60


def test_a_server_that_was_restarted_between_two_packets_is_noticed(tmp_path: Path) -> None:
    """One that, as pion, answers to a refresh without allocation nothing at all, but is there."""
    turn = Turn()
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--check=100") as ours:
        turn.answer = lambda request: None if request.method == REFRESH and request.lifetime_s else success(request)
        anew = "the server is there, and refreshes no session: opening its 3 sessions anew"
        assert wait_until(lambda: ours.said(anew), WITHIN_S)
        assert wait_until(lambda: len(turn.of(ALLOCATE)) >= 6, WITHIN_S)


def test_a_server_that_is_gone_is_awaited_and_all_sessions_are_opened_anew(tmp_path: Path) -> None:
    with ExitStack() as first:
        at = first.enter_context(serving(SERVER, Turn()))
        with adapter(tmp_path, "turn", at) as ours:
            first.close()
            assert wait_until(lambda: ours.said("nobody listens at the server's port"), WITHIN_S)
            turn = Turn()
            with serving(SERVER, turn, int(at.rpartition(":")[2])):
                assert wait_until(lambda: len(turn.of(CHANNEL_BIND)) == 3, WITHIN_S)
                assert wait_until(lambda: ours.said("the server was restarted: opening its 3 sessions anew"), WITHIN_S)
                counters = ours.end()
    assert (counters["opened"], counters["reopened"], counters["closed"]) == (6, 3, 3)


def test_an_idle_session_is_closed_and_opened_again_by_its_next_packet(tmp_path: Path) -> None:
    turn = Turn()
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--idle=1", sessions=1) as ours:
        assert wait_until(lambda: [each.lifetime_s for each in turn.of(REFRESH)][-1:] == [0], WITHIN_S)
        ours.send(0x1000)
        assert wait_until(lambda: len(turn.of(CHANNEL_BIND)) == 2, WITHIN_S)


def as_rtpengine(request: dict[bytes, bytes]) -> bytes:
    if request[b"command"] == b"ping":
        return bencoded(result="pong")
    if request[b"command"] in (b"offer", b"answer"):
        return bencoded(result="ok", sdp=f"c=IN IP4 {SERVER}\r\nm=audio 30000 RTP/AVP 0\r\n")
    return bencoded(result="ok")


def test_a_call_is_offered_by_us_and_answered_in_the_name_of_the_next_hop(tmp_path: Path) -> None:
    ng = Ng(as_rtpengine)
    with serving(SERVER, ng) as at, adapter(tmp_path, "ng", at) as ours:
        offers, answers = ng.commands(b"offer"), ng.commands(b"answer")
        assert {each[b"call-id"] for each in offers} == {b"00001000", b"00001001", b"00001002"}
        assert all(f"c=IN IP4 {HERE}".encode() in each[b"sdp"] for each in offers)
        assert all(f"m=audio {CLIENT_PORT} ".encode() in each[b"sdp"] for each in answers)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind((SERVER, 30000))
            receiver.settimeout(WITHIN_S)
            ours.send(0x1001)
            assert receiver.recv(2048)[-7:] == b"payload"
        counters = ours.end()
    assert (counters["opened"], counters["closed"], len(ng.commands(b"delete"))) == (3, 3, 3)


@pytest.mark.parametrize(
    "answer", [b"d6:resulte", b"le", b"", bencoded(result="perhaps"), bencoded(result="ok"), b"d" * 500]
)
def test_nonsense_of_the_ng_protocol_does_no_harm(tmp_path: Path, answer: bytes) -> None:
    met: list[bytes] = []

    def first_wrong(request: dict[bytes, bytes]) -> bytes:
        if request[b"command"] == b"answer" and not met:
            met.append(b"")
            return answer
        return as_rtpengine(request)

    with serving(SERVER, Ng(first_wrong)) as at, adapter(tmp_path, "ng", at) as ours:
        assert ours.said("the server answers nonsense: ")
        assert ours.end()["opened"] == 3


def test_a_call_that_the_server_does_not_know_is_opened_anew(tmp_path: Path) -> None:
    ng = Ng(as_rtpengine)
    lost = bencoded(result="error", error_reason="Unknown call-id")
    with serving(SERVER, ng) as at, adapter(tmp_path, "ng", at, "--check=100") as ours:
        known: list[bytes] = []

        def restarted(request: dict[bytes, bytes]) -> bytes:
            if request[b"command"] == b"answer":
                known.append(request[b"call-id"])
            unknown = request[b"command"] == b"query" and request[b"call-id"] not in known
            return lost if unknown else as_rtpengine(request)

        ng.answer = restarted
        assert wait_until(lambda: len(set(known)) == 3, WITHIN_S)
        assert ours.end()["reopened"] == 3


def test_a_call_that_is_refused_is_named_with_the_reason(tmp_path: Path) -> None:
    ng = Ng(lambda _: bencoded(result="error", error_reason="Ran out of ports"))
    with serving(SERVER, ng) as at, adapter(tmp_path, "ng", at, sessions=1) as ours:
        assert ours.said("the server refuses session 00001000: Ran out of ports")
        assert ours.end()["failed"] == 1


def test_a_wrong_command_line_gets_one_line() -> None:
    for words, said in (
        (["sip"], "usage: adapter plain | turn | ng"),
        (["turn"], "turn needs --server=ADDRESS:PORT"),
        (["turn", "--server=here"], "--server is here, which is no address:port"),
        (["turn", "--server=1.2.3.4:5", "--idle=0"], "--idle is 0, which is no number from 1 to 65535"),
        (["turn", "--server=1.2.3.4:5", "--user=me"], "--user is me, which is no name:password"),
        (["plain"], "BLIPNET_ADDRESS is not set"),
    ):
        found = subprocess.run(
            ["./adapter", *words],
            cwd=FOLDER,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (found.returncode, found.stderr.count("\n")) == (2, 1)
        assert said in found.stderr
