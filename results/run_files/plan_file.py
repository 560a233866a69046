"""The plan of a run directory as it is read, also one written when all faults had one shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from results.run_files import documents
from results.run_files.plan import Plan

_OLD_ACTIONS = {
    "relay-restart": "stop",
    "relay-kill": "kill",
    "relay-freeze": "freeze",
    "controller-restart": "stop",
    "controller-cut": "cut",
    "directory-slow": "slow",
    "directory-down": "kill",
}
"""What was done to a process, by the word of the fault: an old plan says nothing else of it."""


def read_plan(path: Path) -> Plan:
    """The plan in a file; DocumentError."""
    return load_plan_text(documents.content(path), path.name)


def load_plan_text(text: str | bytes, name: str) -> Plan:
    """A plan as JSON; DocumentError, which calls the document `name`."""
    try:
        plan = json.loads(text)
    except ValueError:
        return documents.load(Plan, text, name)
    return documents.load(Plan, json.dumps(_upgraded(plan)), name)


def _upgraded(plan: Any) -> Any:
    """A plan in today's shape; what is no plan at all stays as it is, to be refused as that."""
    if not isinstance(plan, dict) or not isinstance(plan.get("faults"), list):
        return plan
    return {**plan, "faults": [_upgraded_fault(fault) for fault in plan["faults"]]}


def _upgraded_fault(fault: Any) -> Any:
    """An old fault had the keys of both kinds: those of the other kind were null or empty, and there was no action."""
    if not isinstance(fault, dict) or "extra_ns" not in fault:
        return fault
    old = dict(fault)
    extra_ns, process, directions, change = (
        old.pop(key, None) for key in ("extra_ns", "process", "directions", "change")
    )
    if process is None:
        return {**old, "directions": directions, "change": change}
    kind = _OLD_ACTIONS.get(old.get("what", ""))
    return {**old, "process": process, "action": {"kind": kind, **({"extra_ns": extra_ns} if kind == "slow" else {})}}
