"""The media processes of a run: in every cluster a relay, a client, a prober and, for TCP connections, a peer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING

from hostio.timing import S, next_multiple
from relay_app.clients import client, tcp_peer
from relay_app.clients.client import ClientConfig
from relay_app.clients.permission_keeper import PermissionConfig
from relay_app.clients.tcp_peer import TcpPeerConfig
from relay_app.messages import MediaPrepared, MediaWindow, Prefetch, Prefetched, PrepareMedia, StartProbing
from relay_app.probing import prober
from relay_app.probing.prober import ProberConfig
from relay_app.program_media import decoder_ports
from relay_app.relay import process as relay_process
from relay_app.relay.process import RelayConfig, RelayFiles
from relay_app.rtp import ntp_offset_ns
from relay_app.sessions.directory import DirectoryEndpoint
from relay_app.streams import connections_of, media_of, spans_of, streams_of
from relay_app.webrtc import tap
from relay_app.webrtc.tap import TapConfig
from relay_app.webrtc.turn_frames import CHANNELS
from results.run_files.events import ProgramEnd
from results.run_files.faults import Part, Process
from results.run_files.plan import Plan
from results.run_files.relay_program import MetricsEndpoint, RelayProgram
from results.run_files.run_dir import RunDir
from scenarios.process_faults.fault_target import count_ends
from scenarios.process_faults.program_relay import AnyLife, ProgramRelay, ProgramRelayKind, end_program
from scenarios.process_faults.program_server import RelayServer, RelayServerKind
from scenarios.process_faults.relay import RelayKind, SupervisedRelay
from scenarios.process_faults.session_records import all_records, records_held
from scenarios.process_faults.version_life import VersionLife, VersionLifeKind
from scenarios.run import scraper
from scenarios.run.media_programs import MediaPrograms
from scenarios.run.refreshed_streams import consented_streams, refreshed_streams
from scenarios.run.scraper import ScraperConfig
from scenarios.run.webrtc_peers import WebrtcPeers
from scenarios.supervision.place import Place
from scenarios.supervision.process_kind import ProcessKind, Succession
from scenarios.supervision.processes import START_WITHIN_S, CannotStartError, ProcessError, RunProcess, Serve, spawn
from scenarios.supervision.run_control import SANDBOX_FOLDER, TELEMETRY, EventLog, fate_log
from scenarios.supervision.supervised import SupervisedProcess
from topologies.bpf.filters import first_byte_filter
from topologies.bpf.program import machine_code
from topologies.interface_names import HOST_PORT
from topologies.model import Cluster

if TYPE_CHECKING:
    # For its type only: what is pure here is also used where there is no Mininet.
    from topologies.fabric import Fabric

_LOOPBACK = "127.0.0.1"
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
        spawner = _Spawner(plan, run, fabric, events)
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


class _Spawner:
    """Makes the configuration of each process from the plan, and starts the process; it may not be ready on return."""

    def __init__(self, plan: Plan, run: RunDir, fabric: Fabric, events: EventLog) -> None:
        self._plan = plan
        self._events = events
        self._run = run
        self._fabric = fabric
        self._streams = streams_of(plan.sessions, plan.seed)
        self._spans = spans_of(plan.sessions, plan.seed)
        self._ntp_offset_ns = ntp_offset_ns(time_ns(), monotonic_ns())
        self._addresses = {cluster.ordinal: str(cluster.address) for cluster in plan.topology.clusters}
        self._directory = DirectoryEndpoint(host=str(plan.topology.cluster(plan.relays.directory).address))

    def relay(self, cluster: Cluster) -> SupervisedRelay:
        """The relay of a cluster, over all its lives."""
        kind = RelayKind(lambda life: self.relay_life(cluster, life))
        return SupervisedProcess(kind, count_ends(self._plan.faults, Process("relay", cluster.name)))

    def program(self, cluster: Cluster, first: RelayProgram) -> ProgramRelay:
        """The relay of a cluster that is a program in some lives, of which this is the first."""
        kinds = [self._life_kind(cluster, program) for program in self._plan.relay_lives(cluster.name)]
        part: Part = "adapter" if first.server else "both"
        return SupervisedProcess(Succession(kinds), count_ends(self._plan.faults, Process("relay", cluster.name), part))

    def _life_kind(self, cluster: Cluster, program: RelayProgram | None) -> ProcessKind[AnyLife]:
        if program is None:
            return VersionLifeKind(lambda life: self.relay_life(cluster, life))
        log, host_pid = self._run.log(f"relay-{cluster.name}"), self._fabric.host_pid(cluster.name)
        return ProgramRelayKind.confined(self._plan, cluster, program, log, host_pid, self._events.add)

    def server(self, cluster: Cluster) -> RelayServer | None:
        """The server behind the relay of a cluster, over all its lives; None if there is none."""
        program = self._plan.relays.program_of(cluster.name)
        if program is None or program.server is None:
            return None
        log, host_pid = self._run.log(f"server-{cluster.name}"), self._fabric.host_pid(cluster.name)
        kind = RelayServerKind.confined(self._plan, cluster, program, log, host_pid, self._events.add)
        return SupervisedProcess(kind, count_ends(self._plan.faults, Process("relay", cluster.name), "server"))

    def relay_life(self, cluster: Cluster, life: int) -> RunProcess:
        """Start life number `life` of a cluster's relay; life 0 serves, later ones stand by."""
        config = RelayConfig(
            ordinal=cluster.ordinal,
            addresses=self._addresses,
            directory=self._directory,
            files=RelayFiles(
                samples=self._run.staged(self._run.relay(cluster.name), life),
                fetches=self._run.staged(self._run.fetches(cluster.name), life),
                locks=self._run.locks(cluster.name, life),
                stacks=self._run.stacks(cluster.name, life),
                fates=fate_log(cluster.name, life),
            ),
            ntp_offset_ns=self._ntp_offset_ns,
            version=self._plan.relay_kinds(cluster.name)[life],
            idle_ns=self._plan.relays.idle_ns,
            lock_audit=self._plan.relays.lock_audit,
            life=life,
        )
        return self._spawn("relay", relay_process.stand_by if life else relay_process.serve, config, cluster)

    def media_programs(self) -> MediaPrograms:
        """The publishers and decoders, which are not started yet."""
        host_pids = {each.name: self._fabric.host_pid(each.name) for each in self._plan.topology.clusters}
        return MediaPrograms(self._streams, self._run, host_pids)

    def client(self, cluster: Cluster) -> RunProcess:
        """The media client of a cluster."""
        streams = tuple(stream for stream in self._streams if stream.source == cluster.name)
        config = ClientConfig(
            address=str(cluster.address),
            relay_address=str(cluster.address),
            direct_addresses={each.name: str(each.address) for each in self._plan.topology.clusters},
            streams=streams,
            media=media_of(self._plan.sessions),
            spans={each.ssrc: self._spans[each.ssrc] for each in streams if each.ssrc in self._spans},
            seed=self._plan.seed,
            ntp_offset_ns=self._ntp_offset_ns,
            sent_path=self._run.staged(self._run.sent(cluster.name)),
            received_path=self._run.staged(self._run.received(cluster.name)),
            decoders=decoder_ports(self._streams, cluster.name),
            sent_digests_path=self._digests(self._run.sent_digests(cluster.name)),
            received_digests_path=self._digests(self._run.received_digests(cluster.name)),
            permissions=self._permissions(cluster) if self._plan.permits or self._plan.consents else None,
        )
        return self._spawn("client", client.serve, config, cluster)

    def _permissions(self, cluster: Cluster) -> PermissionConfig:
        return PermissionConfig(
            ordinal=cluster.ordinal,
            addresses=self._addresses,
            streams=tuple(refreshed_streams(self._plan, self._streams, self._spans, cluster.name)),
            records=tuple(each for each in all_records(self._plan) if each.source == cluster.ordinal),
            directory=self._directory,
            ntp_offset_ns=self._ntp_offset_ns,
            refreshes_path=self._run.staged(self._run.refreshes(cluster.name)) if self._plan.permits else None,
            consented=tuple(consented_streams(self._plan, self._streams, self._spans, cluster.name)),
            seed=self._plan.seed,
            absences_path=self._run.staged(self._run.absences(cluster.name)) if self._plan.consents else None,
        )

    def _digests(self, raw: Path) -> Path | None:
        return self._run.staged(raw) if self._plan.has_program_media else None

    def prober(self, cluster: Cluster) -> RunProcess:
        """The prober of a cluster's links, and of the relays at their other ends."""
        controller = self._plan.controller
        peers = (
            self._plan.topology.cluster(direction.destination)
            for direction in self._plan.topology.directions
            if direction.source == cluster.name
        )
        config = ProberConfig(
            ordinal=cluster.ordinal,
            address=str(cluster.address),
            peers={peer.ordinal: str(peer.address) for peer in peers},
            ntp_offset_ns=self._ntp_offset_ns,
            report_path=str(TELEMETRY),
            records_path=self._run.staged(self._run.probes(cluster.name)),
            interval_ns=controller.probe_interval_ns,
            canary_interval_ns=controller.canary_interval_ns if controller.canaries else 0,
            canary_bytes=controller.canary_bytes,
        )
        return self._spawn("prober", prober.serve, config, cluster)

    def peer(self, cluster: Cluster) -> RunProcess:
        """The process that dials a cluster's TCP connections and accepts those of other clusters."""
        config = TcpPeerConfig(
            address=str(cluster.address),
            hosts={each.name: str(each.address) for each in self._plan.topology.clusters},
            connections=tuple(each for each in connections_of(self._plan.connections) if each.group.a == cluster.name),
            records_path=self._run.staged(self._run.exchanges(cluster.name)),
        )
        return self._spawn("peer", tcp_peer.serve, config, cluster)

    def scraper(self, cluster: Cluster, endpoint: MetricsEndpoint) -> RunProcess:
        """The process that reads the metrics of the program that is a cluster's relay."""
        config = ScraperConfig(endpoint, (str(cluster.address), _LOOPBACK), self._run.app_metrics(cluster.name))
        return self._spawn("metrics", scraper.serve, config, cluster)

    def tap(self, cluster: Cluster) -> RunProcess:
        """The process that records the packets of a cluster's WebRTC peers."""
        matched = machine_code(first_byte_filter(*CHANNELS))
        config = TapConfig(HOST_PORT, matched, self._run.staged(self._run.relayed_packets(cluster.name)))
        return self._spawn("tap", tap.serve, config, cluster)

    def webrtc_peers(self) -> WebrtcPeers:
        """The peers of WebRTC calls, which are not started yet."""
        host_pids = {name: self._fabric.host_pid(name) for name in self._plan.webrtc_clusters}
        return WebrtcPeers(self._plan, self._run, host_pids)

    def _spawn(self, kind: str, serve: Serve, config: object, cluster: Cluster) -> RunProcess:
        name = f"{kind}-{cluster.name}"
        place = Place(self._fabric.host_pid(cluster.name), (self._run.root, SANDBOX_FOLDER))
        return spawn(name, serve, config, self._run.log(name), place)
