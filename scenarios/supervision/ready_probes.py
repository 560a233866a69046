"""Questions by which it is found out whether a program serves that does not tell: an HTTP request, or a command.

Each has a time limit of its own.
"""

from __future__ import annotations

import http.client
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from hostio.network import join_network_of
from hostio.process_handle import ProcessGroup
from scenarios.supervision.ready_signals import Answers

_ASKED_WITHIN_S = 2.0
_AGAIN_S = 0.02


def http_ok(url: str, network_of: int) -> Answers:
    """The signal is status 200 to a GET request, without redirection, in the network of process `network_of`."""
    why_not = f"{url} does not answer with status 200"
    return Answers(lambda: _asked(url, network_of), every_s=_AGAIN_S, why_not=lambda: why_not)


def command_ok(argv: Sequence[str], environment: Mapping[str, str], log: Path) -> Answers:
    """The signal is exit code 0 of a command, whose output goes to `log`. After 2 s it is killed, and when it has ended
    what it left running in its process group."""
    why_not = "its command does not end with exit code 0"
    return Answers(lambda: _succeeds(argv, environment, log), every_s=_AGAIN_S, why_not=lambda: why_not)


def ports_bound(missing: Callable[[], set[int]]) -> Answers:
    """The signal is that no UDP port is missing. `missing`: those that should be bound, and are not."""
    return Answers(lambda: not missing(), why_not=lambda: f"UDP port {min(missing(), default=0)} is not bound")


def _asked(url: str, network_of: int) -> bool:
    statuses: list[int] = []

    def ask() -> None:
        join_network_of(network_of)
        statuses.extend(_status(url))

    # A thread for each request: only threads can be in another network, and a slow answer can take any time.
    thread = Thread(target=ask, name="ready", daemon=True)
    thread.start()
    thread.join(_ASKED_WITHIN_S)
    return http.client.OK in statuses


def _status(url: str) -> list[int]:
    """The status of the answer; none if there is no valid one."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ASKED_WITHIN_S)
    try:
        connection.request("GET", parts._replace(scheme="", netloc="", fragment="").geturl() or "/")
        return [connection.getresponse().status]
    except (OSError, http.client.HTTPException):
        return []
    finally:
        connection.close()


def _succeeds(argv: Sequence[str], environment: Mapping[str, str], log: Path) -> bool:
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    group = ProcessGroup(process.pid)
    group.leader.gone(_ASKED_WITHIN_S)
    group.send(signal.SIGKILL)
    group.close()
    return process.wait() == 0
