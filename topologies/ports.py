"""Port-down and port-up of WAN links, for both link back ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from topologies.commands import CommandError, ip_link_set, ip_link_show, run, run_batch
from topologies.links import LinkError, LinkState
from topologies.model import Direction


def ports_up(states: Mapping[Direction, LinkState], ends: Mapping[Direction, tuple[str, ...]]) -> dict[str, bool]:
    """Which interfaces are to be up: `ends` of a direction go down with it."""
    return {port: state.up for direction, state in states.items() for port in ends[direction]}


def set_ports(before: Mapping[str, bool], after: Mapping[str, bool], *, up: bool) -> bool:
    """Raise (or lower) the ports that are to be so now and were not before; whether there were any.

    LinkError if one cannot be set or does not read back.
    """
    changed = [port for port in after if after[port] is up and before[port] is not up]
    if not changed:
        return False
    try:
        run_batch([ip_link_set(port, up=up) for port in changed])
        _verify(changed, run(ip_link_show()), up=up)
    except CommandError as error:
        raise LinkError(f"ports {', '.join(changed)} could not be set {'up' if up else 'down'}: {error}") from error
    return True


def _verify(ports: Iterable[str], shown: str, *, up: bool) -> None:
    flags = {row["ifname"]: row["flags"] for row in json.loads(shown)}
    for port in ports:
        if ("UP" in flags.get(port, ())) is not up:
            raise LinkError(f"port {port} was set {'up' if up else 'down'} and is not")
