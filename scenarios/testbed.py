"""Everything of one run that is alive: network, links, directory, relays, clients, probers and controller.

Built inside the sandbox, each part ready by its own word. Nothing is torn down piece by piece: the processes are
asked for their records, and the sandbox takes the rest with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic_ns

from controller.config import ControllerConfig
from hostio.control import Stopped
from hostio.grid import on_grid
from hostio.histogram import Lateness
from relay_app.canary import canary_records
from relay_app.directory import Directory, DirectoryEndpoint
from relay_app.messages import Play, StartProbing
from relay_app.sessions import streams_of
from relay_app.stream_record import StreamRecord
from results.machine import MachineReport
from results.plan import Environment, Plan
from results.rundir import RunDir
from scenarios import monitor
from scenarios.crew import Member, await_ready, dismiss, recruit, warm_up
from scenarios.event_log import EventLog
from scenarios.link_choice import start_links
from scenarios.media_crew import MediaCrew
from scenarios.memory import proportional_memory_bytes
from scenarios.monitor import MonitorConfig
from scenarios.rest import Observers, bring_to_rest, keep_relay_fates, link_rows
from scenarios.scratch import CONTROLLER_CONFIG, REDIS_SOCKET, TELEMETRY
from scenarios.services import ControllerProcess, start_redis
from topologies import names
from topologies.fabric import Fabric
from topologies.links import LinkBackend
from topologies.lookups import Lookups
from topologies.openvswitch import deepen_ports, lookups, packet_socket_drops, port_drops, start_openvswitch

_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Testbed:
    """A built testbed. `links` emulates the WAN; `media` are the media processes; `monitor` watches the machine.

    `lookups_before` is what the switches had looked up when it was ready.
    """

    plan: Plan
    run: RunDir
    observers: Observers
    links: LinkBackend
    media: MediaCrew
    controller: ControllerProcess
    monitor: Member
    lookups_before: Lookups

    @classmethod
    def build(cls, plan: Plan, run: RunDir, log: EventLog) -> Testbed:
        """Start everything, and return when it is ready for media."""
        environment = _environment(plan)
        warm_up(["scenarios.preload"])
        controller = _start_controller(plan, run)
        start_openvswitch(run.root / "logs")
        fabric = Fabric(plan.topology, environment.datapath, wired=environment.link_backend == "userspace")
        controller.await_milestone("listening", _READY_WITHIN_S)
        fabric.start()
        deepen_ports()
        observers = Observers.watch(plan, fabric)
        log.phase(f"network up: {len(plan.topology.clusters)} clusters, {len(plan.topology.links)} links")
        links = start_links(plan, environment, run)
        log.phase(f"links emulated: {environment.link_backend}")
        _start_directory(plan, run, fabric)
        media = MediaCrew.recruit(plan, run, fabric, TELEMETRY)
        watcher = _recruit_monitor(run)
        await_ready((*media.members, watcher), _READY_WITHIN_S)
        controller.await_milestone("installed", _READY_WITHIN_S)
        media.warm_relays(plan)
        # Between two faults' round times: a probe sent at the instant of a fault may or may not be lost to it.
        probing_ns = on_grid(monotonic_ns()) + plan.controller.probe_interval_ns // 2
        for prober in media.probers:
            prober.tell(StartProbing(probing_ns))
        controller.await_milestone("watching", _READY_WITHIN_S)
        log.phase("relays, clients and controller ready")
        return cls(plan, run, observers, links, media, controller, watcher, lookups())

    def start_media(self, start_ns: int, end_ns: int) -> None:
        """Have every client send what is due from `start_ns` until `end_ns`, and every TCP connection held as long.

        Everyone counts for as long how late they are, and the monitor how busy the machine is.
        """
        self.links.watch(start_ns, end_ns)
        for member in (*self.media.members, self.monitor):
            member.tell(Play(start_ns, end_ns))

    def finish(self) -> MachineReport:
        """Bring the media to rest, collect its records, and read the counters of the machinery."""
        memory_bytes = proportional_memory_bytes()
        end, counts = bring_to_rest(self.media, self.links, self.observers)
        hosts = self.observers.hosts(counts)
        members = (*self.media.members, self.monitor)
        last_words = dismiss(members, _STOP_WITHIN_S)
        in_hand = keep_relay_fates(self.plan.topology, self.run)
        self.links.close()
        return MachineReport(
            counters={**_by_process({name: words.counters for name, words in last_words.items()}), **in_hand},
            socket_drops={
                **_by_process({name: words.socket_drops for name, words in last_words.items()}),
                **packet_socket_drops(),
            },
            port_drops={
                name: drops
                for cluster in self.plan.topology.clusters
                for name, drops in port_drops(names.switch(cluster.ordinal)).items()
            },
            links=link_rows(self.plan.topology, end, counts),
            hosts=hosts,
            lateness={**_lateness(last_words), **({"wire: release": end.lateness} if end.lateness else {})},
            lookups=lookups().since(self.lookups_before),
            memory_bytes=memory_bytes,
            ended_early=tuple(member.name for member in members if member.name not in last_words),
        )

    def stop_controller(self) -> None:
        """End the controller, before anything that it watches; ServiceError if it had failed."""
        self.controller.stop(_STOP_WITHIN_S)


def _by_process(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {f"{process}: {name}": count for process, each in counts.items() for name, count in each.items()}


def _lateness(last_words: Mapping[str, Stopped]) -> dict[str, Lateness]:
    return {f"{name}: {thread}": each for name, words in last_words.items() for thread, each in words.lateness.items()}


def _recruit_monitor(run: RunDir) -> Member:
    config = MonitorConfig(run.staged(run.machine_samples), run.staged(run.core_samples))
    return recruit("monitor", monitor.serve, config, run.log("monitor"))


def _environment(plan: Plan) -> Environment:
    if plan.environment is None:
        raise ValueError("the plan of a run has its environment")
    return plan.environment


def _start_controller(plan: Plan, run: RunDir) -> ControllerProcess:
    CONTROLLER_CONFIG.write_text(ControllerConfig(plan.topology, plan.controller, TELEMETRY, run.decisions).to_json())
    return ControllerProcess.start(CONTROLLER_CONFIG, run.log("controller"))


def _start_directory(plan: Plan, run: RunDir, fabric: Fabric) -> None:
    """A Redis in its home cluster, holding every record before any media, as after the sessions' signalling."""
    home = plan.topology.cluster(plan.relays.directory)
    start_redis(fabric.host_pid(home.name), home.address, REDIS_SOCKET, run.log("redis"))
    ordinals = {cluster.name: cluster.ordinal for cluster in plan.topology.clusters}
    directory = Directory(DirectoryEndpoint(path=str(REDIS_SOCKET)))
    directory.write(
        StreamRecord(stream.ssrc, ordinals[stream.source], ordinals[stream.destination], stream.session)
        for stream in streams_of(plan.sessions, plan.seed)
        if stream.relayed
    )
    directory.write(canary_records((ordinals[here], ordinals[there]) for here, there in plan.topology.directions))
    directory.close()
