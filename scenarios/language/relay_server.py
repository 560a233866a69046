"""The server behind an adapter in a `relay.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from hostio.timing import S
from results.run_files.relay_program import ServerProgram, ServerReady
from results.run_files.validation import Field, Strict, checked
from scenarios.language.program_fields import SERVER_READY
from scenarios.language.program_files import executable
from scenarios.language.readings import WHOLE, within, word
from scenarios.language.ready_field import found_ready
from scenarios.language.values import Delay

Word = Annotated[str, checked(word)]


class ServerFile(Strict):
    """A server with a protocol of its own, to which the relay's command is the adapter."""

    command: tuple[Word, ...] = Field(strict=False, examples=["[turnserver, -n]"])
    """Program and arguments, as the relay's."""
    environment: dict[str, Word] = Field(default={})
    """Variables beside those of the contract."""
    ready: Annotated[ServerReady, checked(SERVER_READY)] = "notify"
    """How it tells that it serves: READY=1 of sd_notify(3); UDP ports that are bound; an answer; or a command's end."""
    stop_grace: Delay = 3 * S
    """How long it may take to end after SIGTERM, before SIGKILL."""
    descriptors: Annotated[int, checked(within(WHOLE, "64", "1048576"))] = 1024
    """Limit of open files, RLIMIT_NOFILE."""
    turn: Annotated[int, checked(within(WHOLE, "1", "65535"))] | None = None
    """UDP port at the address of its host at which it takes TURN clients without credentials; WebRTC calls use it."""


def server_program(file: ServerFile, folder: Path) -> ServerProgram:
    """The server as the plan records it. `folder`: of the file."""
    return ServerProgram(
        command=(executable(file.command[0], folder), *file.command[1:]),
        environment=dict(file.environment),
        stop_grace_ns=file.stop_grace,
        descriptors=file.descriptors,
        ready=found_ready(file.ready, folder),
        turn_port=file.turn,
    )
