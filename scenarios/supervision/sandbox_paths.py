"""What a run keeps on the sandbox's own tmpfs: sockets, configuration, and memory that outlives its process."""

from __future__ import annotations

from pathlib import Path

SANDBOX_FOLDER = Path("/run/blipnet")

TELEMETRY = SANDBOX_FOLDER / "telemetry.sock"
CONTROLLER_CONFIG = SANDBOX_FOLDER / "controller.json"


def redis_socket(life: int) -> Path:
    """Of the session directory's Redis, in each of its lives."""
    return SANDBOX_FOLDER / f"redis-{life}.sock"


def fate_log(cluster: str, life: int) -> Path:
    """What became of single packets in a cluster's relay (`relay_app.fate_log`), in each of its lives."""
    return SANDBOX_FOLDER / f"fates-{cluster}-{life}"
