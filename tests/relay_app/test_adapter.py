"""The adapter against TURN servers that answer as no real one does when asked: nonsense, nothing, errors, too late."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from adapter_lab import FOLDER, HERE, SERVER, WITHIN_S, adapter, needs_the_adapter, once
from fake_servers import (
    ALLOCATE,
    BINDING,
    CHANNEL,
    CHANNEL_BIND,
    REFRESH,
    Turn,
    TurnRequest,
    challenge,
    failure,
    serving,
    success,
)

from hostio.timing import wait_until
from relay_app.ports import CLIENT_PORT

pytestmark = [needs_the_adapter, pytest.mark.waits]


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
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--retry=50", sessions=1) as ours:

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
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--user=me:secret", "--check=10") as ours:
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
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--repeat=50") as ours:
        assert ours.said("the server answers nonsense: ")
        counters = ours.end()
    assert (counters["opened"], counters["nonsense"]) == (3, 1)
    assert counters["repeated"] >= 1


@pytest.mark.long
def test_complaints_of_one_kind_do_not_flood_the_log(tmp_path: Path) -> None:
    """Checks of open sessions are answered so without end: until a second line tells how many have none."""
    turn = Turn()
    options = ("--check=10", "--repeat=20")
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, *options, sessions=40) as ours:
        turn.answer = lambda request: b"no STUN" if request.method == REFRESH else success(request)
        assert wait_until(lambda: ours.said(" more like this)"), WITHIN_S, 0.01)
        turn.answer = success
        counters = ours.end()
    lines = [line for line in ours.log.read_text().splitlines() if "nonsense: " in line]
    assert sum(int(left_out) for line in lines for left_out in re.findall(r"\(and (\d+) more like this\)", line)) > 40
    assert counters["nonsense"] > 40
    assert len(lines) < 10


def test_a_server_that_hangs_is_named_and_served_again_when_it_answers(tmp_path: Path) -> None:
    turn = Turn(lambda _: None)
    options = ("--ready-within=100", "--repeat=20", "--retry=50")
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, *options) as ours:
        assert wait_until(lambda: ours.said("the server does not answer"), WITHIN_S)
        turn.answer = success

        def forwarded() -> bool:
            ours.send(0x1002)
            return bool(turn.media)

        assert wait_until(forwarded, WITHIN_S, 0.05)
        assert ours.end()["cold"] > 0, "what came before it was open was dropped, not queued"


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
