"""The run directory: every file name in it, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunDir:
    """Paths of one run. The plan is written first; summary, table and plot last, and these can be redone offline."""

    root: Path

    @property
    def plan(self) -> Path:
        """What was to be done, and the environment: written before anything starts."""
        return self.root / "plan.json"

    @property
    def events(self) -> Path:
        """What the runner did and when, a JSON object per line."""
        return self.root / "events.jsonl"

    @property
    def decisions(self) -> Path:
        """What the controller saw, decided and installed, a JSON object per line."""
        return self.root / "controller.jsonl"

    @property
    def machine(self) -> Path:
        """Counters read at the end: sockets, links, switch ports, memory."""
        return self.root / "machine.json"

    @property
    def machine_samples(self) -> Path:
        """The machine's clock and the run's processor time, once a second."""
        return self.root / "raw" / "machine.parquet"

    @property
    def core_samples(self) -> Path:
        """What each core of the machine did, once a second."""
        return self.root / "raw" / "cores.parquet"

    @property
    def staging(self) -> Path:
        """Where the media processes leave their arrays; gone once they are collected."""
        return self.root / "staging"

    def staged(self, raw: Path, life: int = 0) -> Path:
        """Where the array is left that becomes a file of raw records; a relay that was started anew leaves another."""
        return self.staging / f"{_of_life(raw.stem, life)}.npy"

    def sent(self, cluster: str) -> Path:
        """RTP packets sent by a cluster's client."""
        return self.root / "raw" / f"sent-{cluster}.parquet"

    def received(self, cluster: str) -> Path:
        """RTP packets received by a cluster's client."""
        return self.root / "raw" / f"received-{cluster}.parquet"

    def relay(self, cluster: str) -> Path:
        """A relay's counters over time."""
        return self.root / "raw" / f"relay-{cluster}.parquet"

    def fetches(self, cluster: str) -> Path:
        """Every key that a cluster's relay fetched from the directory."""
        return self.root / "raw" / f"fetches-{cluster}.parquet"

    def exchanges(self, cluster: str) -> Path:
        """Every request over a TCP connection dialled from a cluster, and when it was answered."""
        return self.root / "raw" / f"exchanges-{cluster}.parquet"

    def locks(self, cluster: str, life: int = 0) -> Path:
        """What a relay's lock audit found, as JSON (`relay_app.locks.report.LockReport`), in each of its lives."""
        return self.root / "locks" / f"{_of_life(cluster, life)}.json"

    def locks_of_all_lives(self, cluster: str) -> Iterator[Path]:
        """The first, whether it is there or not, and what later lives wrote."""
        yield self.locks(cluster)
        for life in itertools.count(1):
            if not self.locks(cluster, life).exists():
                return
            yield self.locks(cluster, life)

    def stacks(self, cluster: str, life: int = 0) -> Path:
        """The stacks of all threads of a relay, each time that its watchdog saw no progress."""
        return self.root / "locks" / f"{_of_life(cluster, life)}.stacks.txt"

    def probes(self, cluster: str) -> Path:
        """One-way probes that a cluster's prober received."""
        return self.root / "raw" / f"probes-{cluster}.parquet"

    def relay_fates(self, cluster: str) -> Path:
        """Every packet that a cluster's relay dropped, or still held at the end."""
        return self.root / "raw" / f"fates-{cluster}.parquet"

    @property
    def link_fates(self) -> Path:
        """Every media frame that the userspace wire lost, duplicated or corrupted, or still held at the end."""
        return self.root / "raw" / "links.parquet"

    def sessions(self) -> Path:
        """One row per direction of a session: SSRC, session, source, destination, media."""
        return self.root / "raw" / "sessions.parquet"

    def log(self, process: str) -> Path:
        """Standard error of one process."""
        return self.root / "logs" / f"{process}.log"

    @property
    def summary(self) -> Path:
        """The result, as `summary.schema.json` describes it."""
        return self.root / "summary.json"

    @property
    def ledger(self) -> Path:
        """Where every media packet went."""
        return self.root / "ledger.json"

    @property
    def interruptions(self) -> Path:
        """Every interruption, one row each."""
        return self.root / "interruptions.csv"

    @property
    def streams(self) -> Path:
        """What each direction of each session heard, one row each."""
        return self.root / "streams.csv"

    @property
    def stall_plot(self) -> Path:
        """Every session's latency over time, above it the relay's queue and lock."""
        return self.root / "stall.png"

    @property
    def latency_plot(self) -> Path:
        """One-way latency over time."""
        return self.root / "latency.png"


def _of_life(name: str, life: int) -> str:
    """A relay that was started anew writes new files."""
    return f"{name}.{life}" if life else name
