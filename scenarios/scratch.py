"""What a run keeps on the sandbox's own tmpfs: sockets, configuration, and memory that outlives its process."""

from __future__ import annotations

from pathlib import Path

SCRATCH = Path("/run/blipnet")

TELEMETRY = SCRATCH / "telemetry.sock"
REDIS_SOCKET = SCRATCH / "redis.sock"
CONTROLLER_CONFIG = SCRATCH / "controller.json"


def fate_log(cluster: str) -> Path:
    """What became of single packets in a cluster's relay (`relay_app.fate_log`)."""
    return SCRATCH / f"fates-{cluster}"
