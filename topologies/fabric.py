"""A topology as a Mininet network: per cluster a host and an OpenFlow 1.3 switch, per WAN link a veth pair or two.

The only importer of mininet. There is no tear-down: the kernel removes the network with the sandbox's namespaces.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mininet.link import Link as MininetLink
from mininet.net import Mininet
from mininet.node import Host, OVSSwitch, RemoteController
from mininet.topo import Topo

from hostio.commands import batch_lines, run, run_batch
from topologies import interface_names as names
from topologies.model import LAN_PORT, Cluster, Topology
from topologies.openvswitch import Datapath
from topologies.sandbox import in_network_of

CONTROLLER_LISTENS = "0.0.0.0"  # noqa: S104 - of the sandbox, which has no other interface than its own
CONTROLLER_PORT = 6653
"""OpenFlow's registered port (IANA), on the sandbox's own loopback interface."""

RESERVED_PORTS = "39999-48999"
"""Ports of a host's network that its processes bind by number. The kernel gives none of them to a socket that asks for
any, which would take it from the process that comes later."""

_OFFLOADS_OFF = ("tx", "off", "tso", "off", "gso", "off", "gro", "off")
"""Checksum offload, because over a veth the checksum is then never completed: a back end or datapath that reads frames
in user space would pass them on, and the receiver drop them. Segmentation and receive offload, because loss, rate and
queues are to act on packets as on a wire, and not on aggregates of up to 64 KiB."""


class Fabric:
    """The network of one run; CommandError. `inner_ends`: every WAN link is left open in the middle, for a back end
    that carries frames between its two inner ends. `bfd`: what the switches are told of BFD over every WAN link."""

    def __init__(self, topology: Topology, datapath: Datapath, *, inner_ends: bool, bfd: str = "") -> None:
        Mininet.inited = True  # else it would raise sysctl limits of the whole host
        self._net = Mininet(
            topo=_ClusterTopo(topology=topology, datapath=datapath, inner_ends=inner_ends, bfd=bfd),
            switch=_Switch,
            controller=None,
        )
        for ordinal in (cluster.ordinal for cluster in topology.clusters):
            address = controller_address(ordinal)
            name = _controller_name(names.switch(ordinal))
            self._net.addController(name, controller=_ListeningController, ip=address, port=CONTROLLER_PORT)
        for cluster in topology.clusters:
            _set_up_host_port(self.host_pid(cluster.name))
            _set_neighbours(self.host_pid(cluster.name), [each for each in topology.clusters if each != cluster])

    def start(self) -> None:
        """Start the switches, which connect to the controller; it must be listening."""
        self._net.start()

    def host_pid(self, cluster: str) -> int:
        """A process in the network namespace of the cluster's host; KeyError if there is no such cluster."""
        return int(self._net.get(cluster).pid)


def controller_address(ordinal: int) -> str:
    """The loopback address at which the switch of a cluster reaches the controller: its own, so that its connection can
    be told from those of the others."""
    return f"127.0.1.{ordinal}"


def _controller_name(switch: str) -> str:
    return f"c-{switch}"


class _Switch(OVSSwitch):  # type: ignore[misc] # mininet has no types
    """A switch with one controller: that under the address of its own. `bfd`: keys and values of the column of that
    name of its WAN ports, as ovs-vsctl(8) takes them."""

    def __init__(self, name: str, *, bfd: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._bfd = bfd

    def intfOpts(self, intf: Any) -> str:  # noqa: N802 - mininet's name
        """What ovs-vsctl is told of a port. In one command with the port and the controller: a port that had no session
        when the controller first heard of it would be live."""
        bfd = f" {self._bfd}" if self._bfd and self.ports[intf] != LAN_PORT else ""
        return f"{super().intfOpts(intf)}{bfd}"

    def start(self, controllers: list[Any]) -> None:
        """Start it; `controllers` are those of all switches."""
        super().start([each for each in controllers if each.name == _controller_name(self.name)])


class _ListeningController(RemoteController):  # type: ignore[misc] # mininet has no types
    """A controller that is known to listen; mininet would check it with a telnet client, which may be missing.

    Without the shell that mininet starts for each node: it is an address, and a topology has one for each cluster.
    """

    def startShell(self, mnopts: str | None = None) -> None:  # noqa: N802 - mininet's name
        """Does nothing."""

    def checkListening(self) -> None:  # noqa: N802 - mininet's name
        """Does nothing."""


class _ClusterTopo(Topo):  # type: ignore[misc] # mininet has no types
    def build(self, topology: Topology, datapath: Datapath, inner_ends: bool, bfd: str) -> None:
        for cluster in topology.clusters:
            self._add_cluster(cluster, datapath, bfd)
        for link in topology.links:
            i, j = topology.cluster(link.a).ordinal, topology.cluster(link.b).ordinal
            self.addLink(
                names.switch(i),
                names.switch(j),
                cls=_OpenLink if inner_ends else MininetLink,
                intfName1=names.switch_port(i, j),
                intfName2=names.switch_port(j, i),
                port1=j,
                port2=i,
            )

    def _add_cluster(self, cluster: Cluster, datapath: Datapath, bfd: str) -> None:
        switch = names.switch(cluster.ordinal)
        self.addHost(cluster.name, cls=Host, ip=f"{cluster.address}/24", mac=cluster.mac)
        self.addSwitch(
            switch,
            dpid=f"{cluster.ordinal:016x}",
            datapath=datapath,
            protocols="OpenFlow13",
            failMode="secure",
            bfd=bfd,
        )
        lan_port = names.switch_lan_port(cluster.ordinal)
        self.addLink(cluster.name, switch, intfName1=names.HOST_PORT, intfName2=lan_port, port2=LAN_PORT)


class _OpenLink(MininetLink):  # type: ignore[misc] # mininet has no types
    """Two veth pairs instead of one; the link back end carries frames between their inner ends."""

    @classmethod
    def makeIntfPair(cls, intfname1: str, intfname2: str, *_: Any, **__: Any) -> None:  # noqa: N802 - mininet's name
        """Make the two pairs; mininet calls it where it would make one."""
        pairs = [(outer, names.wire_port_behind(outer)) for outer in (intfname1, intfname2)]
        made = [["ip", "link", "add", "name", outer, "type", "veth", "peer", "name", inner] for outer, inner in pairs]
        run_batch([*made, *(["ip", "link", "set", "dev", inner, "up"] for _, inner in pairs)])


def _set_up_host_port(host_pid: int) -> None:
    """Turn offloads off, and IPv6, whose solicitations would be frames that no scenario asked for; reserve ports."""
    settings = [f"net.ipv4.ip_local_reserved_ports={RESERVED_PORTS}"]
    if Path("/proc/sys/net/ipv6").exists():
        settings.append("net.ipv6.conf.all.disable_ipv6=1")
    run(in_network_of(host_pid, ["ethtool", "-K", names.HOST_PORT, *_OFFLOADS_OFF]))
    run(in_network_of(host_pid, ["sysctl", "-qw", *settings]))


def _set_neighbours(host_pid: int, others: Iterable[Cluster]) -> None:
    """Give a host the link-layer addresses of the others, for good, so that nobody asks for them by ARP.

    In one process: mininet would start one for each two hosts, which takes minutes where there are 64.
    """
    lasting = ("dev", names.HOST_PORT, "nud", "permanent")
    known = [["ip", "neigh", "replace", str(each.address), "lladdr", each.mac, *lasting] for each in others]
    run(in_network_of(host_pid, ["ip", "-batch", "-"]), stdin=batch_lines(known))
