"""Whole runs whose relays are programs that go wrong or are struck: named, and every packet accounted for."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from bare_relay import pids_in, relay_folder, template, template_text
from event_lab import Ran
from run_lab import AS_NOBODY, BRIEF, ONE_BLIP, PROJECT, finished, played, start, summary_of

from scenarios.language.topology_files import load_topology

pytestmark = [pytest.mark.root, pytest.mark.bears_load, pytest.mark.waits]

SEND = "lane.sendto(packet, next_hop[ssrc])"


STRUCK = ((2, "relay-kill"), (5, "relay-restart"), (8, "relay-freeze"))
SHORT = ("sessions.0.count=10", "duration=3s", "events.0.at=1s", "events.0.for=1s")


@pytest.mark.long
def test_faults_act_on_a_program(tmp_path: Path) -> None:
    """The relay of one end of all calls is gone, or stopped, for a second, and serves again; the books balance."""
    scenario = tmp_path / "faults.yaml"
    events = "".join(f"  - {{at: {at_s}s, what: {what}, cluster: us-east, for: 1s}}\n" for at_s, what in STRUCK)
    scenario.write_text(
        "name: faults\ntopology: us-triangle\nduration: 11s\n"
        "sessions: [{between: [us-east, us-west], count: 10, media: voice}]\n"
        f"events:\n{events}expect: [media.still_interrupted == 0]\n"
    )
    run = Ran(**vars(played(tmp_path / "runs", scenario, "relays.kind=template")))
    assert run.summary["ledger"]["unexplained"] == 0
    for number, (at_s, _) in enumerate(STRUCK):
        silences_ms = run.silences_ms(at_s + 0.5)
        assert len(silences_ms) == 20, (at_s, silences_ms)
        assert min(silences_ms) >= 950
        assert [each["edge"] for each in run.edges(number)] == ["start", "end"], "recorded once it shows in the process"
    assert not any(" did not end " in each or " ended by itself " in each for each in run.summary["diagnosis"])


ENDPOINT = """
import http.server, threading
forwarded = 0
class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"# TYPE forwarded counter\\nforwarded_total %d\\nheld %d\\n" % (forwarded, len(next_hop)))
    def log_request(self, *arguments):
        pass
