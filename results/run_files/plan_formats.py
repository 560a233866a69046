"""Reads `plan.json` in its present format and in earlier ones: in the first all faults had the same keys, and in those
that followed both directions of a link had the same delay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from results.run_files import documents
from results.run_files.document_error import DocumentError
from results.run_files.plan import Plan
from results.run_files.run_formats import RUN_FORMAT

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
    """Parse a `plan.json` of any format. Raises DocumentError."""
    return load_plan_text(documents.content(path), path.name)


def load_plan_text(text: str | bytes, name: str) -> Plan:
    """Parse the text of a plan of any format. Raises DocumentError, whose message calls the document `name`."""
    try:
        plan = json.loads(text)
    except ValueError:
        return documents.load(Plan, text, name)
    _require_known(plan, name)
    return documents.load(Plan, json.dumps(_upgraded(plan)), name)


def _require_known(plan: Any, name: str) -> None:
    """Raises DocumentError of a run directory of a later version, which may mean something else by what it says."""
    told = plan.get("format") if isinstance(plan, dict) else None
    if isinstance(told, int) and told > RUN_FORMAT:
        raise DocumentError(
            f"{name}: format {told} is of a later version of Blipnet; this one reads run directories up to {RUN_FORMAT}"
        )


def _upgraded(plan: Any) -> Any:
    """A plan in the present format. What is no plan is returned unchanged, for the strict reader to reject."""
    if not isinstance(plan, dict) or not isinstance(plan.get("faults"), list):
        return plan
    faults = [_upgraded_fault(fault) for fault in plan["faults"]]
    return {**plan, "faults": faults, "topology": _upgraded_topology(plan.get("topology"))}


def _upgraded_topology(topology: Any) -> Any:
    if not isinstance(topology, dict) or not isinstance(topology.get("links"), list):
        return topology
    return {**topology, "links": [_upgraded_link(link) for link in topology["links"]]}


def _upgraded_link(link: Any) -> Any:
    """A link in the present format. Once both directions had the same delay and jitter, which were the link's."""
    if not isinstance(link, dict) or "one_way_ns" not in link:
        return link
    old = dict(link)
    either = {"delay_ns": old.pop("one_way_ns"), "jitter_ns": old.pop("jitter_ns", 0)}
    return {**old, "there": either, "back": either}


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
