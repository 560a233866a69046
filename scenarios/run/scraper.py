"""Reads the metrics of a relay program once a second, over HTTP, from a process in its host's network.

The program may answer late, never, or without end: a request has a time limit as a whole, enforced by a signal, and a
limit of size. Whatever it answers, the run goes on.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic_ns
from types import FrameType

from hostio.control import Ready, Stop, Stopped, receive, tell
from hostio.files import write_whole
from hostio.timing import MS, S, Ticker
from relay_app.messages import MediaWindow
from results.run_files.app_metrics import Scrape
from results.run_files.documents import dump_line
from results.run_files.relay_program import MetricsEndpoint
from scenarios.run.prometheus_text import parse_metrics

_WITHIN_S = 0.5
_MOST_BYTES = 1 << 20
_OK = 200
_PHASE_NS = 270 * MS
"""Offset within each second after the media start; the monitor samples at another."""

_HEADERS = {"Accept": "text/plain;version=0.0.4", "Connection": "close"}


@dataclass(frozen=True, slots=True)
class ScraperConfig:
    """`hosts`: addresses at which the endpoint may listen, the first one that answers is taken; `records_path`: for the
    lines."""

    endpoint: MetricsEndpoint
    hosts: Sequence[str]
    records_path: Path


def serve(config: ScraperConfig, control: Connection) -> None:
    """Send Ready; from MediaWindow on read the metrics once a second; at Stop write the lines and send Stopped."""
    scrapes: list[Scrape] = []
    ticker = Ticker(S)
    tell(control, Ready())
    while True:
        if control.poll(None if ticker.due_ns is None else max(ticker.due_ns - monotonic_ns(), 0) / S):
            message = receive(control)
            if isinstance(message, Stop):
                break
            if isinstance(message, MediaWindow):
                ticker.begin(message.start_ns - S + _PHASE_NS)
        if list(ticker.due(monotonic_ns())):
            scrapes.append(scrape(config.endpoint, config.hosts))
            _log_change(scrapes)
    write_whole(config.records_path, "".join(map(dump_line, scrapes)))
    tell(control, Stopped({}))


def scrape(endpoint: MetricsEndpoint, hosts: Sequence[str], within_s: float = _WITHIN_S) -> Scrape:
    """The present metrics, or why there are none; takes `within_s` at most for each host."""
    at_ns = monotonic_ns()
    problem = ""
    for host in hosts:
        try:
            with _time_limit(within_s):
                return parse_metrics(_text(endpoint, host), at_ns)
        except ConnectionRefusedError:
            problem = problem or f"nobody listens at port {endpoint.port}"
        except TimeoutError:
            return Scrape(at_ns, problem=f"no whole answer within {within_s:g} s")
        except (OSError, HTTPException, ValueError) as error:
            return Scrape(at_ns, problem=f"{error}" or type(error).__name__)
    return Scrape(at_ns, problem=problem)


def _text(endpoint: MetricsEndpoint, host: str) -> str:
    connection = HTTPConnection(host, endpoint.port)
    try:
        connection.request("GET", endpoint.path, headers=_HEADERS)
        answer = connection.getresponse()
        if answer.status != _OK:
            raise ValueError(f"HTTP status {answer.status} at {endpoint.path}")
        body = answer.read(_MOST_BYTES + 1)
    finally:
        connection.close()
    if len(body) > _MOST_BYTES:
        raise ValueError(f"an answer of more than {_MOST_BYTES} bytes")
    return body.decode("utf-8", errors="replace")


@contextmanager
def _time_limit(within_s: float) -> Iterator[None]:
    """Raise TimeoutError in the block after `within_s`, whatever it waits for or computes; main thread only."""
    before = signal.signal(signal.SIGALRM, _time_out)
    signal.setitimer(signal.ITIMER_REAL, within_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _time_out(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


def _log_change(scrapes: Sequence[Scrape]) -> None:
    """A line in the log when the endpoint ceases to answer, answers otherwise wrong, or answers again."""
    before = scrapes[-2].problem if len(scrapes) > 1 else None
    if (problem := scrapes[-1].problem) != before:
        print(f"{scrapes[-1].at_ns / S:.3f}: {problem or 'it answers again'}", file=sys.stderr, flush=True)
