"""Port-down and port-up against what the kernel tells of the interface elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hostio.network import is_up

IFF_UP = 1  # netdevice(7)

TOGGLE = """
import subprocess
from hostio.network import is_up, set_interface
subprocess.run(["ip", "link", "add", "one", "type", "veth", "peer", "name", "other"], check=True)
for up in (True, False, True):
    set_interface("one", up=up)
    told = subprocess.run(["ip", "-brief", "link", "show", "dev", "one"], check=True, capture_output=True, text=True)
    print(is_up("one"), "UP" in told.stdout.split("<")[1].split(">")[0].split(","))
"""


@pytest.mark.root
def test_an_interface_goes_down_and_up() -> None:
    argv = ["unshare", "--net", sys.executable, "-c", TOGGLE]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False", "False", "True", "True"]


def test_the_loopback_interface_is_there_and_others_are_not() -> None:
    flags = int(Path("/sys/class/net/lo/flags").read_text(), 16)
    assert is_up("lo") is bool(flags & IFF_UP)
    with pytest.raises(OSError, match="No such device"):
        is_up("no-such-port")
