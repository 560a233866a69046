"""Starts the media processes of a run, one by one: the configuration of each, made from the plan."""

from __future__ import annotations

from pathlib import Path
from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING

from relay_app.clients import client, tcp_peer
from relay_app.clients.client import ClientConfig
from relay_app.clients.media_reporter import MediaReportConfig
from relay_app.clients.permission_keeper import PermissionConfig
from relay_app.clients.tcp_peer import TcpPeerConfig
from relay_app.load_order import order_socket
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
from results.run_files.faults import Part, Process
from results.run_files.plan import Plan
from results.run_files.relay_program import MetricsEndpoint, RelayProgram
from results.run_files.run_dir import RunDir
from scenarios.process_faults.fault_target import count_ends
from scenarios.process_faults.program_relay import AnyLife, ProgramRelay, ProgramRelayKind
from scenarios.process_faults.program_server import RelayServer, RelayServerKind
from scenarios.process_faults.relay import RelayKind, SupervisedRelay
from scenarios.process_faults.session_records import all_records
from scenarios.process_faults.version_life import VersionLifeKind
from scenarios.run import scraper
from scenarios.run.media_programs import MediaPrograms
from scenarios.run.refreshed_streams import consented_streams, refreshed_streams
from scenarios.run.scraper import ScraperConfig
from scenarios.run.webrtc_peers import WebrtcPeers
from scenarios.supervision.place import Place
from scenarios.supervision.process_kind import ProcessKind, Succession
from scenarios.supervision.processes import RunProcess, Serve, spawn
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


class MediaSpawner:
    """Starts the processes of a plan; they may not be ready on return."""

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
            report_path=str(TELEMETRY) if self._plan.controller.coverage else "",
            order_path=self._order_path(cluster),
        )
        return self._spawn("relay", relay_process.stand_by if life else relay_process.serve, config, cluster)

    def _order_path(self, cluster: Cluster) -> str:
        orders = self._plan.controller.policy.name == "prewarm"
        return str(order_socket(TELEMETRY.parent, cluster.ordinal)) if orders else ""

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
            reports=self._reports(cluster) if self._plan.controller.media_reports else None,
        )
        return self._spawn("client", client.serve, config, cluster)

    def _reports(self, cluster: Cluster) -> MediaReportConfig:
        return MediaReportConfig(
            cluster=cluster.ordinal,
            ordinals={each.name: each.ordinal for each in self._plan.topology.clusters},
            incoming=tuple(stream for stream in self._streams if stream.destination == cluster.name),
            path=str(TELEMETRY),
            interval_ns=self._plan.controller.report_interval_ns,
        )

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
            reflect=controller.probes == "stamp",
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
