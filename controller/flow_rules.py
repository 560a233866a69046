"""What a switch is told, as plain data: flow rules and groups of OpenFlow 1.3. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Fields: TypeAlias = tuple[tuple[str, str], ...]
"""Header fields to set, with their OXM names (OpenFlow 1.3 §7.2.3), in order."""

GroupType: TypeAlias = Literal["all", "select", "indirect", "fast-failover"]


@dataclass(frozen=True, slots=True)
class FlowRule:
    """One flow-mod. Match fields and set-fields carry their OXM names (OpenFlow 1.3 §7.2.3), with prerequisites.

    `add` replaces a rule of the same match and priority; `delete` removes exactly that one; `clear` removes all.
    A packet that matches has its fields set, then goes out at a port, or to a group that must exist already.
    """

    switch: int
    """Ordinal of the switch's cluster, which is its datapath id."""
    command: Literal["add", "delete", "clear"]
    priority: int = 0
    match: tuple[tuple[str, int | str], ...] = ()
    set_fields: Fields = ()
    output: int | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One of a group's ways out: the fields to set in a packet, and the port it leaves at (None: it is dropped).

    The bucket is live while its `watch_port` is, or a bucket of its `watch_group` (OpenFlow 1.3 §5.6.1). `weight`: its
    share of a `select` group's packets, relative to the other buckets'; 0 in groups of other types.
    """

    set_fields: Fields = ()
    output: int | None = None
    watch_port: int | None = None
    watch_group: int | None = None
    weight: int = 0


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One group-mod (OpenFlow 1.3 §6.5). ValueError if no switch could have such a group.

    `add` is refused if the group exists, `modify` if it does not; `delete` and `clear` (all groups) are not refused,
    and remove the flow rules that refer to the group as well.

    A packet takes every bucket of an `all` group, one by weight of a `select` group (one flow always the same), the
    only bucket of an `indirect` group, and the first live bucket of a `fast-failover` group (§5.6.1): the switch
    itself takes the next when a port goes down, without a word from the controller.
    """

    switch: int
    """Ordinal of the switch's cluster, which is its datapath id."""
    command: Literal["add", "modify", "delete", "clear"]
    group_id: int = 0
    type: GroupType = "indirect"
    buckets: tuple[Bucket, ...] = ()

    def __post_init__(self) -> None:
        if self.command in ("delete", "clear"):
            return
        if self.type == "indirect" and len(self.buckets) != 1:
            raise ValueError(f"group {self.group_id}: an indirect group has one bucket, not {len(self.buckets)}")
        unwatched = any(bucket.watch_port is None and bucket.watch_group is None for bucket in self.buckets)
        if self.type == "fast-failover" and unwatched:
            raise ValueError(f"group {self.group_id}: a bucket of a fast-failover group watches no port and no group")


SwitchRule: TypeAlias = FlowRule | GroupRule


def clear_rules(switch: int) -> FlowRule:
    """Remove every flow rule of a switch."""
    return FlowRule(switch, "clear")


def clear_groups(switch: int) -> GroupRule:
    """Remove every group of a switch, and the flow rules that refer to them."""
    return GroupRule(switch, "clear")
