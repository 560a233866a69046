"""Port-down and port-up of WAN links, for both link back ends."""

from __future__ import annotations

from collections.abc import Mapping

from hostio.network import is_up, set_interface
from topologies.link_backend import LinkError
from topologies.link_state import LinkState
from topologies.model import Direction


def ports_up(states: Mapping[Direction, LinkState], ends: Mapping[Direction, tuple[str, ...]]) -> dict[str, bool]:
    """Which interfaces are to be up: `ends` of a direction go down with it."""
    return {port: state.up for direction, state in states.items() for port in ends[direction]}


def set_ports(before: Mapping[str, bool], after: Mapping[str, bool], *, up: bool) -> bool:
    """Raise (or lower) the ports that are to be so now and were not before; whether there were any.

    LinkError if one cannot be set or does not read back.
    """
    changed = [port for port in after if after[port] is up and before[port] is not up]
    for port in changed:
        _set_port(port, up=up)
    return bool(changed)


def _set_port(port: str, *, up: bool) -> None:
    wanted = "up" if up else "down"
    try:
        set_interface(port, up=up)
        done = is_up(port) is up
    except OSError as error:
        raise LinkError(f"port {port} could not be set {wanted}: {error.strerror}") from error
    if not done:
        raise LinkError(f"port {port} was set {wanted} and is not")
