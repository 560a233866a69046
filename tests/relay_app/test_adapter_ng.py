"""The adapter's driver of the ng protocol."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from adapter_lab import HERE, SERVER, WITHIN_S, adapter, as_rtpengine, needs_the_adapter
from fake_servers import (
    Ng,
    bencoded,
    serving,
)

from hostio.timing import wait_until
from relay_app.ports import CLIENT_PORT

pytestmark = [needs_the_adapter, pytest.mark.waits]


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
