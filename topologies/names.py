"""Names of the interfaces that make a WAN link, from the ordinals of its clusters.

With netem a link is one veth pair, `s{i}-w{j}` ↔ `s{j}-w{i}`; with the userspace wire it is two,
`s{i}-w{j}` ↔ `x{i}-{j}` and `s{j}-w{i}` ↔ `x{j}-{i}`, and the wire carries frames between the x ends.
"""

from __future__ import annotations


def switch_port(i: int, j: int) -> str:
    """The switch's end at cluster i of its link to cluster j."""
    return f"s{i}-w{j}"


def wire_port(i: int, j: int) -> str:
    """The emulator's end at cluster i of the link to cluster j: the veth peer of `switch_port(i, j)`."""
    return f"x{i}-{j}"
