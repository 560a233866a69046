"""The Parquet files of a run directory, as others read them: which there are, and what each column means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from relay_app import records
from relay_app.drop_reasons import DropReason
from relay_app.records import ExchangeOutcome, FetchOutcome
from relay_app.streams import Stream
from results.run_files import hold_ups, machine, program_samples
from results.run_files.hold_ups import HoldUpPlace, RunDelayPlace
from results.run_files.run_dir import RunDir
from topologies import link_backend

_RUN = RunDir(Path())
_CLUSTER = "CLUSTER"

CLUSTERS = "one file for each cluster"


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A kind of Parquet file. `file`: its path in a run directory, CLUSTER standing for a cluster's name; `rows`: the
    name of the type of its rows in `module`; `when`: which runs have it."""

    file: str
    rows: str
    module: ModuleType
    when: str

    @property
    def columns(self) -> Mapping[str, str]:
        """The names of the columns, in their order, and their types as Arrow calls them."""
        dtype: np.dtype[Any] = getattr(self.module, self.rows)
        return {name: dtype[name].name for name in dtype.names or ()}


def _table(path: Path, rows: str, module: ModuleType = records, when: str = "every run") -> RecordTable:
    return RecordTable(str(path), rows, module, when)


TABLES = (
    _table(_RUN.sent(_CLUSTER), "SENT", when=f"every run, {CLUSTERS}"),
    _table(_RUN.received(_CLUSTER), "RECEIVED", when=f"every run, {CLUSTERS}"),
    _table(_RUN.probes(_CLUSTER), "PROBE", when=f"every run, {CLUSTERS}"),
    _table(_RUN.relay_fates(_CLUSTER), "RELAY_FATE", when=f"every run, {CLUSTERS}"),
    _table(_RUN.relay(_CLUSTER), "RELAY_SAMPLE", when="for each cluster whose relay is one of the project's versions"),
    _table(_RUN.fetches(_CLUSTER), "FETCH", when="for each cluster whose relay is one of the project's versions"),
    _table(_RUN.link_fates, "FRAME_FATE", link_backend, "runs with the userspace wire"),
    _table(_RUN.link_bytes, "LINK_SAMPLE", machine, "runs in which a link has a rate"),
    _table(_RUN.exchanges(_CLUSTER), "EXCHANGE", when=f"runs with TCP connections, {CLUSTERS}"),
    _table(_RUN.refreshes(_CLUSTER), "REFRESH", when=f"runs in which streams need permissions, {CLUSTERS}"),
    _table(_RUN.absences(_CLUSTER), "ABSENCE", when=f"runs in which clients need consent, {CLUSTERS}"),
    _table(_RUN.sent_digests(_CLUSTER), "DIGEST", when=f"runs with media of other programs, {CLUSTERS}"),
    _table(_RUN.received_digests(_CLUSTER), "DIGEST", when=f"runs with media of other programs, {CLUSTERS}"),
    _table(_RUN.relayed_packets(_CLUSTER), "RELAYED_PACKET", when="for each cluster with a peer of a WebRTC call"),
    _table(_RUN.machine_samples, "MACHINE_SAMPLE", machine),
    _table(_RUN.core_samples, "CORE_SAMPLE", machine),
    _table(_RUN.hold_ups, "HOLD_UP", hold_ups),
    _table(_RUN.run_delays, "RUN_DELAY", hold_ups),
    _table(_RUN.program_processes, "PROCESS_SAMPLE", program_samples, "runs with a relay that is a program"),
    _table(_RUN.program_hosts, "HOST_SAMPLE", program_samples, "runs with a relay that is a program"),
    _table(_RUN.program_udp_drops, "UDP_DROP_SAMPLE", program_samples, "runs with a relay that is a program"),
)
"""All but that of the sessions, whose rows are of `Stream`."""

SESSIONS_FILE = str(_RUN.sessions())

_STREAM_TYPES = {"ssrc": "uint32", "relayed": "bool", "taken": "uint32"}

SESSION_COLUMNS: Mapping[str, str] = MappingProxyType(
    {each.name: _STREAM_TYPES.get(each.name, "string") for each in fields(Stream)}
)
"""The columns of the file of the sessions, with their types."""

