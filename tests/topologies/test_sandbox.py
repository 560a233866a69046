"""The sandbox keeps a run's network to itself, and nothing outlives it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from topologies.openvswitch import PortDrops, parse_packet_socket_drops, parse_port_drops
from topologies.sandbox import RUNTIME, Sandbox, SandboxError, require_outside_runtime

INSIDE = """
import subprocess, sys
from pathlib import Path
from topologies.sandbox import set_up_sandbox
set_up_sandbox(Path("/run/blipnet"))
subprocess.run(["ip", "link", "add", "inner", "type", "veth", "peer", "name", "outer"], check=True)
subprocess.run(["hostname", "sandboxed"], check=True)
child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
print(sorted(path.name for path in Path("/run").iterdir()), flush=True)
sys.stdin.read()
"""


def network_namespaces() -> set[int]:
    found = set()
    for link in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(link.stat().st_ino)
        except FileNotFoundError:
            continue
    return found


@pytest.mark.root
def test_a_killed_sandbox_leaves_nothing() -> None:
    before = network_namespaces()
    command = Sandbox("root").command([sys.executable, "-c", INSIDE])
    sandboxed = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert sandboxed.stdout
    assert sandboxed.stdout.readline() == "['blipnet']\n"
    during = network_namespaces() - before
    assert during
    assert os.uname().nodename != "sandboxed"
    assert not Path("/sys/class/net/inner").exists()
    sandboxed.send_signal(signal.SIGKILL)
    sandboxed.communicate()
    assert not during & network_namespaces()


@pytest.mark.root
def test_the_sandbox_dies_with_the_process_that_entered_it() -> None:
    inner = Sandbox("root").command(["cat"])
    keeper = f"import subprocess, sys; p = subprocess.Popen({inner!r}); print(p.pid, flush=True); sys.stdin.read()"
    outer = subprocess.Popen([sys.executable, "-c", keeper], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert outer.stdout
    pid = int(outer.stdout.readline())
    descriptor = os.pidfd_open(pid)
    outer.kill()
    outer.communicate()
    ended, _, _ = select.select([descriptor], [], [], 10)
    os.close(descriptor)
    assert ended


def test_paths_that_the_sandbox_would_hide_are_refused() -> None:
    with pytest.raises(SandboxError, match="lies under /run"):
        require_outside_runtime(RUNTIME / "user" / "0" / "checkout")
    require_outside_runtime(Path("/srv/checkout"))


def test_the_command_asks_for_a_user_namespace_only_without_root() -> None:
    assert "--user" not in Sandbox("root").command(["true"])
    assert "--user" in Sandbox("user namespace").command(["true"])


def test_port_drops_are_read_from_port_statistics() -> None:
    dump = """OFPST_PORT reply (OF1.3) (xid=0x2): 3 ports
  port LOCAL: rx pkts=0, bytes=0, drop=9, errs=0, frame=0, over=0, crc=0
           tx pkts=0, bytes=0, drop=9, errs=0, coll=0
  port  "s1-w2": rx pkts=7, bytes=790, drop=2, errs=0, frame=0, over=0, crc=0
           tx pkts=8, bytes=860, drop=3, errs=0, coll=0
           duration=1.9s
  port  "s1-lan": rx pkts=7, bytes=790, drop=0, errs=0, frame=0, over=0, crc=0
           tx pkts=8, bytes=860, drop=?, errs=0, coll=0
"""
    assert parse_port_drops("s1", dump) == (
        PortDrops("s1", "s1-w2", "rx", 2),
        PortDrops("s1", "s1-w2", "tx", 3),
        PortDrops("s1", "s1-lan", "rx", 0),
    )


def test_drops_of_the_switch_daemons_packet_sockets_are_read() -> None:
    listing = """Netid Recv-Q Send-Q Local Address:Port   Peer Address:PortProcess
p_raw 0      0                  *:s1-lan             *     users:(("ovs-vswitchd",pid=9,fd=38)) skmem:(r0,rb212992,t0,tb212992,f0,w0,o176,bl0,d0)
p_raw 9      0                  *:s1-w2              *     users:(("ovs-vswitchd",pid=9,fd=39)) skmem:(r0,rb212992,t0,tb212992,f0,w0,o176,bl0,d17)
p_raw 0      0                  *:x1-2               *     users:(("wire",pid=30,fd=7)) skmem:(r0,rb33554432,t0,tb33554432,f0,w0,o0,bl0,d4)
"""  # noqa: E501 - as ss prints it
    assert parse_packet_socket_drops(listing) == {"s1-lan": 0, "s1-w2": 17}
