"""The network and the processes of one run: built in order, started, and stopped for their records.

Built inside the sandbox. Processes are stopped because their records are in memory; interfaces, switches and daemons
are not torn down one by one, because the kernel removes them with the sandbox's namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import monotonic_ns
from typing import Any

from hostio.control import Failed
from hostio.files import write_array
from hostio.procfs import proportional_memory_bytes
from relay_app.messages import MediaWindow
from relay_app.ports import DIRECTORY_PORT
from results.run_files.flow_tables import FlowTables
from results.run_files.machine import MachineReport
from results.run_files.plan import Environment, Plan
from results.run_files.run_dir import RunDir
from scenarios.process_faults.controller import Controller, start_controller, start_openflow_proxy
from scenarios.process_faults.directory import start_directory
from scenarios.process_faults.player import ProcessFaults
from scenarios.process_faults.targets import fault_targets
from scenarios.run.captures import Captures
from scenarios.run.hold_up_rows import hold_up_rows
from scenarios.run.limits import allowances
from scenarios.run.links import STARTERS
from scenarios.run.machine_report import counter_rows, lateness_rows, process_counts, socket_rows
from scenarios.run.media_processes import MediaProcesses, prepare_media
from scenarios.run.monitor import MonitorConfig, spawn_monitor
from scenarios.run.quiesce import Observers, collect_relay_fates, link_rows, quiesce
from scenarios.supervision.processes import RunProcess, await_ready, start_fork_server, stop_all
from scenarios.supervision.run_control import EventLog
from scenarios.supervision.supervised import SupervisedProcess
from topologies import interface_names as names
from topologies.bfd import bfd_settings
from topologies.fabric import Fabric
from topologies.link_backend import LinkBackend
from topologies.openvswitch import (
    DatapathStats,
    datapath_stats,
    enlarge_port_buffers,
    hurry_bfd,
    packet_socket_drops,
    port_drops,
    start_openvswitch,
)
from topologies.switch_tables import flow_rules

_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Testbed:
    """A built testbed. `observers`: kernel counters; `links`: the link back end; `process_faults`: plays faults on
    processes; `monitor`: samples the machine; `captures`: those that the plan asks for; `datapath_stats_before`:
    flow-table lookups when the testbed was ready.
    """

    plan: Plan
    run: RunDir
    observers: Observers
    links: LinkBackend
    media: MediaProcesses
    controller: SupervisedProcess[Controller]
    process_faults: ProcessFaults
    monitor: RunProcess
    captures: Captures
    datapath_stats_before: DatapathStats

    @classmethod
    def build(cls, plan: Plan, run: RunDir, log: EventLog) -> Testbed:
        """Start everything; on return it is ready for media. ProcessError, LinkError, CommandError, DirectoryError.

        Each comment below says what a step must precede or follow. Where there is a choice, what takes longest to start
        (mostly imports) is started first and waited for last.
        """
        environment = _environment(plan)
        log.begin("set-up", "starting the switches")
        # First: all processes of ours are forked from it, and it imports and compiles while the network is built.
        start_fork_server(["scenarios.run.preload"])
        # Before the switches: its framework takes long to import, which goes on while they start.
        controller = start_controller(plan, run)
        openflow_proxy = start_openflow_proxy(plan, run)
        start_openvswitch(run.root / "logs")
        log.begin("set-up", "building the network")
        bfd = bfd_settings(plan.controller.bfd_interval_ns) if plan.controller.bfd else ""
        inner_ends = environment.link_capabilities.inner_ends
        fabric = Fabric(plan.topology, environment.datapath, inner_ends=inner_ends, bfd=bfd)
        log.begin("set-up", "starting the controller")
        # The controller must listen before switches connect: a refused one tries again only after a second.
        controller.serving.await_ready(_READY_WITHIN_S)
        await_ready([openflow_proxy] if openflow_proxy else [], _READY_WITHIN_S)
        log.begin("set-up", "connecting the switches")
        fabric.start()
        enlarge_port_buffers()
        if bfd:
            hurry_bfd()
        # First reading of the counters, before any process sends.
        observers = Observers.watch(plan, fabric)
        log.phase(f"network up: {len(plan.topology.clusters)} clusters, {len(plan.topology.links)} links")
        log.begin("set-up", "emulating the links")
        # Links before directory and relays: these talk to each other over the links.
        links = STARTERS[environment.link_backend](plan, run)
        log.phase(f"links emulated: {environment.link_backend}")
        log.begin("set-up", "starting the session directory")
        # The directory, filled, before the relays: they connect to it at once, and back off if refused.
        directory = start_directory(plan, run, fabric)
        log.begin("set-up", "starting relays, clients and probers")
        media = MediaProcesses.spawn(plan, run, fabric, log)
        monitor = spawn_monitor(_monitor_config(plan, run, fabric, environment))
        await_ready((*media.running, monitor), _READY_WITHIN_S)
        media.await_programs()
        log.begin("set-up", "installing the direct paths")
        # The flow rules of direct paths before relays fetch records over them.
        controller.serving.await_milestone("installed", _READY_WITHIN_S)
        log.begin("set-up", "warming the relays")
        media.warm_relays(plan)
        log.begin("set-up", "learning the health of the links")
        # Probes after the relays are warm: delayed by the burst of records, they would show healthy links as degraded.
        media.start_probing(plan.controller.probe_interval_ns)
        controller.serving.await_milestone("watching", _READY_WITHIN_S)
        log.begin("set-up", "starting successors")
        # Successors last: their start takes CPU time, which would delay what is waited for above.
        relays: dict[str, SupervisedProcess[Any]] = {**media.relays, **media.programs}
        targets = fault_targets(plan, relays, media.servers, directory, controller, openflow_proxy)
        process_faults = ProcessFaults(plan.faults, targets, log)
        process_faults.prepare_successor()
        log.phase("relays, clients and controller ready")
        captures = Captures(plan, run, {each: fabric.host_pid(each) for each in plan.captured.clusters})
        return cls(plan, run, observers, links, media, controller, process_faults, monitor, captures, datapath_stats())

    def prepare_media(self) -> None:
        """Have clients compute their first packets; afterwards the media window reaches every process in time.

        ProcessError if one does not answer.
        """
        self.captures.start()
        self.media.webrtc_peers.start()
        self.media.media_programs.start()
        prepare_media((*self.media.serving_versions.values(), *self.media.clients, self.monitor), self.plan.duration_ns)

    def start_media(self, start_ns: int, end_ns: int) -> None:
        """Send media and hold TCP connections from `start_ns` until `end_ns`, CLOCK_MONOTONIC.

        In that time links and processes count their lateness, and the monitor samples the machine.
        """
        window = MediaWindow(start_ns, end_ns)
        self.links.watch(start_ns, end_ns)
        self.media.start(window)
        self.monitor.send(window)

    def flow_tables(self) -> FlowTables:
        """The rules of every switch, which nobody changes once the controller has stopped; CommandError."""
        at_ns = monotonic_ns()
        clusters = self.plan.topology.clusters
        rules = {each.name: tuple(sorted(flow_rules(names.switch(each.ordinal)))) for each in clusters}
        return FlowTables(at_ns, rules, lanes_apart=True)

    def finish(self, log: EventLog) -> MachineReport:
        """Stop media and processes, which write their records, and return all counters.

        The processes are stopped, and so write what they have, whatever fails before.
        """
        try:
            return self._report(log)
        except BaseException:
            stop_all(self._running, self._saving_s)
            raise
        finally:
            self.links.close()

    def _report(self, log: EventLog) -> MachineReport:
        """Memory is read while all processes live; counters of packets after everything that moves packets has
        stopped."""
        log.begin("collection", "stopping media, and reading counters")
        memory_bytes = proportional_memory_bytes()
        end, counts = quiesce(self.plan, self.media, self.links, self.observers, log)
        hosts = self.observers.hosts(counts)
        for captured in self.captures.stop():
            log.add(captured)
        running = self._running
        log.begin("collection", "writing the records")
        stopped = stop_all(running, self._saving_s)
        self.media.media_programs.stop_decoders()
        log.begin("collection", "reading the switches' counters")
        in_hand = collect_relay_fates(self.plan, self.media, self.run)
        processes = list(process_counts(self.media, self.plan.topology.clusters, stopped, in_hand))
        ordinals = {cluster.name: cluster.ordinal for cluster in self.plan.topology.clusters}
        write_array(self.run.staged(self.run.hold_ups), hold_up_rows(processes, end.hold_ups, ordinals))
        switches = [names.switch(cluster.ordinal) for cluster in self.plan.topology.clusters]
        return MachineReport(
            counters=counter_rows(processes),
            socket_drops=socket_rows(processes, packet_socket_drops()),
            port_drops=tuple(drops for switch in switches for drops in port_drops(switch)),
            backlog_drops=self.observers.backlog_drops(),
            links=link_rows(self.plan.topology, end, counts),
            hosts=hosts,
            lateness=lateness_rows(processes, end.lateness),
            lookups=datapath_stats().since(self.datapath_stats_before),
            memory_bytes=memory_bytes,
            ended_early=tuple(process.name for process in running if process.name not in stopped),
        )

    def failures(self) -> Iterator[Failed]:
        """Why processes said that they ended, each named."""
        for process in self._running:
            yield from (replace(each, why=f"{process.name}: {each.why}") for each in process.failures)

    @property
    def _running(self) -> tuple[RunProcess, ...]:
        return (*self.media.running, self.monitor)

    @property
    def _saving_s(self) -> float:
        return allowances(self.plan).saving_s

    def stop_controller(self) -> None:
        """Stop the controller; ProcessError if it had failed.

        Before the media processes: it would take probers and relays that are being stopped for failures, and reroute.
        """
        self.controller.stop(_STOP_WITHIN_S)


def _monitor_config(plan: Plan, run: RunDir, fabric: Fabric, environment: Environment) -> MonitorConfig:
    clusters = plan.topology.clusters
    programs = {each.ordinal: program for each in clusters if (program := plan.program_of(each.name))}
    return MonitorConfig(
        run,
        host_pids={cluster.ordinal: fabric.host_pid(cluster.name) for cluster in clusters},
        programs={cluster.ordinal: cluster.name for cluster in clusters if cluster.ordinal in programs},
        stacks={ordinal: program.stacks for ordinal, program in programs.items() if program.stacks},
        link_ends=_link_ends(plan, environment),
        peers={f"{plan.topology.cluster(plan.relays.directory).address}:{DIRECTORY_PORT}": "the session directory"},
        virtual_time=environment.clock == "virtual",
    )


def _link_ends(plan: Plan, environment: Environment) -> dict[int, str]:
    """Where frames leave each direction with a rate, by its index: the back end's inner end, or the port it shapes."""
    topology, inner = plan.topology, environment.link_capabilities.inner_ends
    found = {}
    for direction in plan.rated_directions:
        i, j = topology.ordinals(direction)
        found[topology.directions.index(direction)] = names.wire_port(j, i) if inner else names.switch_port(i, j)
    return found


def _environment(plan: Plan) -> Environment:
    if plan.environment is None:
        raise ValueError("the plan of a run has its environment")
    return plan.environment
