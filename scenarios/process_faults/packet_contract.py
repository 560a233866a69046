"""The packet contract, as a relay program is told it: environment variables and the file of sessions. Pure.

`docs/your-relay.md` has it for those who write such programs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from relay_app.ports import CLIENT_PORT, DIRECTORY_PORT, LANE_PORT, LANES
from relay_app.sessions.directory import StreamRecord
from relay_app.streams import lane_of, streams_of
from results.run_files.plan import Plan
from results.run_files.relay_program import RelayProgram
from scenarios.process_faults.session_records import all_records, records_held
from topologies.model import Cluster

CONTRACT_VERSION = 1
LANE_PORTS = range(LANE_PORT, LANE_PORT + LANES)


def environment(plan: Plan, cluster: Cluster, sessions: Path, run_dir: Path) -> Mapping[str, str]:
    """What a cluster's relay is told. `sessions`: the file of the records that it holds at its start; `run_dir`: a
    folder of its own."""
    peers = ",".join(f"{each.ordinal}={each.address}" for each in plan.topology.clusters)
    return {
        "BLIPNET_CONTRACT": str(CONTRACT_VERSION),
        "BLIPNET_ADDRESS": str(cluster.address),
        "BLIPNET_ORDINAL": str(cluster.ordinal),
        "BLIPNET_LANES": f"{LANE_PORTS.start}-{LANE_PORTS.stop - 1}",
        "BLIPNET_CLIENT_PORT": str(CLIENT_PORT),
        "BLIPNET_PEERS": peers,
        "BLIPNET_DIRECTORY": f"{plan.topology.cluster(plan.relays.directory).address}:{DIRECTORY_PORT}",
        "BLIPNET_SESSIONS": str(sessions),
        "BLIPNET_RUN_DIR": str(run_dir),
    }


def session_lines(plan: Plan, cluster: str, program: RelayProgram, life: int) -> str:
    """The sessions that a life of a relay holds at its start, a JSON object per line.

    One that has no directory holds all; else the first life holds what relays of ours hold, and later ones nothing.
    """
    streams = streams_of(plan.sessions, plan.seed)
    held = set(records_held(plan, streams, cluster) if life == 0 else ())
    records = (each for each in all_records(plan) if program.sessions == "file" or each.ssrc in held)
    return "".join(f"{json.dumps(_session(each))}\n" for each in records)


def _session(record: StreamRecord) -> Mapping[str, object]:
    return {
        "ssrc": record.ssrc,
        "session": record.session,
        "source": record.source,
        "destination": record.destination,
        "port": record.port,
        "lane": lane_of(record.ssrc),
    }
