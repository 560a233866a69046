"""What descriptors of a process are, against descriptors of our own."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from hostio.descriptors import described, descriptor_link, parse_peers

ME = str(os.getpid())
NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0200000A:8CA0 0100000A:18EB 01 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 20 4 30 10 -1
   1: 0200000A:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
"""
MAPPED = """\
  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF00000200000A:8CA0 0000000000000000FFFF00000100000A:18EB 01 0:0 00:0 0 0 0 4711 1 0
"""


def of(descriptor: int) -> str:
    return described(ME, descriptor_link(ME, descriptor))


def test_the_peer_is_in_the_kernels_tables() -> None:
    assert parse_peers(NET_TCP) == {4711: "10.0.0.1:6379"}
    assert parse_peers(MAPPED) == {4711: "10.0.0.1:6379"}, "of a socket that speaks IPv6 too"


def test_a_connection_is_its_peer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert of(client.fileno()) == f"127.0.0.1:{server.getsockname()[1]}"
        assert of(server.fileno()) == "a socket"
    with (tmp_path / "file").open("w") as file:
        assert of(file.fileno()) == str(tmp_path / "file")
    assert of(10_000) == ""
