"""Interface names: every name that reaches the kernel is made here, within its 15 characters."""

from __future__ import annotations

HOST_PORT = "lan"
"""A host's only interface."""


def switch(ordinal: int) -> str:
    """The bridge of a cluster's switch."""
    return f"s{ordinal}"


def switch_lan_port(ordinal: int) -> str:
    """A switch's port towards its own host."""
    return f"s{ordinal}-lan"


def switch_port(ordinal: int, remote: int) -> str:
    """A switch's port towards a remote cluster."""
    return f"s{ordinal}-w{remote}"


def wire_port(ordinal: int, remote: int) -> str:
    """The userspace wire's interface behind `switch_port(ordinal, remote)`."""
    return f"x{ordinal}-{remote}"


def behind(switch_port_name: str) -> str:
    """The wire's interface behind a switch port, from the port's name."""
    ordinal, remote = switch_port_name.removeprefix("s").split("-w")
    return wire_port(int(ordinal), int(remote))
