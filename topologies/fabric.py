"""A topology as a Mininet network: per cluster a host and an OpenFlow 1.3 switch, per WAN link a veth pair or two.

The only importer of mininet. Nothing is taken down here: the sandbox takes the whole network with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mininet.link import Link as MininetLink
from mininet.net import Mininet
from mininet.node import Host, OVSSwitch, RemoteController
from mininet.topo import Topo
from mininet.util import makeIntfPair

from hostio.commands import run
from topologies import interface_names as names
from topologies.model import LAN_PORT, Cluster, Topology
from topologies.openvswitch import Datapath
from topologies.sandbox import in_network_of

CONTROLLER_ADDRESS = "127.0.0.1"
CONTROLLER_PORT = 6653
"""OpenFlow's registered port; the sandbox has a loopback interface of its own."""

_OFFLOADS_OFF = ("tx", "off", "tso", "off", "gso", "off", "gro", "off")


class Fabric:
    """The network of one run. `inner_ends`: every WAN link is left open in the middle, for a back end that carries
    frames between the two inner ends itself."""

    def __init__(self, topology: Topology, datapath: Datapath, *, inner_ends: bool) -> None:
        Mininet.inited = True  # or it would raise limits of the whole machine, and a run touches nothing of the host
        self._net = Mininet(
            topo=_ClusterTopo(topology=topology, datapath=datapath, inner_ends=inner_ends),
            switch=OVSSwitch,
            controller=None,
            autoStaticArp=True,
        )
        self._net.addController("c0", controller=_ListeningController, ip=CONTROLLER_ADDRESS, port=CONTROLLER_PORT)
        for cluster in topology.clusters:
            _quieten(self.host_pid(cluster.name))

    def start(self) -> None:
        """Start the switches; they connect to the controller, which must be listening."""
        self._net.start()

    def host_pid(self, cluster: str) -> int:
        """A process that lives in the cluster host's network namespace."""
        return int(self._net.get(cluster).pid)


class _ListeningController(RemoteController):  # type: ignore[misc] # mininet has no types
    """A controller that is known to listen: mininet would ask a telnet client."""

    def checkListening(self) -> None:  # noqa: N802 - mininet's name
        """Nothing to find out."""


class _ClusterTopo(Topo):  # type: ignore[misc] # mininet has no types
    def build(self, topology: Topology, datapath: Datapath, inner_ends: bool) -> None:
        for cluster in topology.clusters:
            self._add_cluster(cluster, datapath)
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

    def _add_cluster(self, cluster: Cluster, datapath: Datapath) -> None:
        switch = names.switch(cluster.ordinal)
        self.addHost(cluster.name, cls=Host, ip=f"{cluster.address}/24", mac=cluster.mac)
        self.addSwitch(
            switch,
            dpid=f"{cluster.ordinal:016x}",
            datapath=datapath,
            protocols="OpenFlow13",
            failMode="secure",
        )
        lan_port = names.switch_lan_port(cluster.ordinal)
        self.addLink(cluster.name, switch, intfName1=names.HOST_PORT, intfName2=lan_port, port2=LAN_PORT)


class _OpenLink(MininetLink):  # type: ignore[misc] # mininet has no types
    """Two veth pairs instead of one; the link back end carries frames between their inner ends."""

    @classmethod
    def makeIntfPair(cls, intfname1: str, intfname2: str, *_: Any, **__: Any) -> None:  # noqa: N802 - mininet's name
        """Called by mininet in place of making one pair."""
        for outer in (intfname1, intfname2):
            inner = names.wire_port_behind(outer)
            makeIntfPair(outer, inner)
            run(["ip", "link", "set", "dev", inner, "up"])


def _quieten(host_pid: int) -> None:
    """No checksum offload (the userspace datapath would pass unfinished checksums on), no IPv6 chatter."""
    run(in_network_of(host_pid, ["ethtool", "-K", names.HOST_PORT, *_OFFLOADS_OFF]))
    if Path("/proc/sys/net/ipv6").exists():
        run(in_network_of(host_pid, ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"]))
