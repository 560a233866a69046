"""The server behind an adapter in a `relay.yaml`, and what command lines and variables there may name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import Template
from typing import Annotated, Literal

from hostio.timing import S
from results.run_files.relay_program import CONTRACT_VARIABLES, ServerProgram
from results.run_files.validation import Field, Strict, checked
from scenarios.language.document import DataPath, Problem
from scenarios.language.fields import WHOLE, one_of, within, word
from scenarios.language.values import Delay
from scenarios.language.wording import quoted

Word = Annotated[str, checked(word)]


class ServerFile(Strict):
    """A server with a protocol of its own, to which the relay's command is the adapter."""

    command: tuple[Word, ...] = Field(strict=False, examples=["[turnserver, -n]"])
    """Program and arguments, as the relay's."""
    environment: dict[str, Word] = Field(default={})
    """Variables beside those of the contract."""
    ready: Annotated[Literal["notify"], checked(one_of("notify"))] = "notify"
    """How it tells that it serves: READY=1 of sd_notify(3)."""
    stop_grace: Delay = 3 * S
    """How long it may take to end after SIGTERM, before SIGKILL."""
    descriptors: Annotated[int, checked(within(WHOLE, "64", "1048576"))] = 1024
    """Limit of open files, RLIMIT_NOFILE."""


def server_program(file: ServerFile, executable: str) -> ServerProgram:
    """The server as the plan records it."""
    return ServerProgram(
        command=(executable, *file.command[1:]),
        environment=dict(file.environment),
        stop_grace_ns=file.stop_grace,
        descriptors=file.descriptors,
    )


def name_problems(path: DataPath, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for each text whose ${…} is none of the contract's variables. `path`: of the mapping that has both."""
    texts = {(*path, "command", index): text for index, text in enumerate(command)}
    texts |= {(*path, "environment", name): text for name, text in environment.items()}
    for place, text in texts.items():
        if wrong := _wrong_name(text):
            known = ", ".join(CONTRACT_VARIABLES)
            yield Problem(place, f"{quoted(wrong)} is no variable of the contract; known: {known}; for a $ write $$")


def _wrong_name(text: str) -> str | None:
    for found in Template.pattern.finditer(text):
        name = found["named"] or found["braced"]
        if found["escaped"] is None and name not in CONTRACT_VARIABLES:
            return found[0]
    return None
