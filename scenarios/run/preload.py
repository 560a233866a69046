"""Imported by the fork server before its first fork: the code of all forked processes, with its loops compiled.

Importing and loading compiled loops takes seconds of CPU; done once in the server, each fork has the result at once.
`python -m scenarios.run.preload` does the same at installation, and leaves the compiled loops in numba's cache.
"""

from __future__ import annotations

from relay_app.clients import client, tcp_peer
from relay_app.probing import prober
from relay_app.relay import compiling
from relay_app.relay import process as relay
from relay_app.sessions import directory_proxy
from scenarios.process_faults import openflow_proxy
from scenarios.run import core_sensor, monitor, scraper
from topologies.wire import process as wire

__all__ = [
    "client",
    "core_sensor",
    "directory_proxy",
    "monitor",
    "openflow_proxy",
    "prober",
    "relay",
    "scraper",
    "tcp_peer",
    "wire",
]

wire.compile_loops()
client.compile_loops()
compiling.compile_loops()
prober.compile_loops()
core_sensor.compile_loops()