_TIME = "ns, CLOCK_MONOTONIC"

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "ssrc": "SSRC of the stream; joins all tables with the sessions'",
        "session": "name of the session",
        "group": "group of sessions in the scenario",
        "source": "cluster that sends the stream",
        "destination": "cluster that hears it",
        "media": "media profile",
        "relayed": "whether it passes relays",
        "taken": "SSRC of another stream, which its packets carry; null: they have its own",
        "seq": "RTP sequence number, 16 bits",
        "due_ns": f"when it was due, by plan; {_TIME}",
        "sent_ns": f"when it was sent; {_TIME}",
        "received_ns": f"when it was received, by the kernel; {_TIME}",
        "at_ns": f"when it was; {_TIME}",
        "from_ns": f"beginning; {_TIME}",
        "until_ns": f"end; {_TIME}",
        "path": "ordinals of the relays passed, a byte each, the first in the lowest; 0: none",
        "digest": "FNV-1a hash of the packet's bytes",
        "reason": "why it was not forwarded: see the codes below",
        "received": "packets received, cumulative over a life",
        "forwarded": "packets forwarded, cumulative over a life",
        "cached": "sessions in the cache",
        "fetching": "keys whose fetch is queued or under way",
        "queued": "packets that the version itself keeps back",
        "waiting_bytes": "bytes in the receive buffers of the lanes",
        "lock_waiters": "threads that wait for the lock of the packet path",
        "lock_held_ns": "for how long that lock has been held, cumulative over a life; ns",
        "life": "how often the relay had been started anew",
        "asked_ns": f"when the directory was asked; {_TIME}",
        "answered_ns": f"when the answer came, 0: never; {_TIME}",
        "outcome": "what came of it: see the codes below",
        "PROBE.source": "ordinal of the cluster that sent it",
        "sequence": "number of the probe",
        "via": "0: a probe; else a canary, through the relay of the cluster with this ordinal",
        "server": "IPv4 address of the TURN server, as a number",
        "outgoing": "whether it left the peer",
        "requests": "how many requests it took",
        "expired_ns": f"when consent expired; {_TIME}",
        "returned_ns": f"when it was back, 0: not before the end; {_TIME}",
        "connection": "number of the TCP connection",
        "clock_offset_ns": "CLOCK_REALTIME less CLOCK_MONOTONIC, ns",
        "own_ns": "processor time of the run's own processes, cumulative; ns",
        "core": "number of the processor core",
        "busy_ns": "time in processes, cumulative; ns",
        "interrupt_ns": "time in interrupts, cumulative; ns",
        "idle_ns": "idle time, cumulative; ns",
        "stolen_ns": "steal, cumulative; ns",
        "softnet_processed": "packets taken off the core's receive queues, cumulative",
        "softnet_dropped": "packets dropped because its backlog was full, cumulative",
        "softnet_squeezed": "rounds that ended with packets left over, cumulative",
        "direction": "index of the link direction: the links of `plan.json` in their order, from `a` to `b`, then back",
        "bytes": "bytes of whole Ethernet frames that left the link, cumulative",
        "what": "what became of the frame: see the codes below",
        "place": "what was held up, or waited: see the codes below",
        "number": "ordinal of the cluster; of a core its number",
        "delay_ns": "for how long threads waited for a core, in sum; ns",
        "cluster": "ordinal of the program's cluster",
        "process": "process id in the sandbox",
        "user_ns": "processor time in user mode, cumulative; ns",
        "system_ns": "processor time in kernel mode, cumulative; ns",
        "resident_bytes": "resident memory",
        "threads": "number of threads",
        "descriptors": "open file descriptors",
        "voluntary": "voluntary context switches, cumulative",
        "involuntary": "involuntary context switches, cumulative",
        "HOST_SAMPLE.received": 'ICMP messages "destination unreachable" received, cumulative',
        "sent": "such messages sent, cumulative",
        "port": "UDP port",
        "drops": "datagrams dropped because the receive buffer was full, since the port was bound",
        "SENT.seq": "extended sequence number (RFC 3550 A.1)",
    }
)
"""What a column means: by its name, or by the type of the rows and its name where that has another meaning."""

_DROPPED = "dropped_"

CODES: Mapping[str, type[IntEnum]] = MappingProxyType(
    {
        "RELAY_FATE.reason": DropReason,
        "FETCH.outcome": FetchOutcome,
        "EXCHANGE.outcome": ExchangeOutcome,
        "HOLD_UP.place": HoldUpPlace,
        "RUN_DELAY.place": RunDelayPlace,
    }
)
"""What the numbers in a column stand for, by type of row and column."""


def meaning(rows: str, column: str) -> str:
    """What a column of a table means. KeyError if nobody has said it."""
    if column.startswith(_DROPPED):
        reason = column.removeprefix(_DROPPED).replace("_", " ")
        return f"packets dropped ({reason}), cumulative over a life"
    return MEANINGS.get(f"{rows}.{column}") or MEANINGS[column]


def codes(rows: str, column: str) -> Mapping[int, str]:
    """What the numbers of a column stand for; empty: they are numbers."""
    if (rows, column) == ("FRAME_FATE", "what"):
        return {number: name.replace("_", " ") for number, name in enumerate(link_backend.FATES)}
    found = {each.value: each.name.lower().replace("_", " ") for each in CODES.get(f"{rows}.{column}", ())}
    if (rows, column) == ("RELAY_FATE", "reason"):
        found |= {records.LEFT: "left in the relay when it ended", records.HELD: "kept back by the version at the end"}
        found |= {records.UNREAD: "in a receive buffer at the end"}
    return found
