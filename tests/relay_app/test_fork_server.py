"""A fork server imports this room once: a thread that an import starts would be missing in every forked process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import relay_app

ROOM = Path(relay_app.__file__).parent


def output_of(script: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOM.parent), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def test_imports_start_no_thread() -> None:
    modules = (path.relative_to(ROOM.parent).with_suffix("") for path in ROOM.rglob("*.py") if path.stem != "__init__")
    names = [".".join(module.parts) for module in modules]
    assert len(names) > 30
    count = "len(os.listdir('/proc/self/task'))"
    script = f"import os, importlib; [importlib.import_module(n) for n in {names!r}]; print({count})"
    assert output_of(script) == "1"


PURE = (
    *("rtp", "streams", "records", "messages", "clients.media_schedule", "sessions.directory"),
    *("probing.link_probes", "probing.probe_report"),
)


def test_pure_modules_do_not_load_the_compiler() -> None:
    names = tuple(f"relay_app.{stem}" for stem in PURE)
    script = f"import sys, importlib; [importlib.import_module(n) for n in {names!r}]; print('numba' in sys.modules)"
    assert output_of(script) == "False"


@pytest.mark.parametrize(
    "module", ["relay_app.clients.client", "relay_app.clients.tcp_peer", "relay_app.probing.prober"]
)
def test_clients_and_probers_do_not_load_the_relay(module: str) -> None:
    relays = (
        "[n for n in sys.modules if n.startswith(('relay_app.relay', 'relay_app.versions', 'relay_app.forwarding'))]"
    )
    assert output_of(f"import sys, {module}; print({relays})") == "[]"
