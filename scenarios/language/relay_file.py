"""The `relay.yaml` of a relay program: what it may say, and the program that it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args

from hostio.stack_dumps import StackTool
from hostio.timing import S
from results.run_files.relay_program import (
    Capability,
    MetricsEndpoint,
    Ready,
    RelayProgram,
    SessionSource,
)
from results.run_files.validation import Field, Strict, checked
from scenarios.language import yamlfile
from scenarios.language.contract_names import name_problems
from scenarios.language.document import DataPath, Problem
from scenarios.language.fields import url_path
from scenarios.language.program_fields import CAPABILITIES, READY, SIZE
from scenarios.language.program_files import closed_problems, command_problems, executable
from scenarios.language.readings import WHOLE, one_of, time_within, within, word
from scenarios.language.ready_field import found_ready, ready_problems
from scenarios.language.relay_server import ServerFile, server_program
from scenarios.language.schema import validated
from scenarios.language.values import Delay, Flag, Text
from scenarios.language.wording import quoted

PROGRAM_FILE = "relay.yaml"


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


def relay_program(folder: Path, *, shipped: bool) -> RelayProgram:
    """The relay program in a folder; `shipped`: it comes with the project. ScenarioError."""
    document = yamlfile.read(folder / PROGRAM_FILE)
    file = validated(RelayFile, document)
    if problems := [*_problems(file, folder, shipped)]:
        raise document.error(problems)
    return RelayProgram(
        folder=str(folder),
        command=(executable(file.command[0], folder), *file.command[1:]),
        description=file.description,
        environment=dict(file.environment),
        ready=found_ready(file.ready, folder),
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
        server=server_program(file.server, folder) if file.server else None,
        packages=file.packages,
    )


def _problems(file: RelayFile, folder: Path, shipped: bool) -> Iterator[Problem]:
    """What is wrong with the commands and variables of a relay and of its server."""
    remedy = "run scripts/setup --relays" if shipped else "build it, or install it"
    if file.packages:
        by_setup = " (scripts/setup --relays)" if shipped else ""
        remedy = f"install {' '.join(file.packages)}{by_setup}"
    parts: list[tuple[DataPath, RelayFile | ServerFile]] = [((), file)]
    parts += [(("server",), file.server)] if file.server else []
    for path, part in parts:
        missing = [*command_problems(path, part.command, folder, remedy)]
        reads_all = "dac_read_search" in file.capabilities
        yield from missing or (() if reads_all else closed_problems(path, part.command, folder))
        yield from name_problems(path, part.command, part.environment)
        yield from ready_problems((*path, "ready"), part.ready, folder, remedy)
    for index, name in enumerate(file.uses):
        if "/" in name or not Path(executable(name, folder)).is_file():
            yield Problem(("uses", index), f"there is no program {quoted(name)}; {remedy}")
    if file.watchdog is not None and file.ready != "notify":
        yield Problem(("watchdog",), "WATCHDOG=1 comes by sd_notify(3); write ready: notify, or no watchdog")
