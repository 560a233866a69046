"""A fork server imports this room once: a thread that an import starts would be missing in every forked process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import relay_app

ROOM = Path(relay_app.__file__).parent
PURE = (
    *("rtp", "streams", "records", "messages", "clients.media_schedule", "sessions.directory"),
    *("probing.link_probes", "probing.probe_report"),
)
NO_RELAYS = ("clients.tcp_peer", "clients.client", "probing.prober")
RELAYS = ("relay_app.relay", "relay_app.versions", "relay_app.forwarding")
IN_TURN = """
import importlib, json, os, sys
for names in json.load(sys.stdin):
    for name in names:
        importlib.import_module(name)
    print(json.dumps([sorted(sys.modules), len(os.listdir("/proc/self/task"))]))
"""


@dataclass(frozen=True)
class Imported:
    """What there is in an interpreter after some modules have been imported."""

    modules: frozenset[str]
    threads: int


@pytest.fixture(scope="module")
def imported() -> list[Imported]:
    """One interpreter after the pure modules, after each that does not load the relay, and after all of the room."""
    paths = (path.relative_to(ROOM.parent).with_suffix("") for path in ROOM.rglob("*.py") if path.stem != "__init__")
    every = [".".join(path.parts) for path in paths]
    assert len(every) > 30
    steps = [[f"relay_app.{name}" for name in PURE], *([f"relay_app.{name}"] for name in NO_RELAYS), every]
    environment = {**os.environ, "PYTHONPATH": str(ROOM.parent), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN],
        input=json.dumps(steps),
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [Imported(frozenset(modules), threads) for modules, threads in found]


def test_imports_start_no_thread(imported: list[Imported]) -> None:
    assert imported[-1].threads == 1


def test_pure_modules_do_not_load_the_compiler(imported: list[Imported]) -> None:
    assert "numba" not in imported[0].modules
    assert "numba" in imported[-1].modules


@pytest.mark.parametrize("module", NO_RELAYS)
def test_clients_and_probers_do_not_load_the_relay(imported: list[Imported], module: str) -> None:
    after = imported[1 + NO_RELAYS.index(module)].modules
    assert f"relay_app.{module}" in after
    assert [name for name in after if name.startswith(RELAYS)] == []
