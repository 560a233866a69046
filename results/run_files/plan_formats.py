"""Reads `plan.json` in its present format, and in the first, in which all faults had the same keys."""

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
"""Kind of the action by fault word: the first format has no `action`."""


def read_plan(path: Path) -> Plan:
    """Parse a `plan.json` of either format. Raises DocumentError."""
    return load_plan_text(documents.content(path), path.name)


def load_plan_text(text: str | bytes, name: str) -> Plan:
    """Parse the text of a plan of either format. Raises DocumentError, whose message calls the document `name`."""
    try:
        plan = json.loads(text)
    except ValueError:
        return documents.load(Plan, text, name)
    return documents.load(Plan, json.dumps(_upgraded(plan)), name)


def _upgraded(plan: Any) -> Any:
    """A plan in the present format. What is no plan is returned unchanged, for the strict reader to reject."""
    if not isinstance(plan, dict) or not isinstance(plan.get("faults"), list):
        return plan
    return {**plan, "faults": [_upgraded_fault(fault) for fault in plan["faults"]]}


def _upgraded_fault(fault: Any) -> Any:
    """A fault in the present format. The first had the keys of both kinds, null or empty if of the other; no action."""
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
