"""A controller that gives one switch a fast-failover group, and a rule that uses it.

Usage: group_controller.py CONFIG. Says on standard output, one JSON object per line: `connected` with the groups that
the switch had, and `installed` when it has confirmed. Ends with its standard input.
"""

from __future__ import annotations

import json
import os
import select
import sys
from dataclasses import asdict
from pathlib import Path

from controller.app import Inbox
from controller.flow_rules import Bucket, FlowRule, GroupRule
from controller.messages import BarrierReply, Install, SwitchConnected, SwitchEvent, SwitchRefused
from controller.openflow import OpenFlowSwitches, listen, make_switches
from controller.settings import ControllerConfig

SWITCH = 1
TO_CENTRAL = (("eth_dst", "02:00:00:00:00:02"), ("ipv4_dst", "10.0.0.2"))
GROUP = GroupRule(
    SWITCH, "add", 7, "fast-failover", (Bucket(output=3, watch_port=3), Bucket(TO_CENTRAL, output=2, watch_port=2))
)
RULE = FlowRule(SWITCH, "add", 200, (("in_port", 254), ("eth_type", 0x0800), ("ipv4_dst", "10.0.0.3")), group=7)


def say(**document: object) -> None:
    print(json.dumps(document), flush=True)


def on_event(event: SwitchEvent, switches: OpenFlowSwitches) -> None:
    if isinstance(event, SwitchConnected) and event.switch == SWITCH:
        say(connected=[asdict(group) for group in event.groups])
        if not event.groups:
            switches.install([Install(SWITCH, 1, (GROUP, RULE))])
    if isinstance(event, BarrierReply):
        say(installed=event.token)
    if isinstance(event, SwitchRefused):
        say(refused=event.error)


def main(config_path: Path) -> None:
    config = ControllerConfig.from_json(config_path.read_text(encoding="utf-8"))
    inbox: Inbox[SwitchEvent] = Inbox()
    switches = make_switches(inbox.put)
    listen(config.listen_host, config.listen_port)
    while True:
        readable = select.select([inbox.fileno(), sys.stdin.fileno()], [], [])[0]
        if sys.stdin.fileno() in readable and not os.read(sys.stdin.fileno(), 1):
            return
        if inbox.fileno() in readable:
            on_event(inbox.take(), switches)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
