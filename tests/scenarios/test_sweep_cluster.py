"""A sweep on two workers: killed workers, scheduler and driver, and nobody without the certificate."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_lab import run_command
from sweep_lab import COUNTS, jobs_of, sweep_of
from sweep_processes import RUNS, TWELVE, WITHIN_S, Machines, interrupt, machines

from hostio.timing import wait_until
from scenarios.cli import doctor
from scenarios.errors import MachineError
from scenarios.sweeps.store import Store
from scenarios.sweeps.versions import code_version

pytest.importorskip("distributed", reason="needs Dask, which scripts/setup --sweep installs")

from scenarios.cluster.address import Address, address_of
from scenarios.cluster.certificates import Certificates, certificates_in
from scenarios.cluster.orders import Order
from scenarios.cluster.player import Player
from scenarios.cluster.settings import require_scheduler

pytestmark = pytest.mark.long


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A scheduler and workers on this machine, which share its lock; those that are killed are started again."""

    def __init__(self, lab: Machines, names: Sequence[str] = ("a", "b")) -> None:
        self.lab = lab
        self.address = f"tls://127.0.0.1:{free_port()}"
        self.certificates = lab.folder / "certificates"
        self._options = ("--certificates", self.certificates)
        self.store = lab.folder / "store"
        self.scheduler = self.start_scheduler()
        self.workers = {name: self.start_worker(name) for name in names}

    def start_scheduler(self) -> subprocess.Popen[str]:
        process = self.lab.start("scheduler", self.address, *self._options)
        self._require_said(process, "scheduler at")
        return process

    def start_worker(self, name: str) -> subprocess.Popen[str]:
        folder = self.lab.folder / name
        process = self.lab.start("worker", self.address, *self._options, "--name", name, "--out", folder)
        self._require_said(process, f"worker {name}")
        return process

    def sweep(self, *more: str) -> subprocess.Popen[str]:
        return self.lab.start(
            "sweep", self.lab.sweep, "--out", self.store, "--scheduler", self.address, *self._options, *more
        )

    def kill_worker(self, pid: int) -> None:
        """Kill a worker, whose run is under way, and start it again."""
        (name,) = [name for name, process in self.workers.items() if process.pid == pid]
        self.workers[name].kill()
        self.workers[name].wait(WITHIN_S)
        self.workers[name] = self.start_worker(name)

    def kill_scheduler(self) -> None:
        """Kill the scheduler."""
        self.scheduler.kill()
        self.scheduler.wait(WITHIN_S)

    def start_again(self) -> None:
        """Wait for the workers, which end by themselves once the scheduler has, and start all again."""
        assert [self.lab.ended(process) for process in self.workers.values()] == [0, 0]
        self.scheduler = self.start_scheduler()
        self.workers = {name: self.start_worker(name) for name in self.workers}

    def _require_said(self, process: subprocess.Popen[str], text: str) -> None:
        assert wait_until(lambda: text in self.lab.said(process) or process.poll() is not None, WITHIN_S)
        assert text in self.lab.said(process), self.lab.said(process)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with machines(tmp_path) as lab:
        yield Cluster(lab)


