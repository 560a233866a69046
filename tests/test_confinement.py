"""What a relay program may do: it asks the kernel itself, by trying, and says what came of it. In the
place of the run's own processes a test tries.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bare_relay import play, relay_folder
from run_lab import BRIEF, ONE_BLIP, command_name, descendants, finished, named, seen, start

from relay_app.ports import CANARY_PORT, CLIENT_PORT, GATEWAY_PORT, LANE_PORT, LANES, SENDER_PORT
from topologies.fabric import RESERVED_PORTS
from topologies.sandbox import Privilege, in_network_of

pytestmark = [pytest.mark.root, pytest.mark.bears_load, pytest.mark.waits]

BOTH: tuple[Privilege, ...] = ("root", "user namespace")
ASKS = """\
import json, os, resource, sys
from pathlib import Path
RUN = os.environ["BLIPNET_RUN_DIR"]
def tried(act, *arguments):
    try:
        return act(*arguments)
    except OSError as error:
        return error.strerror
def write(path):
    with open(path, "a") as file:
        print("x", file=file)
    return "written"
def status(name):
    return next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
"""
OTHERS = ("/etc/x", "/tmp/x", "/var/tmp/x", "/dev/shm/x", "/run/x", "/usr/x")  # noqa: S108 - none of it is to be written
READ_ONLY = {"Read-only file system", "Permission denied"}


def answer(folder: Path, asked: str, settings: str = "", privilege: Privilege = "root") -> Any:
    """What a program finds that evaluates an expression and ends."""
    kind = relay_folder(folder, f"{ASKS}print(json.dumps({asked}))\n", settings)
    played = play(kind, privilege=privilege)
    assert "ended before it was ready" in str(played.problem)
    return json.loads(played.said.splitlines()[-1])


@pytest.mark.parametrize("privilege", BOTH)
def test_it_writes_to_its_own_folders_and_to_nothing_else(tmp_path: Path, privilege: Privilege) -> None:
    own = ["/tmp/x", "/var/tmp/x", "/dev/shm/x", "/dev/null", "/dev/stdout"]  # noqa: S108 - of the program
    others = ["/etc/x", "/run/x", "/run/blipnet/x", "/dev/x", "/sys/x", "/proc/sys/net/ipv4/ip_forward", "relay.py"]
    past = [f"/proc/1/root{tmp_path}/x", f"/proc/1/cwd/{tmp_path.name}"]
    asked = f'{{path: tried(write, path) for path in {[*own, *others, *past]} + [RUN + "/x"]}}'
    found = answer(tmp_path / "mine", asked, privilege=privilege)
    assert {path for path, what in found.items() if what == "written"} == {*own, "/run/blipnet/relay-us-central/0/x"}
    assert {what for what in found.values() if what != "written"} <= READ_ONLY
    assert not list(tmp_path.glob("x*"))


@pytest.mark.parametrize("privilege", BOTH)
def test_of_the_runs_sockets_and_of_others_scratch_files_it_sees_none(tmp_path: Path, privilege: Privilege) -> None:
    asked = '[sorted(os.listdir(each)) for each in ("/run", "/run/blipnet", "/run/blipnet/relay-us-central/0", "/tmp")]'
    runtime, blipnet, own, scratch = answer(tmp_path / "mine", asked, privilege=privilege)
    assert (runtime, blipnet, own) == (["blipnet"], ["relay-us-central"], ["notify", "sessions.jsonl"])
    folder = str(tmp_path).split("/")
    assert scratch == ([folder[2]] if folder[1] == "tmp" else [])


def test_as_root_it_is_a_user_of_its_own_without_capabilities(tmp_path: Path) -> None:
    asked = '[os.getuid(), os.getgid(), os.getgroups(), status("CapEff"), status("CapBnd"), status("NoNewPrivs")]'
    user, group, groups, effective, bounding, no_new = answer(tmp_path / "mine", asked)
    assert 61184 <= user == group < 65520
    assert (groups, int(effective, 16), int(bounding, 16), no_new) == ([], 0, 0, "1")


def test_in_a_user_namespace_it_keeps_the_only_user_without_capabilities(tmp_path: Path) -> None:
    asked = '[os.getuid(), status("CapEff"), status("CapBnd"), status("NoNewPrivs")]'
    user, effective, bounding, no_new = answer(tmp_path / "mine", asked, privilege="user namespace")
    assert (user, int(effective, 16), int(bounding, 16), no_new) == (0, 0, 0, "1")


@pytest.mark.parametrize("privilege", BOTH)
def test_it_has_the_capabilities_that_it_asks_for(tmp_path: Path, privilege: Privilege) -> None:
    """Bit 12 is CAP_NET_ADMIN, by which it may set the sysctls of its network as well (capabilities(7))."""
    asked = '[status("CapEff"), status("CapBnd"), tried(write, "/proc/sys/net/ipv4/ip_forward")]'
    asked = asked.replace("write", "(lambda path: Path(path).write_text('1'))")
    found = answer(tmp_path / "mine", asked, "capabilities: [net_admin]\n", privilege)
    assert [int(each, 16) for each in found[:2]] == [1 << 12, 1 << 12]
    assert found[2] == 1


def test_it_has_the_limits_that_it_states(tmp_path: Path) -> None:
    limits = "memory: 64MiB\nprocesses: 40\ndescriptors: 100\n"
    asked = (
        '[resource.getrlimit(getattr(resource, "RLIMIT_" + each))[1] for each in ("DATA", "NPROC", "NOFILE", "CORE")]'
    )
    assert answer(tmp_path / "mine", asked, limits) == [64 << 20, 40, 100, 0]


def test_it_is_found_in_a_folder_that_only_root_may_enter(tmp_path: Path) -> None:
    """As a checkout in root's home is: of that folder it sees its own, and nothing else."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "secret").write_text("secret")
    found = answer(home / "mine", f"[sorted(os.listdir({str(home)!r})), sorted(os.listdir()), os.getcwd()]")
    assert found == [["mine"], ["relay.py", "relay.yaml"], str(home / "mine")]


