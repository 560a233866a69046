"""A sandbox's first process: a private Open vSwitch with one bridge per cluster, and a controller.

Usage: private_ovs.py DIRECTORY CONFIG DATAPATH CONTROLLER…. DATAPATH is the bridges' datapath type: `dummy` (real
OpenFlow tables, no packets), or `netdev` (the userspace datapath); their ports lead nowhere. CONTROLLER is a command,
to which CONFIG is added. Ends when the controller does, with its exit code, and the sandbox's other processes end with
this one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from controller.settings import ControllerConfig
from topologies.model import LAN_PORT, Topology

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def start_ovs(directory: Path) -> None:
    database, remote = directory / "conf.db", directory / "db.sock"
    daemon = ["--detach", "--no-chdir", "--log-file", "--pidfile", "--verbose=off"]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ovsdb-tool", "create", database, SCHEMA], check=True)
    subprocess.run(["ovsdb-server", *daemon, f"--remote=punix:{remote}", database], check=True)
    subprocess.run(["ovs-vsctl", "--no-wait", "init"], check=True)
    subprocess.run(["ovs-vswitchd", *daemon, "--enable-dummy", f"unix:{remote}"], check=True)


def bridge_commands(topology: Topology, controller: str, datapath: str) -> list[str]:
    commands = []
    for cluster in topology.clusters:
        bridge = f"s{cluster.ordinal}"
        commands += ["--", "add-br", bridge, "--", "set", "bridge", bridge, f"datapath_type={datapath}"]
        commands += ["fail_mode=secure", "protocols=OpenFlow13", f"other-config:datapath-id={cluster.ordinal:016x}"]
        for port in [LAN_PORT, *(c.ordinal for c in topology.clusters if c != cluster)]:
            name = f"{bridge}-{port}"
            commands += ["--", "add-port", bridge, name]
            commands += ["--", "set", "interface", name, "type=dummy", f"ofport_request={port}"]
        commands += ["--", "set-controller", bridge, controller, "--", "set", "controller", bridge, "max_backoff=1000"]
    return commands


def main(directory: Path, config_path: Path, datapath: str, controller: list[str]) -> int:
    config = ControllerConfig.from_json(config_path.read_text(encoding="utf-8"))
    start_ovs(directory)
    target = f"tcp:{config.listen_host}:{config.listen_port}"
    subprocess.run(["ovs-vsctl", *bridge_commands(config.topology, target, datapath)], check=True)
    return subprocess.run([*controller, config_path], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]))
