from __future__ import annotations

import asyncio
from multiprocessing import Pipe
from threading import Event

import pytest

from hostio.control import Ready, Stop, Stopped, Workers, message_queue, messages, tell


def test_a_failed_thread_ends_the_service_and_is_raised() -> None:
    workers = Workers()
    _ours, theirs = Pipe()

    def fail() -> None:
        raise RuntimeError("broken")

    workers.start("fail", fail)
    assert list(messages(theirs, workers.alarm)) == []
    with pytest.raises(RuntimeError, match="broken"):
        workers.join()


def test_threads_are_waited_for() -> None:
    workers, go_on = Workers(), Event()
    done: list[bool] = []
    workers.start("wait", lambda: done.append(go_on.wait()))
    go_on.set()
    workers.join()
    assert done == [True]


@pytest.mark.parametrize("closing", [False, True], ids=["stop", "end of file"])
def test_messages_arrive_until_the_end(closing: bool) -> None:
    workers = Workers()
    ours, theirs = Pipe()
    tell(ours, "order")
    if closing:
        ours.close()
    else:
        tell(ours, Stop())
    assert list(messages(theirs, workers.alarm)) == ["order"]
    workers.join()


def test_a_runner_that_went_away_needs_no_telling() -> None:
    ours, theirs = Pipe()
    ours.close()
    tell(theirs, Ready())
    tell(theirs, Stopped({}))


@pytest.mark.parametrize("closing", [False, True], ids=["stop", "end of file"])
def test_a_coroutine_gets_messages_up_to_stop(closing: bool) -> None:
    ours, theirs = Pipe()

    async def all_messages() -> list[object]:
        queue = message_queue(theirs)
        tell(ours, "order")
        if closing:
            ours.close()
        else:
            tell(ours, Stop())
        return [await asyncio.wait_for(queue.get(), 30), await asyncio.wait_for(queue.get(), 30)]

    assert asyncio.run(all_messages()) == ["order", Stop()]
