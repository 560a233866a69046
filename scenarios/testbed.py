"""Everything of one run that is alive: network, links, directory, relays, clients, probers and controller.

Built inside the sandbox, each part ready by its own word. Nothing is torn down piece by piece: the processes are
asked for their records, and the sandbox takes the rest with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic_ns

from controller.config import ControllerConfig
from hostio.grid import on_grid
from hostio.histogram import Lateness
from relay_app.messages import Play, StartProbing
from results.machine import MachineReport
from results.plan import Environment, Plan, Process
from results.rundir import RunDir
from scenarios import monitor
from scenarios.crew import Member, await_ready, dismiss, recruit, warm_up
from scenarios.event_log import EventLog
from scenarios.link_choice import start_links
from scenarios.media_crew import MediaCrew
from scenarios.memory import proportional_memory_bytes
from scenarios.monitor import MonitorConfig
from scenarios.posts.controller import ControllerPost
from scenarios.posts.directory import DirectoryPost, start_directory
from scenarios.posts.faults import ProcessFaults
from scenarios.posts.post import Post
from scenarios.rest import Observers, bring_to_rest, keep_relay_fates, link_rows
from scenarios.scratch import CONTROLLER_CONFIG, TELEMETRY
from scenarios.services import ControllerProcess
from topologies import names
from topologies.fabric import Fabric
from topologies.links import LinkBackend
from topologies.lookups import Lookups
from topologies.openvswitch import deepen_ports, lookups, packet_socket_drops, port_drops, start_openvswitch

_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Testbed:
    """A built testbed. `links` emulates the WAN; `media` are the media processes, `struck` what faults do to processes;
    `monitor` watches the machine.

    `lookups_before` is what the switches had looked up when it was ready.
    """

    plan: Plan
    run: RunDir
    observers: Observers
    links: LinkBackend
    media: MediaCrew
    controller: ControllerPost
    struck: ProcessFaults
    monitor: Member
    lookups_before: Lookups

    @classmethod
    def build(cls, plan: Plan, run: RunDir, log: EventLog) -> Testbed:
        """Start everything, and return when it is ready for media."""
        environment = _environment(plan)
        warm_up(["scenarios.preload"])
        post = _controller_post(plan, run)
        controller = post.serving
        post.expect(plan.faults)
        start_openvswitch(run.root / "logs")
        fabric = Fabric(plan.topology, environment.datapath, wired=environment.link_backend == "userspace")
        controller.await_milestone("listening", _READY_WITHIN_S)
        fabric.start()
        deepen_ports()
        observers = Observers.watch(plan, fabric)
        log.phase(f"network up: {len(plan.topology.clusters)} clusters, {len(plan.topology.links)} links")
        links = start_links(plan, environment, run)
        log.phase(f"links emulated: {environment.link_backend}")
        directory = start_directory(plan, run, fabric)
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
        struck = ProcessFaults(plan.faults, _posts(plan, media, directory, post), log)
        struck.man()
        log.phase("relays, clients and controller ready")
        return cls(plan, run, observers, links, media, post, struck, watcher, lookups())

    def start_media(self, start_ns: int, end_ns: int) -> None:
        """Have every client send what is due from `start_ns` until `end_ns`, and every TCP connection held as long.

        Everyone counts for as long how late they are, and the monitor how busy the machine is.
        """
        order = Play(start_ns, end_ns)
        self.links.watch(start_ns, end_ns)
        for member in (*self.media.members, self.monitor):
            member.tell(order)
        for post in self.media.relays:
            post.media = order

    def finish(self) -> MachineReport:
        """Bring the media to rest, collect its records, and read the counters of the machinery."""
        memory_bytes = proportional_memory_bytes()
        end, counts = bring_to_rest(self.media, self.links, self.observers)
        hosts = self.observers.hosts(counts)
        members = (*self.media.members, self.monitor)
        last_words = dismiss(members, _STOP_WITHIN_S)
        in_hand = keep_relay_fates(self.media.relays, self.run)
        self.links.close()
        return MachineReport(
            counters=_by_process(
                *((name, words.counters) for name, words in last_words.items()),
                *((post.name, post.remains.counters) for post in self.media.relays),
                *in_hand.items(),
            ),
            socket_drops={
                **_by_process(
                    *((name, words.socket_drops) for name, words in last_words.items()),
                    *((post.name, post.remains.socket_drops) for post in self.media.relays),
                ),
                **packet_socket_drops(),
            },
            port_drops={
                name: drops
                for cluster in self.plan.topology.clusters
                for name, drops in port_drops(names.switch(cluster.ordinal)).items()
            },
            backlog_drops=self.observers.backlog_drops(),
            links=link_rows(self.plan.topology, end, counts),
            hosts=hosts,
            lateness={
                **_lateness({name: words.lateness for name, words in last_words.items()}),
                **_lateness({post.name: post.remains.lateness for post in self.media.relays}),
                **({"wire: release": end.lateness} if end.lateness else {}),
            },
            lookups=lookups().since(self.lookups_before),
            memory_bytes=memory_bytes,
            ended_early=tuple(member.name for member in members if member.name not in last_words),
        )

    def stop_controller(self) -> None:
        """End the controller, before anything that it watches; ServiceError if it had failed."""
        self.controller.stop(_STOP_WITHIN_S)


def _by_process(*counts: tuple[str, Mapping[str, int]]) -> dict[str, int]:
    """Added up where a process had several lives."""
    total: Counter[str] = Counter()
    for process, each in counts:
        total.update({f"{process}: {name}": count for name, count in each.items()})
    return dict(total)


def _posts(
    plan: Plan, media: MediaCrew, directory: DirectoryPost | None, controller: ControllerPost
) -> dict[Process, Post]:
    """The place of every process that a fault may strike."""
    posts: dict[Process, Post] = {Process("controller"): controller}
    posts |= {
        Process("relay", each.name): post for each, post in zip(plan.topology.clusters, media.relays, strict=True)
    }
    return posts | {Process("directory"): directory} if directory else posts


def _lateness(found: Mapping[str, Mapping[str, Lateness]]) -> dict[str, Lateness]:
    return {f"{name}: {thread}": each for name, threads in found.items() for thread, each in threads.items()}


def _recruit_monitor(run: RunDir) -> Member:
    config = MonitorConfig(run.staged(run.machine_samples), run.staged(run.core_samples))
    return recruit("monitor", monitor.serve, config, run.log("monitor"))


def _environment(plan: Plan) -> Environment:
    if plan.environment is None:
        raise ValueError("the plan of a run has its environment")
    return plan.environment


def _controller_post(plan: Plan, run: RunDir) -> ControllerPost:
    CONTROLLER_CONFIG.write_text(ControllerConfig(plan.topology, plan.controller, TELEMETRY, run.decisions).to_json())
    return ControllerPost(partial(ControllerProcess.start, CONTROLLER_CONFIG, run.log("controller")), TELEMETRY)