def test_its_network_is_that_of_the_run(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as here:
        port = here.getsockname()[1]
        asked = f"tried(__import__('socket').create_connection, ('127.0.0.1', {port}))"
        assert answer(tmp_path / "mine", asked) == "Connection refused"


def test_nothing_in_a_run_can_gain_privileges_and_its_own_processes_write_to_its_folder_alone(tmp_path: Path) -> None:
    """Bits 12, 13 and 23 are CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_NICE."""
    with start("run", ONE_BLIP, "--out", tmp_path / "runs", *BRIEF) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "controller ready" in line)
        (run,) = tmp_path.glob("runs/*/*")
        no_new = dict(seen(in_sandbox(process.pid), lambda pid: (command_name(pid), status_of(pid, "NoNewPrivs"))))
        own = {name: named(process.pid, name)[0] for name in ("relay-us-east", "client-us-east", "prober-us-east")}
        capabilities = {
            int(status_of(pid, name), 16) for pid in own.values() for name in ("CapEff", "CapPrm", "CapBnd")
        }
        tried = {path: {try_to_write(Path(f"/proc/{pid}/root{path}")) for pid in own.values()} for path in OTHERS}
        tried |= {str(tmp_path): {try_to_write(Path(f"/proc/{pid}/root{tmp_path}/x")) for pid in own.values()}}
        inside = {try_to_write(Path(f"/proc/{pid}/root{run}/x")) for pid in own.values()}
        process.send_signal(signal.SIGINT)
        finished(process)
    assert {"redis-server", "ovs-vswitchd"} <= set(no_new)
    assert set(no_new.values()) == {"1"}
    assert capabilities == {1 << 12 | 1 << 13 | 1 << 23}
    assert set().union(*tried.values()) == {"Read-only file system"}
    assert inside == {"written"}


def try_to_write(path: Path) -> str:
    """What comes of it in the mount namespace that the path leads to (proc_pid_root(5))."""
    try:
        path.write_text("x")
    except OSError as error:
        return str(error.strerror)
    return "written"


def in_sandbox(run: int) -> list[int]:
    ours = Path("/proc/self/ns/pid").stat().st_ino
    spaces = seen(descendants(run), lambda pid: (pid, Path(f"/proc/{pid}/ns/pid").stat().st_ino))
    return [pid for pid, space in spaces if space != ours]


def status_of(pid: int, name: str) -> str:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in status if line.startswith(name))


@pytest.mark.long
def test_no_socket_is_given_a_port_that_a_process_of_the_run_binds_by_number(tmp_path: Path) -> None:
    """Of 400 sockets that ask for any port the kernel would give a third one of these."""
    bound = {LANE_PORT, LANE_PORT + LANES - 1, SENDER_PORT, CLIENT_PORT, CANARY_PORT, GATEWAY_PORT}
    first, last = map(int, RESERVED_PORTS.split("-"))
    assert bound <= set(range(first, last + 1))
    asks = "import socket; s = [socket.socket(2, 2) for _ in range(400)]; [each.bind(('', 0)) for each in s]"
    with start("run", ONE_BLIP, "--out", tmp_path, *BRIEF) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "controller ready" in line)
        host = named(process.pid, "client-us-east")[0]
        said = subprocess.run(
            in_network_of(host, ["python3", "-c", f"{asks}; print(*[each.getsockname()[1] for each in s])"]),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        process.send_signal(signal.SIGINT)
        finished(process)
    given = set(map(int, said.split()))
    assert len(given) == 400
    assert not given & set(range(first, last + 1))
