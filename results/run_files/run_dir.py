"""The names of all files in a run directory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunDir:
    """Paths of one run. The plan is written first; summary, tables and plots last, from the other files alone."""

    root: Path

    @property
    def begun(self) -> bool:
        """Whether anything of a run is there, be it cut off."""
        return any(
            path.exists() for path in (self.plan, self.events, self.machine, self.sessions().parent, self.staging)
        )

    @property
    def plan(self) -> Path:
        """The inputs of the run, and its environment; written before anything starts."""
        return self.root / "plan.json"

    @property
    def inputs(self) -> Path:
        """Folder of what the plan was made of: the scenario file, and the files that it names."""
        return self.root / "inputs"

    @property
    def events(self) -> Path:
        """What the runner did and when, a JSON object per line."""
        return self.root / "events.jsonl"

    @property
    def decisions(self) -> Path:
        """The controller's records: health changes, decisions, reviews; a JSON object per line."""
        return self.root / "controller.jsonl"

    @property
    def machine(self) -> Path:
        """Counters at the end of the run: sockets, links, switch ports, processes, memory."""
        return self.root / "machine.json"

    @property
    def flow_tables(self) -> Path:
        """The switches' flow rules at the end of the run (`results.run_files.flow_tables.FlowTables`)."""
        return self.root / "flow-tables.json"

    @property
    def machine_samples(self) -> Path:
        """MACHINE_SAMPLE, once a second."""
        return self.root / "raw" / "machine.parquet"

    @property
    def core_samples(self) -> Path:
        """CORE_SAMPLE, once a second for each core."""
        return self.root / "raw" / "cores.parquet"

    @property
    def link_bytes(self) -> Path:
        """LINK_SAMPLE, ten times a second for each link direction that has a rate at some time."""
        return self.root / "raw" / "link-bytes.parquet"

    @property
    def hold_ups(self) -> Path:
        """HOLD_UP, a row per time that a part of the testbed was held up."""
        return self.root / "raw" / "hold-ups.parquet"

    @property
    def run_delays(self) -> Path:
        """RUN_DELAY, once a second for each kind of process and cluster."""
        return self.root / "raw" / "run-delays.parquet"

    @property
    def program_processes(self) -> Path:
        """PROCESS_SAMPLE, once a second for each process of a relay that is a program."""
        return self.root / "raw" / "program-processes.parquet"

    @property
    def program_hosts(self) -> Path:
        """HOST_SAMPLE, once a second for each host of a relay that is a program."""
        return self.root / "raw" / "program-hosts.parquet"

    @property
    def program_udp_drops(self) -> Path:
        """UDP_DROP_SAMPLE, once a second for each port of a relay that is a program that dropped datagrams."""
        return self.root / "raw" / "program-udp-drops.parquet"

    @property
    def staging(self) -> Path:
        """Where the media processes write their arrays; removed once these are collected."""
        return self.root / "staging"

    def staged(self, raw: Path, life: int = 0) -> Path:
        """Where a process writes the array of a file of raw records; a restarted relay writes one per life."""
        return self.staging / f"{_of_life(raw.stem, life)}.npy"

    def sent(self, cluster: str) -> Path:
        """Every RTP packet that a cluster's client sent (SENT)."""
        return self.root / "raw" / f"sent-{cluster}.parquet"

    def received(self, cluster: str) -> Path:
        """Every RTP packet that a cluster's client received (RECEIVED)."""
        return self.root / "raw" / f"received-{cluster}.parquet"

    def sent_digests(self, cluster: str) -> Path:
        """Every packet of another program that a cluster's client sent on (DIGEST)."""
        return self.root / "raw" / f"sent-digests-{cluster}.parquet"

    def received_digests(self, cluster: str) -> Path:
        """Every packet of another program that a cluster's client received (DIGEST)."""
        return self.root / "raw" / f"received-digests-{cluster}.parquet"

    def refreshes(self, cluster: str) -> Path:
        """Every refresh of a permission by a cluster's client (REFRESH)."""
        return self.root / "raw" / f"refreshes-{cluster}.parquet"

    def absences(self, cluster: str) -> Path:
        """Each time that a cluster's client gave up a stream without consent (ABSENCE)."""
        return self.root / "raw" / f"absences-{cluster}.parquet"

    def app_metrics(self, cluster: str) -> Path:
        """Every answer of a relay program's metrics endpoint (`results.run_files.app_metrics.Scrape`)."""
        return self.root / "raw" / f"app-{cluster}.jsonl"

    def relay(self, cluster: str) -> Path:
        """A relay's counters over time (RELAY_SAMPLE)."""
        return self.root / "raw" / f"relay-{cluster}.parquet"

    def fetches(self, cluster: str) -> Path:
        """Every fetch of a relay from the session directory (FETCH)."""
        return self.root / "raw" / f"fetches-{cluster}.parquet"

    def exchanges(self, cluster: str) -> Path:
        """Every request over a TCP connection opened from a cluster, and its answer (EXCHANGE)."""
        return self.root / "raw" / f"exchanges-{cluster}.parquet"

    def relayed_packets(self, cluster: str) -> Path:
        """RTP of the WebRTC peers in a cluster, between them and TURN servers (RELAYED_PACKET)."""
        return self.root / "raw" / f"relayed-{cluster}.parquet"

    def locks(self, cluster: str, life: int = 0) -> Path:
        """The lock audit of one life of a relay, as JSON (`relay_app.locks.report.LockReport`)."""
        return self.root / "locks" / f"{_of_life(cluster, life)}.json"

    def locks_of_all_lives(self, cluster: str) -> Iterator[Path]:
        """The path of the first life, whether it exists or not, and those of later lives that exist."""
        yield self.locks(cluster)
        for life in itertools.count(1):
            if not self.locks(cluster, life).exists():
                return
            yield self.locks(cluster, life)

    def stacks(self, cluster: str, life: int = 0) -> Path:
        """Stacks of all threads of a relay, for each stall that its watchdog reported."""
        return self.root / "locks" / f"{_of_life(cluster, life)}.stacks.txt"

    def lock_waits(self, cluster: str) -> Path:
        """Waits for locks that were seen of a relay that is a program (`results.run_files.lock_waits.LockWaits`)."""
        return self.root / "locks" / f"{cluster}.waits.json"

    def program_stalls(self, cluster: str) -> Path:
        """Stalls that were seen of a relay that is a program (`results.run_files.program_stalls.ProgramStalls`)."""
        return self.root / "locks" / f"{cluster}.stalls.json"

    def program_stacks(self, cluster: str, number: int = 1) -> Path:
        """Stacks of a relay that is a program, as taken in one of its stalls, from 1."""
        return self.root / "logs" / f"relay-{cluster}.stacks-{number}.txt"

    def probes(self, cluster: str) -> Path:
        """Every one-way probe that a cluster's prober received (PROBE)."""
        return self.root / "raw" / f"probes-{cluster}.parquet"

    def relay_fates(self, cluster: str) -> Path:
        """Every packet that a relay dropped, or held at its end (RELAY_FATE)."""
        return self.root / "raw" / f"fates-{cluster}.parquet"

    @property
    def link_fates(self) -> Path:
        """Every media frame that the userspace wire lost, duplicated, corrupted, or held at the end (FRAME_FATE)."""
        return self.root / "raw" / "links.parquet"

    def sessions(self) -> Path:
        """One row per direction of a session: SSRC, session, source, destination, media."""
        return self.root / "raw" / "sessions.parquet"

    def capture(self, stem: str) -> Path:
        """Packets of a cluster's host, or of all captured links (`results.run_files.captured.LINKS`), in pcapng."""
        return self.root / "pcap" / f"{stem}.pcapng"

    def log(self, process: str) -> Path:
        """Standard error of one process."""
        return self.root / "logs" / f"{process}.log"

    @property
    def hung(self) -> Path:
        """Of a run that exceeded its time limit: what every process was waiting for."""
        return self.log("hung")

    @property
    def summary(self) -> Path:
        """Findings and verdict, after `summary.schema.json`."""
        return self.root / "summary.json"

    @property
    def comparison(self) -> Path:
        """Of a bundle that was played again: this run beside that of the bundle."""
        return self.root / "comparison.json"

    @property
    def ledger(self) -> Path:
        """The packet ledger: routes and stations."""
        return self.root / "ledger.json"

    @property
    def interruptions(self) -> Path:
        """Interruptions, a row each."""
        return self.root / "interruptions.csv"

    @property
    def streams(self) -> Path:
        """Loss, delay and jitter of streams, a row each."""
        return self.root / "streams.csv"

    @property
    def page(self) -> Path:
        """All of it for people, as one page of HTML."""
        return self.root / "report.html"

    @property
    def stall_plot(self) -> Path:
        """One-way delay of every stream over a relay, with the relay's queue and lock."""
        return self.root / "stall.png"

    @property
    def reroute_plot(self) -> Path:
        """What the interruptions that reroutes ended are made of."""
        return self.root / "reroutes.png"

    @property
    def latency_plot(self) -> Path:
        """One-way delay over time, by pair and route."""
        return self.root / "latency.png"


def _of_life(name: str, life: int) -> str:
    """The stem of files of a life: the first has no suffix."""
    return f"{name}.{life}" if life else name
