"""What a descriptor of another process is: the peer of a connection, a file, a pipe."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from hostio.process_use import read_proc

_SOCKET = re.compile(r"socket:\[(\d+)\]")
_REMOTE, _INODE = 2, 9
"""Columns of /proc/net/tcp and its like (proc_net(5))."""


def parse_peers(table: str) -> dict[int, str]:
    """The peer, as address:port, of each connected socket by its inode, from /proc/net/tcp, tcp6, udp or udp6."""
    rows = (line.split() for line in table.splitlines()[1:])
    peers = {int(row[_INODE]): row[_REMOTE] for row in rows if len(row) > _INODE}
    return {inode: _endpoint(remote) for inode, remote in peers.items() if not remote.endswith(":0000")}


def _endpoint(text: str) -> str:
    """An address and port as the kernel prints them: words of 32 bits in the order of this machine."""
    words, _, port = text.partition(":")
    packed = b"".join(int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8))
    if len(packed) == 4:
        return f"{IPv4Address(packed)}:{int(port, 16)}"
    address = IPv6Address(packed)
    return f"{address.ipv4_mapped or f'[{address}]'}:{int(port, 16)}"


def descriptor_link(pid: str, descriptor: int) -> str:
    """What a descriptor of a process is, as the kernel names it: a path, or `socket:[INODE]`; empty if it has been
    closed, or this is refused."""
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/fd/{descriptor}")  # noqa: PTH115 - a text, no path
    return ""


def described(pid: str, link: str) -> str:
    """A descriptor for readers: of a connection its peer, `10.0.0.1:6379`, else as the kernel names it. Slow: of a
    socket, whole tables are read."""
    socket = _SOCKET.fullmatch(link)
    if not socket:
        return link
    tables = (read_proc(f"/proc/{pid}/net/{name}") for name in ("tcp", "tcp6", "udp", "udp6"))
    found = (parse_peers(table).get(int(socket[1])) for table in tables)
    return next(filter(None, found), "a socket")
