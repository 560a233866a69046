"""Interface names: every name that reaches the kernel is made here, within its 15 characters.

With netem a link is one veth pair, `s{i}-w{j}` ↔ `s{j}-w{i}`; with the userspace wire it is two,
`s{i}-w{j}` ↔ `x{i}-{j}` and `s{j}-w{i}` ↔ `x{j}-{i}`, and the wire carries frames between the x ends.
"""

from __future__ import annotations

HOST_PORT = "lan"
"""A host's only interface."""


def switch(i: int) -> str:
    """The bridge of a cluster's switch."""
    return f"s{i}"


def switch_lan_port(i: int) -> str:
    """A switch's port towards its own host."""
    return f"s{i}-lan"


def switch_port(i: int, j: int) -> str:
    """The switch's end at cluster i of its link to cluster j."""
    return f"s{i}-w{j}"


def wire_port(i: int, j: int) -> str:
    """The emulator's end at cluster i of the link to cluster j: the veth peer of `switch_port(i, j)`."""
    return f"x{i}-{j}"


def wire_port_behind(port: str) -> str:
    """The emulator's end behind a `switch_port`."""
    i, j = port.removeprefix("s").split("-w")
    return wire_port(int(i), int(j))
