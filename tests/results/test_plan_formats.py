"""Plans of old run directories, in which every fault had the keys of links and of processes, read as today's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from synthetic_media import BLIP, plan

from hostio.timing import MS, S
from results.run_files import documents
from results.run_files.document_error import DocumentError
from results.run_files.faults import Action, Cut, Fault, Freeze, Kill, Level, Process, ProcessFault, Slow, Stop
from results.run_files.plan_formats import load_plan_text, read_plan
from results.run_files.run_formats import RUN_FORMAT, RUN_FORMATS
from topologies.model import OneWay

NO_CHANGE = dict.fromkeys(
    ("up", "blackhole", "jitter", "loss", "flows", "duplicate", "corrupt", "reorder", "rate_bps", "queue_ns")
) | {"extra_delay_ns": 0}
OLD_LINK_FAULT = {
    "what": "blackhole",
    "at_ns": 4 * S,
    "until_ns": 6 * S,
    "directions": [["us-east", "us-west"], ["us-west", "us-east"]],
    "change": {**NO_CHANGE, "blackhole": True},
    "levels": [],
    "process": None,
    "extra_ns": 0,
}


def old_process_fault(what: str, kind: str, cluster: str = "", extra_ns: int = 0) -> dict[str, Any]:
    process = {"kind": kind, "cluster": cluster}
    nothing = {"directions": [], "change": NO_CHANGE, "levels": [{"at_ns": 4 * S, "share": 0.5}]}
    return {"what": what, "at_ns": 4 * S, "until_ns": 6 * S, **nothing, "process": process, "extra_ns": extra_ns}


def loaded(*faults: object) -> tuple[Fault, ...]:
    text = json.dumps({**json.loads(documents.dump(plan())), "faults": faults})
    return load_plan_text(text, "plan.json").faults


def test_an_old_fault_on_a_link() -> None:
    assert loaded(OLD_LINK_FAULT) == (BLIP,)


@pytest.mark.parametrize(
    ("old", "process", "action"),
    [
        (old_process_fault("relay-restart", "relay", "us-west"), Process("relay", "us-west"), Stop()),
        (old_process_fault("relay-kill", "relay", "us-west"), Process("relay", "us-west"), Kill()),
        (old_process_fault("relay-freeze", "relay", "us-west"), Process("relay", "us-west"), Freeze()),
        (old_process_fault("controller-restart", "controller"), Process("controller"), Stop()),
        (old_process_fault("controller-cut", "controller"), Process("controller"), Cut()),
        (old_process_fault("directory-slow", "directory", extra_ns=40 * MS), Process("directory"), Slow(40 * MS)),
        (old_process_fault("directory-down", "directory"), Process("directory"), Kill()),
    ],
)
def test_an_old_fault_on_a_process(old: dict[str, Any], process: Process, action: Action) -> None:
    levels = (Level(4 * S, 0.5),)
    assert loaded(old) == (ProcessFault(old["what"], 4 * S, 6 * S, process, action, levels=levels),)


def test_a_plan_of_today_is_read_as_it_was_written(tmp_path: Path) -> None:
    slow = ProcessFault("directory-slow", 1, 2, Process("directory"), Slow(3), levels=(Level(1, 0.5),))
    written = plan(faults=(BLIP, slow))
    (tmp_path / "plan.json").write_text(documents.dump(written))
    assert read_plan(tmp_path / "plan.json") == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", r"^plan\.json: Invalid JSON"),
        ("[]", r"^plan\.json: Input should be an object$"),
        ('{"faults": 1}', r"^plan\.json: "),
        ('{"faults": [1]}', r"^plan\.json: "),
    ],
)
def test_what_is_no_plan_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        load_plan_text(text, "plan.json")


def test_an_old_fault_of_an_unknown_word_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"^plan\.json: faults\.0"):
        loaded(old_process_fault("relay-lunch", "relay", "us-west"))


def test_old_links_have_their_delay_and_jitter_in_both_directions() -> None:
    present = json.loads(documents.dump(plan()))
    links = [
        {"a": link["a"], "b": link["b"], "one_way_ns": link["there"]["delay_ns"], "jitter_ns": 7, "source": "survey"}
        for link in present["topology"]["links"]
    ]
    old = {**present, "topology": {**present["topology"], "links": links}}
    found = load_plan_text(json.dumps(old), "plan.json").topology.links
    assert [link.there for link in found] == [OneWay(link.there.delay_ns, 7) for link in plan().topology.links]
    assert [link.back for link in found] == [link.there for link in found]
    assert {link.source for link in found} == {"survey"}


def test_a_plan_says_the_format_of_the_run_directory() -> None:
    written = json.loads(documents.dump(plan()))
    assert written["format"] == RUN_FORMAT == max(RUN_FORMATS)
    assert list(RUN_FORMATS) == list(range(1, RUN_FORMAT + 1))


def test_a_run_directory_of_a_later_version_is_refused_in_one_line() -> None:
    text = json.dumps({**json.loads(documents.dump(plan())), "format": RUN_FORMAT + 1, "galaxies": 3})
    expected = (
        rf"^plan\.json: format {RUN_FORMAT + 1} is of a later version of Blipnet; this one reads run directories up to"
    )
    with pytest.raises(DocumentError, match=expected):
        load_plan_text(text, "plan.json")
