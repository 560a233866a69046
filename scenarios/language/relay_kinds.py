"""Relay kinds: from what a scenario names to a relay version, or to the program in a folder with a `relay.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, get_args

from hostio.stack_dumps import StackTool
from hostio.timing import S
from relay_app import programs
from relay_app.versions.version_names import VERSIONS
from results.metrics.metric_names import app_metric, program_metric_names
from results.run_files.faults import Fault, Kill, ProcessFault, Stop
from results.run_files.plan import Plan
from results.run_files.relay_program import (
    Capability,
    CommandOk,
    MetricsEndpoint,
    Ready,
    RelayProgram,
    SessionSource,
)
from results.run_files.validation import Field, Strict, checked
from scenarios.language import yamlfile
from scenarios.language.document import DataPath, Document, Problem
from scenarios.language.event_schema import Event
from scenarios.language.fields import WHOLE, one_of, time_within, url_path, within, word
from scenarios.language.process_events import RelaySuccession
from scenarios.language.program_fields import CAPABILITIES, READY, SIZE
from scenarios.language.program_files import closed_problems, command_problems, executable
from scenarios.language.relay_server import ServerFile, name_problems, server_program
from scenarios.language.schema import ScenarioFile, validated
from scenarios.language.values import Delay, Flag, Text
from scenarios.language.wording import quoted
from topologies.sandbox import RUNTIME

PROGRAM_FILE = "relay.yaml"

_SHIPPED = Path(programs.__file__).parent


class Metrics(Strict):
    """Where a relay program gives metrics of itself, in the text format of Prometheus."""

    port: Annotated[int, checked(within(WHOLE, "1", "65535"))] = Field(examples=["9100"])
    """TCP port, at the address of its host or at 127.0.0.1."""
    path: Annotated[str, checked(url_path)] = "/metrics"
    """Path of the request."""


class RelayFile(Strict):
    """A relay program: how it is started and stopped, and what it does of the packet contract."""

    description: Text = ""
    """In a sentence, what relay it is."""
    command: tuple[Annotated[str, checked(word)], ...] = Field(strict=False, examples=["[./relay, --verbose]"])
    """Program and arguments, without a shell; run in the folder of this file. A program without a slash is one of PATH.
    """
    uses: tuple[Annotated[str, checked(word)], ...] = Field(default=(), strict=False)
    """Programs that it starts itself, which must be installed."""
    environment: dict[str, Annotated[str, checked(word)]] = Field(default={})
    """Variables beside those of the contract."""
    ready: Annotated[Ready, checked(READY)] = "notify"
    """How it tells that it serves: READY=1 of sd_notify(3); ports: all lanes are bound; an answer; or a command's end.
    """
    watchdog: Annotated[int, checked(time_within("100ms", "60s"))] | None = None
    """It sends WATCHDOG=1 of sd_notify(3) at least so often while it is well."""
    capabilities: Annotated[tuple[Capability, ...], checked(CAPABILITIES)] = Field(default=(), strict=False)
    """The capabilities(7) that it needs."""
    sessions: Annotated[SessionSource, checked(one_of(*get_args(SessionSource)))] = "directory"
    """Where it finds a session that it does not hold; file: it holds all from its start; none: it passes on whatever
    comes from one of two clusters to the other. Neither is ever cold."""
    stop_grace: Delay = 3 * S
    """How long it may take to end after SIGTERM, before SIGKILL."""
    descriptors: Annotated[int, checked(within(WHOLE, "64", "1048576"))] = 1024
    """Limit of open files, RLIMIT_NOFILE."""
    memory: Annotated[int, checked(within(SIZE, "16MiB", "64GiB"))] = 2 << 30
    """Limit of the memory that each of its processes has for itself, RLIMIT_DATA."""
    processes: Annotated[int, checked(within(WHOLE, "1", "65536"))] = 512
    """Limit of its processes and threads, RLIMIT_NPROC."""
    path_log: Flag = False
    """Whether it enters its ordinal in the path log of the packets that it forwards."""
    stacks: Annotated[StackTool, checked(one_of(*get_args(StackTool)))] | None = None
    """By what the stacks of its threads are taken when it stalls; unless given, they are not."""
    metrics: Metrics | None = None
    """Where it gives metrics of itself."""
    server: ServerFile | None = Field(default=None)
    """A server with a protocol of its own, started before the command, which is the adapter to it."""
    packages: tuple[Annotated[str, checked(word)], ...] = Field(strict=False, default=())
    """Debian packages that it needs, for the message if its program is missing, and for the summary."""


@dataclass(frozen=True, slots=True)
class RelayKinds:
    """The kinds of a scenario. `names`: of each, by what the scenario says; `programs`: those that are, by name."""

    names: Mapping[str, str]
    programs: dict[str, RelayProgram]

    def named(self, fault: Fault) -> Fault:
        """The fault with the name of the kind that it brings, for what the scenario says."""
        if isinstance(fault, ProcessFault) and isinstance(fault.action, Stop | Kill) and fault.action.successor:
            return replace(fault, action=replace(fault.action, successor=self.names[fault.action.successor]))
        return fault


def relay_kinds(scenario: ScenarioFile, document: Document) -> RelayKinds:
    """Find the kinds that a scenario names. ScenarioError if one is no folder with a valid `relay.yaml`."""
    names: dict[str, str] = {}
    found: dict[str, RelayProgram] = {}
    for path, kind in _named(scenario):
        if kind in VERSIONS or kind in names:
            names.setdefault(kind, kind)
            continue
        folder = _SHIPPED / kind if kind in programs.PROGRAMS else _folder(kind, path, document)
        if problem := _folder_problem(folder, kind, path):
            raise document.error([problem])
        program = _program(folder)
        name = folder.name if folder.name not in (*found, *VERSIONS) else str(folder)
        names[kind], found[name] = name, program.limited(scenario.relays.descriptors)
    return RelayKinds(names, found)


def kind_problems(plan: Plan) -> Iterator[Problem]:
    """A problem for each relay program that cannot do what the scenario wants of it.

    One that holds all sessions from its start cannot be cold for some; canaries through one without path log could have
    come through another relay. And one for each expectation on the process of a relay that is no program.
    """
    yield from _expectation_problems(plan)
    for cluster in (each.name for each in plan.topology.clusters):
        for name in dict.fromkeys(plan.relay_kinds(cluster)):
            if program := plan.relays.programs.get(name):
                yield from _program_problems(plan, cluster, program, quoted(name))


def _program_problems(plan: Plan, cluster: str, program: RelayProgram, kind: str) -> Iterator[Problem]:
    if plan.controller.canaries and not program.writes_path_log:
        text = f"{kind} writes no path log, which relay-canary needs; write [link]"
        yield Problem(("controller", "detect"), text)
    passing = any(group.relayed and cluster not in (group.a, group.b) for group in plan.sessions)
    if program.sessions == "file" and passing and plan.relays.warm.get(cluster, 0.0) < 1:
        text = f"{kind} holds all sessions from its start, and cannot be cold; write warm: {{{cluster}: 100%}}"
        yield Problem(("relays", "warm"), text)
    if program.sessions == "none":
        yield from _passing_problems(plan, cluster, kind)


def _passing_problems(plan: Plan, cluster: str, kind: str) -> Iterator[Problem]:
    """A problem if a program that keeps no sessions could not tell from where a packet comes whereto it goes."""
    path = ("relays", "kinds", cluster) if cluster in plan.relays.versions else ("relays", "kind")
    others = len(plan.topology.clusters) - 1
    ends = [group.name for group in plan.sessions if group.relayed and cluster in (group.a, group.b)]
    if others != 2:
        text = f"{kind} keeps no sessions, and stands between two clusters; {plan.topology.name} has {others} others"
        yield Problem(path, f"{text}; write another kind")
    elif ends:
        text = f"{kind} keeps no sessions, and has no way to the clients of {cluster}, an end of {quoted(ends[0])}"
        yield Problem(path, f"{text}; name it in kinds, for a cluster between others")


def succession_problems(plan: Plan, events: Iterable[Event]) -> Iterator[Problem]:
    """A problem for each event that has a program succeed a relay of ours, or the reverse: their records differ.

    And for each with a server on either side: the event would replace its adapter alone.
    """
    for index, event in enumerate(events):
        if not isinstance(event, RelaySuccession) or event.kind is None:
            continue
        was_program, now = event.cluster not in plan.relays_of_ours, plan.relays.version_of(event.cluster)
        if was_program == (event.kind in VERSIONS):
            is_one, other = ("no program", "a program") if was_program else ("a program", "a relay version")
            text = f"{quoted(event.kind)} is {is_one}, and cannot succeed {quoted(now)}; write {other}"
            yield Problem(("events", index, "kind"), text)
        elif any(program.server for program in plan.relay_programs(event.cluster)) and event.kind != now:
            text = f"{quoted(event.kind)} cannot succeed {quoted(now)}: one of them is a server with an adapter"
            yield Problem(("events", index, "kind"), f"{text}; leave out kind")


def _expectation_problems(plan: Plan) -> Iterator[Problem]:
    names = program_metric_names(plan.relays_of_ours)
    for index, expectation in enumerate(plan.expectations):
        asked = app_metric(expectation.metric)
        program = plan.relays.program_of(asked[0]) if asked else None
        if asked and not (program and program.metrics):
            text = (
                f"the relay of {asked[0]} has no metrics endpoint; name one in its relay.yaml: metrics: {{port: 9100}}"
            )
            yield Problem(("expect", index), text)
        if expectation.metric in names:
            cluster = expectation.metric.split(".")[1]
            text = (
                f"the relay of {cluster} is no program, and has no process of its own; leave it out, or name a program"
            )
            yield Problem(("expect", index), text)


def _named(scenario: ScenarioFile) -> Iterator[tuple[DataPath, str]]:
    yield ("relays", "kind"), scenario.relays.kind
    for cluster, kind in scenario.relays.kinds.items():
        yield ("relays", "kinds", cluster), kind
    for index, event in enumerate(scenario.events):
        if isinstance(event, RelaySuccession) and event.kind is not None:
            yield ("events", index, "kind"), event.kind


def _folder(kind: str, path: DataPath, document: Document) -> Path:
    return document.path_of(kind, path).resolve()


def _folder_problem(folder: Path, kind: str, path: DataPath) -> Problem | None:
    if not (folder / PROGRAM_FILE).is_file():
        return Problem(path, f"there is no {PROGRAM_FILE} in {quoted(kind)}; write the path of a relay's folder")
    if RUNTIME in folder.parents:
        return Problem(path, f"{quoted(kind)} lies under {RUNTIME}, which a run covers; move it elsewhere")
    return None


def _program(folder: Path) -> RelayProgram:
    document = yamlfile.read(folder / PROGRAM_FILE)
    file = validated(RelayFile, document)
    if problems := [*_problems(file, folder)]:
        raise document.error(problems)
    return RelayProgram(
        folder=str(folder),
        command=(executable(file.command[0], folder), *file.command[1:]),
        description=file.description,
        environment=dict(file.environment),
        ready=_found_ready(file.ready, folder),
        watchdog_ns=file.watchdog or 0,
        capabilities=file.capabilities,
        sessions=file.sessions,
        stop_grace_ns=file.stop_grace,
        descriptors=file.descriptors,
        memory_bytes=file.memory,
        processes=file.processes,
        writes_path_log=file.path_log,
        stacks=file.stacks,
        metrics=MetricsEndpoint(file.metrics.port, file.metrics.path) if file.metrics else None,
        server=server_program(file.server, executable(file.server.command[0], folder)) if file.server else None,
        packages=file.packages,
    )


def _problems(file: RelayFile, folder: Path) -> Iterator[Problem]:
    """What is wrong with the commands and variables of a relay and of its server."""
    remedy = "run scripts/setup --relays" if folder.parent == _SHIPPED else "build it, or install it"
    if file.packages:
        by_setup = " (scripts/setup --relays)" if folder.parent == _SHIPPED else ""
        remedy = f"install {' '.join(file.packages)}{by_setup}"
    parts: list[tuple[DataPath, RelayFile | ServerFile]] = [((), file)]
    parts += [(("server",), file.server)] if file.server else []
    for path, part in parts:
        missing = [*command_problems(path, part.command, folder, remedy)]
        reads_all = "dac_read_search" in file.capabilities
        yield from missing or (() if reads_all else closed_problems(path, part.command, folder))
        yield from name_problems(path, part.command, part.environment)
    for index, name in enumerate(file.uses):
        if "/" in name or not Path(executable(name, folder)).is_file():
            yield Problem(("uses", index), f"there is no program {quoted(name)}; {remedy}")
    yield from _ready_problems(file, folder, remedy)


def _ready_problems(file: RelayFile, folder: Path, remedy: str) -> Iterator[Problem]:
    if file.watchdog is not None and file.ready != "notify":
        yield Problem(("watchdog",), "WATCHDOG=1 comes by sd_notify(3); write ready: notify, or no watchdog")
    if isinstance(file.ready, CommandOk):
        yield from command_problems(("ready",), file.ready.command, folder, remedy)
        yield from name_problems(("ready",), file.ready.command, {})


def _found_ready(ready: Ready, folder: Path) -> Ready:
    """The signal, with the path of its command, if it is one."""
    if isinstance(ready, CommandOk):
        return CommandOk((executable(ready.command[0], folder), *ready.command[1:]))
    return ready
