"""The media processes of a run: in every cluster a relay, a client, a prober and, for TCP connections, a peer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import TYPE_CHECKING

from hostio.timing import S, next_multiple
from relay_app.messages import MediaPrepared, MediaWindow, Prefetch, Prefetched, PrepareMedia, StartProbing
from relay_app.streams import streams_of
from results.run_files.events import ProgramEnd
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.process_faults.program_relay import ProgramRelay, end_program
from scenarios.process_faults.program_server import RelayServer
from scenarios.process_faults.relay import SupervisedRelay
from scenarios.process_faults.session_records import records_held
from scenarios.process_faults.version_life import VersionLife
from scenarios.run.media_programs import MediaPrograms
from scenarios.run.media_spawner import MediaSpawner
from scenarios.run.webrtc_peers import WebrtcPeers
from scenarios.supervision.processes import START_WITHIN_S, CannotStartError, ProcessError, RunProcess
from scenarios.supervision.run_control import EventLog

if TYPE_CHECKING:
    # For its type only: what is pure here is also used where there is no Mininet.
    from topologies.fabric import Fabric

_PREFETCH_WITHIN_S = 30.0
_PREPARED_WITHIN_S = 30.0
_VERSION_GRACE_NS = 10 * S
"""From Stop to SIGKILL, where a relay version serves among programs: it writes its records meanwhile."""


@dataclass(frozen=True, slots=True)
class MediaProcesses:
    """The media processes. Relays are by cluster name: `relays` of ours, `programs` that are others' in some life, and
    the `servers` to which some of these are adapters; everything else is in the order of the topology's clusters."""

    relays: Mapping[str, SupervisedRelay]
    programs: Mapping[str, ProgramRelay]
    servers: Mapping[str, RelayServer]
    clients: tuple[RunProcess, ...]
    probers: tuple[RunProcess, ...]
    peers: tuple[RunProcess, ...]
    """Ends of the TCP connections; empty if the scenario has none."""
    scrapers: Mapping[str, RunProcess] = field(default_factory=dict)
    """Readers of the programs' metrics, where they have an endpoint, by cluster."""
    taps: Mapping[str, RunProcess] = field(default_factory=dict)
    """Recorders of the packets of WebRTC peers, by cluster."""
    media_programs: MediaPrograms = field(kw_only=True)
    """Publishers and decoders of streams of other programs."""
    webrtc_peers: WebrtcPeers = field(kw_only=True)
    """The peers of WebRTC calls."""

    @classmethod
    def spawn(cls, plan: Plan, run: RunDir, fabric: Fabric, events: EventLog) -> MediaProcesses:
        """Start them all; but for servers behind adapters, they are not ready yet. CannotStartError if one of these is
        not in 10 s."""
        spawner = MediaSpawner(plan, run, fabric, events)
        clusters = plan.topology.clusters
        # Servers, ready, before their adapters.
        servers = {each.name: server for each in clusters if (server := spawner.server(each))}
        _await_ready(servers.values())
        return cls(
            relays={name: spawner.relay(plan.topology.cluster(name)) for name in plan.relays_of_ours},
            programs={
                each.name: spawner.program(each, program)
                for each in clusters
                if (program := plan.program_of(each.name))
            },
            servers=servers,
            clients=tuple(map(spawner.client, clusters)),
            probers=tuple(map(spawner.prober, clusters)),
            peers=tuple(map(spawner.peer, clusters)) if plan.connections else (),
            scrapers={
                each.name: spawner.scraper(each, program.metrics)
                for each in clusters
                if (program := plan.program_of(each.name)) and program.metrics
            },
            taps={name: spawner.tap(plan.topology.cluster(name)) for name in plan.webrtc_clusters},
            media_programs=spawner.media_programs(),
            webrtc_peers=spawner.webrtc_peers(),
        )

    @property
    def running(self) -> tuple[RunProcess, ...]:
        """Every process of ours that serves now; a relay between two lives is left out."""
        relays = [relay.running for relay in self.relays.values() if relay.running]
        return (*relays, *self.clients, *self.probers, *self.peers, *self.scrapers.values(), *self.taps.values())

    @property
    def serving_versions(self) -> dict[str, RunProcess]:
        """The relays that are relay versions now, by cluster, those included that are programs in other lives."""
        among_programs = {cluster: relay.running for cluster, relay in self.programs.items()}
        mixed = {name: life.process for name, life in among_programs.items() if isinstance(life, VersionLife)}
        return {name: relay.running for name, relay in self.relays.items() if relay.running} | mixed

    def await_programs(self) -> None:
        """Wait until the relays that are programs are ready; CannotStartError if one is not in 10 s."""
        _await_ready(self.programs.values())

    def end_programs(self, plan: Plan) -> Iterator[ProgramEnd]:
        """End the relays that are programs, one after the other, adapters before their servers; yields those that did
        not end as they should have."""
        for cluster, relay in self.programs.items():
            program, server = plan.relay_lives(cluster)[relay.lives - 1], self.servers.get(cluster)
            grace_ns = program.stop_grace_ns if program else _VERSION_GRACE_NS
            if relay.running and (end := end_program(relay, grace_ns)):
                yield _program_end(cluster, end.how, end.at_ns)
            behind = program.server if program else None
            if server and server.running and behind and (end := end_program(server, behind.stop_grace_ns)):
                yield _program_end(cluster, f"has a server that {end.how}", end.at_ns)

    def start(self, window: MediaWindow) -> None:
        """Send the media window to every process: clients send media in it, all count their lateness in it.

        Relays that succeed one of these get it when they take over.
        """
        for relay in self.relays.values():
            relay.do_in_each_life(lambda life: life.send(window))
        for program in self.programs.values():
            program.do_in_each_life(lambda life: life.process.send(window) if isinstance(life, VersionLife) else None)
        for process in (*self.clients, *self.probers, *self.peers, *self.scrapers.values()):
            process.send(window)

    def start_probing(self, interval_ns: int) -> None:
        """Start probing; `interval_ns` is the time between two probes of a link.

        Media, and with them faults, start at an aligned time. Probes start half an interval after one, because a probe
        sent at the very instant of a fault may or may not be lost, and detection would vary by an interval.
        """
        start_ns = next_multiple(monotonic_ns()) + interval_ns // 2
        for prober_process in self.probers:
            prober_process.send(StartProbing(start_ns))

    def warm_relays(self, plan: Plan) -> None:
        """Have all relays, concurrently, fetch the records that they are to hold before the media start.

        ProcessError if one does not report the expected number of records within 30 s.
        """
        streams = streams_of(plan.sessions, plan.seed)
        asked = [(relay, records_held(plan, streams, cluster)) for cluster, relay in self.serving_versions.items()]
        for relay, ssrcs in asked:
            relay.send(Prefetch(ssrcs))
        for relay, ssrcs in asked:
            answer = relay.answer(_PREFETCH_WITHIN_S)
            if answer != Prefetched(len(ssrcs)):
                raise ProcessError(f"{relay.name} holds {answer!r} of the {len(ssrcs)} records it should hold")


def _program_end(cluster: str, how: str, at_ns: int | None) -> ProgramEnd:
    """The event; `at_ns`: when the program ended by itself."""
    return ProgramEnd(cluster, how, monotonic_ns() if at_ns is None else at_ns, by_itself=at_ns is not None)


def _await_ready(programs: Iterable[ProgramRelay] | Iterable[RelayServer]) -> None:
    try:
        for program in programs:
            program.serving.await_ready(START_WITHIN_S)
    except ProcessError as error:
        raise CannotStartError(str(error)) from error


def prepare_media(processes: Iterable[RunProcess], duration_ns: int) -> None:
    """Have all these processes prepare for media, concurrently; ProcessError if one has not answered after 30 s."""
    asked = list(processes)
    for process in asked:
        process.send(PrepareMedia(duration_ns))
    for process in asked:
        process.expect(MediaPrepared(), _PREPARED_WITHIN_S)
