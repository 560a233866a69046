"""What a peer of a WebRTC call is told, and what two of them tell each other."""

from __future__ import annotations

import asyncio

import pytest

from relay_app.webrtc.peer_settings import CHECK_TIMEOUT_S, CHECKS, PEER_MODULE, PeerSettings, check_interval_s
from relay_app.webrtc.signalling import Signal, signals
from relay_app.webrtc_calls import Call, CallGroup, calls_of

SETTINGS = PeerSettings("10.0.0.1", 8700, "10.0.0.2", ("10.0.0.3:3478", "10.0.0.4:3478"), 4.0)


def test_settings_pass_a_command_line() -> None:
    python, option, module, told = SETTINGS.command("/usr/bin/python3")
    assert (python, option, module) == ("/usr/bin/python3", "-m", PEER_MODULE)
    assert PeerSettings.of(told) == SETTINGS


@pytest.mark.parametrize("consent_s", [4.0, 30.0, 60.0])
def test_consent_expires_after_six_checks_that_take_the_time_that_was_set(consent_s: float) -> None:
    assert CHECKS * (check_interval_s(consent_s) + CHECK_TIMEOUT_S) == pytest.approx(consent_s)


def test_a_signal_comes_as_it_was_sent() -> None:
    sent = [Signal("offer", 0, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"), Signal("lost", 1)]

    async def received() -> list[Signal]:
        reader = asyncio.StreamReader()
        reader.feed_data(b"".join(each.encode() for each in sent))
        reader.feed_eof()
        return [each async for each in signals(reader)]

    assert asyncio.run(received()) == sent


@pytest.mark.parametrize("line", [b"offer\n", b"[]\n", b'{"kind": "offer"}\n'])
def test_what_is_no_signal_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Signal.decode(line)


def test_calls_are_numbered_over_all_groups_and_have_ports_of_their_own() -> None:
    one = CallGroup("one", "a", "b", 2, ("c",), 4_000_000_000)
    two = CallGroup("two", "b", "a", 1, ("c", "d"), 4_000_000_000)
    calls = list(calls_of((one, two)))
    assert calls == [Call(0, "one-0000", one), Call(1, "one-0001", one), Call(2, "two-0000", two)]
    assert len({call.port for call in calls}) == 3
    assert len({call.peer_name(end) for call in calls for end in (call.group.a, call.group.b)}) == 6