if ADDRESS != "{broken}":
    server = http.server.HTTPServer((ADDRESS, 9100), Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
"""


@pytest.mark.long
def test_what_a_program_tells_of_itself_is_in_the_summary(tmp_path: Path) -> None:
    """Independent: the ledger, and the streams of the scenario. At us-east nobody listens at the port."""
    counted = template_text().replace(SEND, f"{SEND}; globals().update(forwarded=forwarded + 1)")
    broken = load_topology("us-triangle").cluster("us-east").address
    endpoint = ENDPOINT.format(broken=broken)
    text = counted.replace("\n\ndef learn(", f"\n{endpoint}\n\ndef learn(", 1)
    folder = relay_folder(tmp_path / "telling", text, "path_log: true\nmetrics: {port: 9100}\n")
    run = played(tmp_path / "runs", ONE_BLIP, f"relays.kind={folder}", *SHORT)
    programs = run.summary["programs"]
    west = programs["us-west"]["app"]
    assert west["held"] == 2 * 10, "each session is two streams"
    routes = {route["name"]: route for route in run.summary["ledger"]["routes"]}
    most = sum(route["sent"] for name, route in routes.items() if "us-west" in name)
    assert routes["us-east→us-west"]["delivered"] <= west["forwarded_total"] <= most
    assert programs["us-east"]["app"] == {}
    assert programs["us-east"]["app_problem"].endswith("nobody listens at port 9100")
    assert any("nobody listens at port 9100" in each for each in run.summary["diagnosis"])
    assert "nobody listens at port 9100" in (run.root / "logs" / "metrics-us-east.log").read_text()


READY_TOO_EARLY = """#!/usr/bin/env python3
import os, signal, socket
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
"""


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("#!/bin/sh\necho no licence >&2; exit 7\n", "ended before it was ready (no licence)"),
        (READY_TOO_EARLY, "UDP port 40000 is not bound"),
    ],
    ids=["exits at once", "ready too early"],
)
def test_a_program_that_cannot_serve_ends_the_run_with_one_line(tmp_path: Path, program: str, said: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "relay.yaml").write_text("command: [./relay]\n")
    (folder / "relay").write_text(program)
    (folder / "relay").chmod(0o755)
    begun = set(pids_in(folder))
    code, output = finished(start("run", ONE_BLIP, "--relay", folder, "--out", tmp_path / "runs", *BRIEF))
    assert code == 2, output
    assert said in output.splitlines()[-1]
    _, summary = summary_of(tmp_path / "runs")
    (reason,) = summary["reasons"]
    assert said in reason
    assert "relay-us-east (mine)" in reason
    assert set(pids_in(folder)) == begun


@pytest.mark.long
def test_a_program_that_ignores_sigterm_is_killed_and_named(tmp_path: Path) -> None:
    folder = template(tmp_path / "deaf", "lambda *_: sys.exit(0)", "signal.SIG_IGN")
    run = played(tmp_path / "runs", ONE_BLIP, f"relays.kind={folder}", *SHORT)
    said = "(deaf) did not end within 0.3 s of SIGTERM, and was killed"
    assert sum(each.endswith(said) for each in run.summary["diagnosis"]) == 3
    assert run.summary["ledger"]["unexplained"] == 0
    assert not pids_in(folder)


@pytest.mark.long
def test_copies_that_a_program_makes_are_in_the_ledger(tmp_path: Path) -> None:
    """Every packet passes two such relays; each copy of the first is copied again by the second."""
    folder = template(tmp_path / "twice", SEND, f"{SEND}; {SEND}")
    ledger = played(tmp_path / "runs", ONE_BLIP, f"relays.kind={folder}", *SHORT).summary["ledger"]
    assert ledger["unexplained"] == 0
    assert ledger["delivered"] > 3 * ledger["sent"]
    assert sum(count for place, count in ledger["counted"].items() if place.endswith(": copies")) < -ledger["sent"]


@pytest.mark.long
def test_what_a_program_makes_of_packets_is_accounted_for(tmp_path: Path) -> None:
    """In the place of each packet, random bytes: a quarter of them look like RTP, of a stream that there is not."""
    text = template_text().replace("lane.sendto(packet,", "lane.sendto(os.urandom(len(packet)),")
    folder = relay_folder(tmp_path / "garbage", text)
    summary = played(tmp_path / "runs", ONE_BLIP, f"relays.kinds.us-west={folder}", *BRIEF[1::2]).summary
    counted = summary["ledger"]["counted"].items()
    assert (summary["ledger"]["unexplained"], summary["media"]["received"]) == (0, 0)
    cold, malformed = (
        sum(packets for place, packets in counted if place.endswith(f"relay: {cause}"))
        for cause in ("cold", "malformed")
    )
    assert cold / (cold + malformed) == pytest.approx(1 / 4, abs=0.06)
    no_rtp = summary["programs"]["us-west"]["no_rtp"]
    assert (
        f"relay us-west (garbage): {no_rtp} datagrams that came to the clients there were no RTP"
        in summary["diagnosis"]
    )


@pytest.mark.long
def test_an_ordinary_user_plays_a_program() -> None:
    """In a user namespace, where there are no other users and no real-time priority."""
    script = ["unshare", "--mount", "sh", "-c", AS_NOBODY, "sh", str(PROJECT), "--relay", "template", *BRIEF]
    done = subprocess.run(script, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    plan, summary = map(json.loads, done.stdout.split("SUMMARY"))
    assert plan["environment"]["privilege"] == "user namespace"
    assert {each["kind"] for each in summary["programs"].values()} == {"template"}
    assert summary["media"]["received"] > 0, summary["reasons"]
    assert summary["ledger"]["unexplained"] == 0
    assert not any(" ended by itself " in each or " did not end " in each for each in summary["diagnosis"])
