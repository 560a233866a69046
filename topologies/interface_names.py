"""Names of network interfaces; i and j are ordinals of clusters. The kernel's limit is 15 characters (IFNAMSIZ - 1).

With netem a link is one veth pair, `s{i}-w{j}` ↔ `s{j}-w{i}`; with the userspace wire it is two,
`s{i}-w{j}` ↔ `x{i}-{j}` and `s{j}-w{i}` ↔ `x{j}-{i}`, and the wire carries frames between the x ends.
"""

from __future__ import annotations

HOST_PORT = "lan"
"""The only interface of a cluster's host, besides loopback."""


def switch(i: int) -> str:
    """The bridge of a cluster's switch."""
    return f"s{i}"


def switch_lan_port(i: int) -> str:
    """A switch's port to the host of its cluster."""
    return f"s{i}-lan"


def switch_port(i: int, j: int) -> str:
    """The port of cluster i's switch for the link to cluster j."""
    return f"s{i}-w{j}"


def wire_port(i: int, j: int) -> str:
    """The inner end at cluster i of the link to cluster j, the veth peer of `switch_port(i, j)`."""
    return f"x{i}-{j}"


def wire_port_behind(port: str) -> str:
    """The inner end that is the veth peer of a `switch_port`, by the latter's name."""
    i, j = port.removeprefix("s").split("-w")
    return wire_port(int(i), int(j))
