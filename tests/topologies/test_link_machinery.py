"""Commands, the trial of back ends, `tc` as a long-lived process, and how a wire is configured."""

from __future__ import annotations

import threading
from multiprocessing import Pipe
from pathlib import Path

import pytest

from hostio.commands import CommandError, batch_lines, run, tc_delete, tc_replace
from hostio.control import Ready
from hostio.timing import MS, US
from topologies.backend_probe import available_link_backend
from topologies.interface_names import switch_port, wire_port
from topologies.link_state import LinkState
from topologies.model import Cluster, Direction, Link, Topology
from topologies.openvswitch import DatapathStats, parse_datapath_stats
from topologies.tc.batch import TcBatch
from topologies.wire.memory import allocate
from topologies.wire.messages import ReadCounters, WireConfig, WireDirection, wire_config
from topologies.wire.parameters import LossNumbers, fill_bank
from topologies.wire.process import generator_state, serve

A_B, B_A = Direction("a", "b"), Direction("b", "a")


def test_failed_command_tells_everything() -> None:
    argv = ["sh", "-c", "echo what went wrong >&2; exit 7"]
    with pytest.raises(CommandError, match=r"exit code 7: what went wrong$") as caught:
        run(argv)
    assert (caught.value.argv, caught.value.exit_code, caught.value.stderr) == (tuple(argv), 7, "what went wrong\n")


def test_missing_program_is_a_failed_command() -> None:
    with pytest.raises(CommandError, match="no-such-program") as caught:
        run(["no-such-program"])
    assert caught.value.exit_code == 127


def test_input_and_output() -> None:
    assert run(["cat"], stdin="frames\n") == "frames\n"


def test_batch_is_a_line_per_command_without_the_program() -> None:
    assert batch_lines([tc_replace("s1-w2", "root", "netem"), tc_delete("s2-w1", "root")]) == (
        "qdisc replace dev s1-w2 root netem\nqdisc del dev s2-w1 root\n"
    )


@pytest.mark.parametrize(
    ("script", "name", "reason"),
    [
        ("exit 0", "netem", "the kernel accepted it in a trial"),
        (
            "echo 'Error: qdisc kind is unknown.' >&2; echo 2 >&2; exit 2",
            "userspace",
            "no netem here: Error: qdisc kind is unknown.",
        ),
        ("exit 2", "userspace", "no netem here: it gave no reason"),
    ],
)
def test_back_end_is_what_the_trial_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str, reason: str
) -> None:
    trial = tmp_path / "unshare"
    trial.write_text(f"#!/bin/sh\n{script}\n")
    trial.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert available_link_backend()[:2] == (name, reason)


def test_tc_stays_and_answers_and_complains() -> None:
    tc = TcBatch()
    assert any(row["dev"] == "lo" for row in tc.show().disciplines)
    refused = tc.change("qdisc replace dev nowhere root pfifo\n")
    with pytest.raises(CommandError, match='Cannot find device "nowhere"'):
        refused.read()
    before = tc.show()
    tc.change("")
    assert before == tc.show()
    tc.close()
    tc.close()


def test_interface_names_fit_the_kernel() -> None:
    assert (switch_port(1, 12), wire_port(12, 1)) == ("s1-w12", "x12-1")
    assert max(len(name(254, 254)) for name in (switch_port, wire_port)) <= 15


def test_wire_joins_the_far_ends_of_every_link() -> None:
    topology = Topology("t", (Cluster("a", 1), Cluster("b", 2)), (Link.alike("a", "b", 7 * MS),))
    states = {A_B: LinkState(delay_ns=7 * MS), B_A: LinkState()}
    assert wire_config(topology, states, seed=3, tick_ns=250 * US).directions == (
        WireDirection(A_B, "x1-2", "x2-1", states[A_B]),
        WireDirection(B_A, "x2-1", "x1-2", states[B_A]),
    )


def test_port_down_at_one_end_cuts_both_directions() -> None:
    memory = allocate(((0, 0), (0, 0)), 0, 0, capacity=1)
    fill_bank(
        memory, 1, {A_B: LinkState(up=False), B_A: LinkState(delay_ns=5)}, dict.fromkeys((A_B, B_A), LossNumbers())
    )
    assert memory.banks[1][:2]["port_down"].tolist() == [1, 1]
    assert memory.banks[1]["delay_ns"].tolist() == [0, 5, 0, 5]


def test_generators_differ_by_seed_and_direction() -> None:
    assert len({generator_state(seed, direction) for seed in (1, 2) for direction in (A_B, B_A)}) == 4
    assert generator_state(1, A_B) == generator_state(1, A_B)


def test_wire_ends_when_the_runner_is_gone() -> None:
    ours, theirs = Pipe()
    wire = threading.Thread(target=serve, args=(WireConfig((), seed=0, tick_ns=250 * US), theirs))
    wire.start()
    assert ours.recv() == Ready()
    ours.send(ReadCounters())
    assert ours.recv().counters == {}
    ours.close()
    wire.join(20)
    assert not wire.is_alive()


def test_lookups_of_either_datapath_are_added_up() -> None:
    shown = "netdev@ovs-netdev:\n  lookups: hit:332027 missed:50 lost:1\n  flows: 45\n"
    assert parse_datapath_stats(shown) == DatapathStats(332027, 50, 1)
    kernel = "system@ovs-system:\n  lookups: hit:5 missed:2 lost:0\n  masks: hit:9 total:1 hit/pkt:1.80\n"
    assert parse_datapath_stats(kernel + shown) == DatapathStats(332032, 52, 1)
    assert parse_datapath_stats("") == DatapathStats(0, 0, 0)
    assert DatapathStats(10, 5, 1).since(DatapathStats(4, 3, 1)) == DatapathStats(6, 2, 0)
