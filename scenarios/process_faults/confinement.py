"""How the commands of a relay program are confined: what they may see, use, take and do.

They are started by a chain of exec (nsenter, env, prlimit, setpriv): no process stands between runner and program, so
that signals reach its process group, and its exit code is its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hostio.mounts import mount_tmpfs
from hostio.procfs import is_mapped_user
from results.run_files.relay_program import CommandOk, RelayProgram, ServerProgram
from scenarios.process_faults.program_mounts import FOLDER_BYTES, ProgramMounts
from scenarios.supervision.processes import ProcessError
from topologies.model import MAX_CLUSTERS
from topologies.sandbox import in_network_of

LOG_BYTES = 64 << 20
"""Limit of every file that a program writes, its log included."""

_USERS = range(61184, 65520)
"""Numbers of users that nobody has for long: systemd gives them to services with DynamicUser= (systemd.exec(5))."""

_USERS_OF_A_RUN = 2 * (MAX_CLUSTERS + 1)
"""Of each cluster one for its relay, and one for the server behind it, by the cluster's ordinal."""

_READS_ALL = "dac_read_search"
_SETS_NETWORK = "net_admin"


@dataclass(frozen=True, slots=True)
class Confinement:
    """The confinement of a program, or of the server behind it, which may have this many `descriptors`.

    `host_pid`: a process in the network of its cluster's host; `mounts`: descriptor of its mount namespace; `user`:
    number of the user and group that it runs as, None for those of the runner.
    """

    program: RelayProgram
    descriptors: int
    host_pid: int
    mounts: int
    user: int | None

    @classmethod
    def make(cls, program: RelayProgram, descriptors: int, host_pid: int, folder: Path, number: int) -> Confinement:
        """Confine a program to `folder`, which is made if need be. `number`: one for each folder. ProcessError."""
        user = own_user(number)
        closed = user is not None and _READS_ALL not in program.capabilities
        seen = tuple(_seen(program))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not folder.is_mount():  # a later life of a relay may be another program
                mount_tmpfs(folder, 0o755, FOLDER_BYTES)
            mounts = ProgramMounts(folder, seen, closed, _SETS_NETWORK in program.capabilities).make()
        except OSError as error:
            raise ProcessError(f"{program.command[0]} cannot be confined: {error}") from error
        return cls(program, descriptors, host_pid, mounts, user)

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` in the program's folder."""
        inside = f"--mount=/proc/{os.getpid()}/fd/{self.mounts}"
        # A file that may not grow any more is an error to the program, not its end.
        here = ["env", f"--chdir={self.program.folder}", "--ignore-signal=XFSZ"]
        chain = [*here, "prlimit", *self._limits(), "--", "setpriv", *self._privileges(), "--", *argv]
        return in_network_of(self.host_pid, chain, inside)

    def give(self, folder: Path, log: Path) -> None:
        """Have a folder, with what is in it, and a log be the program's."""
        log.touch()
        if self.user is not None:
            for each in (folder, *folder.iterdir(), log):
                os.chown(each, self.user, self.user)

    def _limits(self) -> Iterator[str]:
        yield f"--nofile={self.descriptors}"
        yield f"--fsize={LOG_BYTES}"
        yield f"--data={self.program.memory_bytes}"
        yield "--core=0"
        if self.user is not None:  # root's processes are not limited, nor counted apart from the run's
            yield f"--nproc={self.program.processes}"

    def _privileges(self) -> Iterator[str]:
        if self.user is not None:
            yield from (f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups")
        kept = ",".join(["-all", *(f"+{each}" for each in self.program.capabilities)])
        yield from ("--no-new-privs", "--bounding-set", kept, "--inh-caps", kept, "--ambient-caps", kept)


def own_user(number: int) -> int | None:
    """A user for a program of this run; None in a user namespace that has no such user.

    Runs that go on at the same time have others, with luck: the kernel counts a user's processes over all of them.
    """
    run = Path("/proc/self/ns/pid").stat().st_ino
    user = _USERS[(_USERS_OF_A_RUN * run + number) % len(_USERS)]
    return user if is_mapped_user(user) else None


def is_of_a_program(pid: int) -> bool:
    """Whether a process runs as the user of a relay program, which it has in runs by root."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid in _USERS
    except OSError:
        return False


def _seen(program: RelayProgram) -> Iterator[Path]:
    """The program's folder, and where its commands are installed: beside what is in a `bin`, more may belong to it."""
    yield Path(program.folder)
    parts: list[RelayProgram | ServerProgram] = [program, *([program.server] if program.server else [])]
    commands = [part.command for part in parts]
    commands += [part.ready.command for part in parts if isinstance(part.ready, CommandOk)]
    for command in commands:
        place = Path(os.path.normpath(command[0])).parent
        yield place.parent if place.name in ("bin", "sbin") and len(place.parts) > 2 else place
