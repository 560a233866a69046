"""Metrics of a program over HTTP, from small servers whose answers are known."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing import Pipe
from pathlib import Path
from time import monotonic_ns

import pytest

from hostio.control import Ready, Stop, Stopped
from hostio.timing import S
from relay_app.messages import MediaWindow
from results.run_files.documents import read_scrapes
from results.run_files.relay_program import MetricsEndpoint
from scenarios.run.prometheus_text import parse_metrics
from scenarios.run.scraper import ScraperConfig, scrape, serve

HERE = "127.0.0.1"
WITHIN_S = 0.2
LATE = "no whole answer within 0.2 s"
TEXT = r"""
# HELP forwarded_total Packets sent on.
# TYPE forwarded_total counter
forwarded_total{lane="1",cluster="us.east"} 12
forwarded_total{cluster="a\"b",lane="2"} 5
# TYPE held gauge
held 3.5
# TYPE fetch_seconds histogram
fetch_seconds_bucket{le="0.1"} 4
fetch_seconds_bucket{le="+Inf"} 6
fetch_seconds_sum 1.25
fetch_seconds_count 6
unknown_yet NaN
"""
VALUES = {
    'forwarded_total{cluster="us.east",lane="1"}': 12.0,
    r'forwarded_total{cluster="a\"b",lane="2"}': 5.0,
    "held": 3.5,
    'fetch_seconds_bucket{le="0.1"}': 4.0,
    'fetch_seconds_bucket{le="+Inf"}': 6.0,
    "fetch_seconds_sum": 1.25,
    "fetch_seconds_count": 6.0,
}


@contextmanager
def answering(text: str, asked: threading.Semaphore | None = None) -> Iterator[MetricsEndpoint]:
    """A server that gives this text at /metrics, and nothing elsewhere; `asked` is released at each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/metrics" else 404)
            self.end_headers()
            self.wfile.write(text.encode())
            if asked:
                asked.release()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    with HTTPServer((HERE, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield MetricsEndpoint(server.server_port, "/metrics")
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def misbehaving(act: Callable[[socket.socket], None]) -> Iterator[MetricsEndpoint]:
    """A server that takes one connection and does this with it."""
    with socket.create_server((HERE, 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection, suppress(OSError):
                act(connection)

        thread = threading.Thread(target=answer)
        thread.start()
        yield MetricsEndpoint(server.getsockname()[1], "/metrics")
        thread.join()


def test_samples_have_names_with_labels_in_order_and_counters_are_known() -> None:
    found = parse_metrics(TEXT, 7)
    assert (found.at_ns, found.values, found.problem) == (7, VALUES, None)
    assert set(found.counters) == VALUES.keys() - {"held"}


def test_an_endpoint_is_read_at_the_first_address_that_listens() -> None:
    with answering(TEXT) as endpoint:
        assert scrape(endpoint, ("127.0.0.9", HERE)).values == VALUES
        missing = scrape(MetricsEndpoint(endpoint.port, "/other"), (HERE,))
        assert (missing.values, missing.problem) == ({}, "HTTP status 404 at /other")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<html>hello</html>\n", "invalid metric name"),
        ('{"forwarded": 1}\n', "Invalid labels"),
        ("", "it has no metrics"),
        ("x 1\n" * 400_000, "an answer of more than 1048576 bytes"),
        ("".join(f"x{number} 1\n" for number in range(5001)), "it has 5001 metrics, of at most 5000"),
    ],
    ids=["html", "json", "nothing", "too large", "too many"],
)
def test_nonsense_is_no_metric(text: str, problem: str) -> None:
    with answering(text) as endpoint:
        found = scrape(endpoint, (HERE,))
    assert found.values == {}
    assert found.problem is not None
    assert problem in found.problem


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x 1\n" * 1024)


def hang(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def header_without_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.0 200 OK\r\n")
    connection.settimeout(0.05)
    while True:
        connection.sendall(b"a")
        with suppress(TimeoutError):
            if not connection.recv(4096):
                return


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (hang, LATE),
        (header_without_end, LATE),
        (drip, "an answer of more than 1048576 bytes"),
        (lambda connection: connection.sendall(b"220 mail ready\r\n"), "220 mail ready"),
    ],
    ids=["never answers", "a header without end", "a body without end", "another protocol"],
)
def test_an_endpoint_that_misbehaves_holds_nothing_up(act: Callable[[socket.socket], None], problem: str) -> None:
    with misbehaving(act) as endpoint:
        found = scrape(endpoint, (HERE,), WITHIN_S)
    assert found.values == {}
    assert found.problem is not None
    assert problem in found.problem or found.problem == LATE


def test_nobody_listens() -> None:
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]
    assert scrape(MetricsEndpoint(port, "/metrics"), (HERE,)).problem == f"nobody listens at port {port}"


def test_the_process_reads_once_a_second_and_writes_a_line_each(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Here in the main thread, as the time limit of a request is a signal; the runner is the other thread."""
    ours, theirs = Pipe()
    said: list[object] = []
    asked = threading.Semaphore(0)
    start_ns = monotonic_ns()

    def run() -> None:
        said.append(ours.recv())
        ours.send(MediaWindow(start_ns, start_ns + S))
        said.append([asked.acquire(timeout=30) for _ in range(2)])
        ours.send(Stop())
        said.append(ours.recv())

    runner = threading.Thread(target=run)
    with answering("held 4\n", asked) as endpoint:
        runner.start()
        serve(ScraperConfig(endpoint, (HERE,), tmp_path / "raw" / "app.jsonl"), theirs)
        runner.join()
    assert said == [Ready(), [True, True], Stopped({})]
    found = read_scrapes(tmp_path / "raw" / "app.jsonl").records
    assert {each.values["held"] for each in found} == {4.0}
    assert len(found) >= 2
    assert all(each.at_ns > start_ns + (number - 1) * S for number, each in enumerate(found)), "one before the media"
    assert capfd.readouterr().err == ""
