"""Batches of datagrams on the loopback network: what the kernel takes, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from hostio.mmsg import MessageBatch, socket_address
from hostio.mmsg_compiled import send_messages
from hostio.sockets import udp_socket

REFUSED = socket_address("127.0.0.1", 0)[0]
"""Port 0: sendmsg(2) fails with EINVAL."""


@pytest.mark.parametrize("refused", [set(), {0}, {2}, {4}, {0, 1, 4}, {0, 1, 2, 3, 4}], ids=str)
def test_what_is_refused_is_left_out_and_the_rest_is_sent(refused: set[int]) -> None:
    batch = MessageBatch.allocate(5, 1, named=True)
    with udp_socket("127.0.0.1", 0) as sender, udp_socket("127.0.0.1", 0) as sink:
        names = batch.names.view(np.uint64).reshape(-1, 2)
        for number in range(5):
            batch.data[number] = number
            names[number] = REFUSED if number in refused else socket_address(*sink.getsockname())[0]
        batch.refused[:] = 1
        assert send_messages(sender.fileno(), batch.messages, 5, batch.refused) == 5 - len(refused)
        assert np.flatnonzero(batch.refused).tolist() == sorted(refused)
        assert [sink.recv(8)[0] for _ in range(5 - len(refused))] == [n for n in range(5) if n not in refused]
        with pytest.raises(BlockingIOError):
            sink.recv(8)