def test_every_result_is_there_once_though_everything_is_killed(cluster: Cluster) -> None:
    lab = cluster.lab
    lab.permit(3)
    driver = cluster.sweep()
    begun = 3
    for _ in range(5):
        begun, worker = lab.next_begun(begun)
        cluster.kill_worker(worker)
    lab.permit(6)
    lab.next_begun(begun + 3)
    cluster.kill_scheduler()
    assert lab.ended(driver) == 2
    assert re.search("the scheduler at .* has ended; start it again, and go on with --resume", lab.said(driver))
    lab.permit(8)
    cluster.start_again()
    begun = lab.begun()
    driver = cluster.sweep("--resume")
    lab.next_begun(begun)
    driver.kill()
    driver.wait(WITHIN_S)
    lab.permit(1000)
    driver = cluster.sweep("--resume")
    assert lab.ended(driver) == 1, lab.said(driver)
    results = lab.results(cluster.store)
    assert set(results) == RUNS
    assert {each["machine"] for each in results.values()} <= {"a", "b"}
    pages = {path.stem: path.read_text() for path in (cluster.store / "pages").iterdir()}
    assert pages == {each["key"]: f"page of {name}" for name, each in results.items()}
    lab.assert_one_at_a_time()
    alone = lab.start("sweep", lab.sweep, "--out", lab.folder / "alone")
    assert lab.ended(alone) == 1
    for name, local in lab.results(lab.folder / "alone").items():
        assert results[name]["key"] == local["key"]
        assert results[name]["played"]["verdict"] == local["played"]["verdict"]
        assert results[name]["played"]["values"] == local["played"]["values"]


@dataclass(frozen=True)
class Playing:
    """A cluster that plays a sweep's first run, which does not end by itself. `worker`: that has it."""

    cluster: Cluster
    driver: subprocess.Popen[str]
    worker: subprocess.Popen[str]


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[Playing]:
    with machines(tmp_path) as lab:
        lab.permit(0)
        cluster = Cluster(lab)
        driver = cluster.sweep()
        _, pid = lab.next_begun(0)
        yield Playing(cluster, driver, next(each for each in cluster.workers.values() if each.pid == pid))


def test_an_interrupt_stops_what_a_worker_plays(playing: Playing) -> None:
    """Which Dask's own cancellation would not."""
    lab = playing.cluster.lab
    interrupt(playing.driver)
    assert lab.ended(playing.driver) == 130
    assert wait_until(lambda: [words[0] for words in lab.lines()][:2] == ["begin", "stop"], WITHIN_S)


def test_a_sweep_that_is_first_waits_for_a_worker(tmp_path: Path) -> None:
    with machines(tmp_path) as lab:
        lab.permit(0)
        cluster = Cluster(lab, names=())
        driver = cluster.sweep()
        assert wait_until(lambda: "12 runs" in lab.said(driver), WITHIN_S)
        cluster.workers["a"] = cluster.start_worker("a")
        assert lab.next_begun(0) == (1, cluster.workers["a"].pid)


def test_a_worker_that_plays_on_after_its_scheduler_has_ended_can_be_terminated(playing: Playing) -> None:
    lab = playing.cluster.lab
    playing.cluster.kill_scheduler()
    assert lab.ended(playing.driver) == 2
    playing.worker.terminate()
    assert lab.ended(playing.worker) == 130
    assert all("Traceback" not in lab.said(each) for each in (playing.driver, playing.worker))


def test_nothing_listens_but_at_the_address_and_on_the_loopback(cluster: Cluster) -> None:
    told = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    pids = [cluster.scheduler.pid, *(process.pid for process in cluster.workers.values())]
    listening = [line.split()[3] for line in told.splitlines() if any(f"pid={pid}," in line for pid in pids)]
    assert cluster.address.removeprefix("tls://") in listening
    assert len(listening) >= len(pids)
    assert {each.rpartition(":")[0] for each in listening} == {"127.0.0.1"}


def first_byte(address: Address, context: ssl.SSLContext) -> bytes:
    """The first byte that a scheduler sends, to a caller with such a context. ConnectionError if it sends none."""
    plain = socket.create_connection((address.host, address.port), WITHIN_S)
    with plain, context.wrap_socket(plain) as connection:
        if found := connection.recv(1):
            return found
    raise ConnectionResetError


