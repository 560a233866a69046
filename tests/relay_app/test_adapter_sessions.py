"""What becomes of the sessions that the adapter has open: refreshed, lost, closed."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from adapter_lab import SERVER, WITHIN_S, adapter, needs_the_adapter, once
from fake_servers import (
    ALLOCATE,
    CHANNEL_BIND,
    REFRESH,
    Turn,
    TurnRequest,
    failure,
    serving,
    success,
)

from hostio.timing import wait_until

pytestmark = [needs_the_adapter, pytest.mark.waits]


@pytest.mark.long
def test_lifetimes_are_refreshed_before_they_end(tmp_path: Path) -> None:
    """The server grants 1 s, so that each is due after 500 ms, and again."""
    turn = Turn(lambda request: success(request, 1))
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--check=60000") as ours:
        assert wait_until(lambda: len(turn.of(CHANNEL_BIND)) >= 9, WITHIN_S), "to open, and twice more"
        assert len(turn.of(REFRESH)) >= 6
        assert ours.end()["reopened"] == 0


def test_a_session_that_the_server_lost_is_opened_anew_and_the_others_are_checked(tmp_path: Path) -> None:
    turn = Turn()
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--check=20") as ours:
        turn.answer = once(lambda request: failure(request, 437), REFRESH)
        assert wait_until(lambda: len(turn.of(ALLOCATE)) == 4, WITHIN_S)
        assert wait_until(lambda: len({each.source for each in turn.of(REFRESH)}) == 3, WITHIN_S)
        assert ours.end()["reopened"] == 1


def test_all_sessions_that_the_server_lost_are_found_by_one_and_each_is_opened_anew_once(tmp_path: Path) -> None:
    turn = Turn()
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--check=20", sessions=60) as ours:
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
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--check=20", "--repeat=20") as ours:
        turn.answer = lambda request: None if request.method == REFRESH and request.lifetime_s else success(request)
        anew = "the server is there, and refreshes no session: opening its 3 sessions anew"
        assert wait_until(lambda: ours.said(anew), WITHIN_S)
        assert wait_until(lambda: len(turn.of(ALLOCATE)) >= 6, WITHIN_S)


def test_a_server_that_is_gone_is_awaited_and_all_sessions_are_opened_anew(tmp_path: Path) -> None:
    with ExitStack() as first:
        at = first.enter_context(serving(SERVER, Turn()))
        with adapter(tmp_path, "turn", at, "--check=20") as ours:
            first.close()
            assert wait_until(lambda: ours.said("nobody listens at the server's port"), WITHIN_S)
            turn = Turn()
            with serving(SERVER, turn, int(at.rpartition(":")[2])):
                assert wait_until(lambda: len(turn.of(CHANNEL_BIND)) == 3, WITHIN_S)
                assert wait_until(lambda: ours.said("the server was restarted: opening its 3 sessions anew"), WITHIN_S)
                counters = ours.end()
    assert (counters["opened"], counters["reopened"], counters["closed"]) == (6, 3, 3)


def test_an_idle_session_is_closed_and_opened_again_by_its_next_packet(tmp_path: Path) -> None:
    """A packet that comes before the server's answer, while the session is being closed, opens nothing."""
    turn = Turn()
    with serving(SERVER, turn) as at, adapter(tmp_path, "turn", at, "--idle=1", sessions=1) as ours:
        assert wait_until(lambda: [each.lifetime_s for each in turn.of(REFRESH)][-1:] == [0], WITHIN_S)

        def opened_again() -> bool:
            ours.send(0x1000)
            return len(turn.of(CHANNEL_BIND)) == 2

        assert wait_until(opened_again, WITHIN_S)