def test_a_caller_without_the_certificate_is_not_heard(cluster: Cluster) -> None:
    address = address_of(cluster.address)
    context = ssl.create_default_context(cafile=str(cluster.certificates / "certificate.pem"))
    context.check_hostname = False
    with pytest.raises((ssl.SSLError, ConnectionError)):
        first_byte(address, context)
    other = certificates_in(cluster.lab.folder / "another")
    with pytest.raises(MachineError, match="it has not the certificate of"):
        require_scheduler(address, other)


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    made = certificates_in(tmp_path / "c")
    assert made.key.stat().st_mode & 0o777 == 0o600
    before = made.certificate.read_text()
    assert certificates_in(tmp_path / "c").certificate.read_text() == before
    made.key.chmod(0o644)
    with pytest.raises(MachineError, match="can be read by others"):
        made.require()
    with pytest.raises(MachineError, match="is missing; copy the folder"):
        Certificates(tmp_path / "none").require()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tcp://192.0.2.1:8786", "is not encrypted"),
        ("192.0.2.1", "is no address of a scheduler"),
        ("tls://192.0.2.1:0", "is no address of a scheduler"),
    ],
)
def test_an_address_that_is_none_or_not_encrypted_is_refused(text: str, why: str) -> None:
    with pytest.raises(MachineError, match=why):
        address_of(text)


@pytest.mark.parametrize("command", ["sweep", "worker"])
def test_a_scheduler_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    certificates_in(tmp_path / "c")
    sweep_of(tmp_path, TWELVE)
    monkeypatch.setattr("scenarios.commands.clusters.diagnose", lambda: _Fit())
    address = f"127.0.0.1:{free_port()}"
    options = ("--certificates", str(tmp_path / "c"), "--out", str(tmp_path / "out"))
    sweep = ("sweep", str(tmp_path / "sweep.yaml"), "--scheduler", address)
    first = sweep if command == "sweep" else ("worker", address)
    assert run_command(monkeypatch, *first, *options) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        rf"tls://{address}: no scheduler is there \(.*\); run_scenario.py scheduler tls://{address}", line
    )


class _Fit:
    """A machine that can play."""

    def require(self) -> None:
        pass


def test_a_worker_without_a_tun_device_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certificates_in(tmp_path / "c")
    monkeypatch.setattr(doctor, "tun_is_usable", lambda: False)
    assert run_command(monkeypatch, "worker", "127.0.0.1:1", "--certificates", tmp_path / "c") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("this machine cannot run scenarios: ")


@pytest.fixture
def order(tmp_path: Path) -> Order:
    job = jobs_of(sweep_of(tmp_path, COUNTS))[0]
    return Order(job.key, "sweep", code_version(), {}, job.plan)


def player(tmp_path: Path, code: str) -> Player:
    store = Store(tmp_path / "worker")
    store.begin()
    return Player((sys.executable, "-c", code), store, "a", lambda _: None)


def test_a_machine_that_cannot_play_says_why(tmp_path: Path, order: Order) -> None:
    """As a run whose folder has no room does, or one that finds no device."""
    full = player(tmp_path, "import sys; print('/runs: 2 MB are free', file=sys.stderr); sys.exit(2)")
    report = full.play(order)
    assert (report.usable, report.why, report.values) == (False, "/runs: 2 MB are free", None)


@pytest.mark.parametrize(
    ("code", "kinds", "why"),
    [("other", {}, "its code is another version"), (None, {"/nosuch": "x"}, "there is no relay program in /nosuch")],
)
def test_a_machine_with_other_versions_plays_nothing(
    tmp_path: Path, order: Order, code: str | None, kinds: dict[str, str], why: str
) -> None:
    wanted = Order(order.key, "sweep", code or order.code, kinds, order.plan)
    report = player(tmp_path, "raise SystemExit('it was played')").play(wanted)
    assert report.why.startswith(why)
    assert not report.usable


def test_a_run_that_is_killed_is_lost(tmp_path: Path, order: Order) -> None:
    killed = player(tmp_path, f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})").play(order)
    assert (killed.usable, killed.why) == (True, "the run was ended by signal 9")
    assert os.listdir(tmp_path / "worker" / "done") == []  # noqa: PTH208
