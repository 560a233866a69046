"""`export --openmetrics`, read by the official parser, is the summary; the dashboard asks for what is in it."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from command_lab import one_line, run_command
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.gauges import gauges_of
from scenarios.paths import PROJECT
from scenarios.run.prometheus_text import Exposition

RECORDED = PROJECT / "tests" / "results" / "recorded"
DASHBOARD = json.loads((PROJECT / "docs" / "grafana.json").read_text(encoding="utf-8"))
METRIC = re.compile(r"\bblipnet_\w+")


def families_in(text: str) -> list[Metric]:
    """What the official parser reads."""
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


@cache
def exported(name: str) -> tuple[dict[str, Any], dict[str, list[Sample]], dict[str, str]]:
    """Of a recorded run the summary as JSON, and the samples and units of what is exported, by name."""
    from results.comparison.run_sets import summary_of
    from results.run_files.documents import dump
    from results.run_files.run_dir import RunDir

    summary = summary_of(RunDir(RECORDED / name / "run"))
    exposition = Exposition()
    for gauge in gauges_of(summary, name):
        exposition.add(gauge.name, gauge.about, gauge.unit, gauge.samples)
    families = families_in(exposition.text())
    samples = {family.name: family.samples for family in families}
    return json.loads(dump(summary)), samples, {family.name: family.unit for family in families}


def value(samples: list[Sample], **labels: str) -> float:
    (found,) = [each.value for each in samples if labels.items() <= each.labels.items()]
    return float(found)


def test_figures_read_back_are_those_of_the_summary_in_base_units() -> None:
    summary, samples, units = exported("incident-short")
    media, relay = summary["media"], summary["relay"]["us-central"]
    assert value(samples["blipnet_media_hit_sessions"]) == media["hit_sessions"]
    longest = value(samples["blipnet_media_interruption_seconds"], stat="max")
    assert longest == pytest.approx(media["interruption_ms"]["max"] / 1000, rel=1e-12)
    assert value(samples["blipnet_media_loss_ratio"]) == pytest.approx(media["loss_percent"] / 100, rel=1e-12)
    assert value(samples["blipnet_relay_waiting_most_bytes"], cluster="us-central") == 1024 * relay["waiting_most_kib"]
    assert value(samples["blipnet_relay_dropped"], cluster="us-central", what="cold") == relay["dropped"]["cold"]
    assert value(samples["blipnet_run_verdict"], verdict=summary["verdict"]) == 1
    assert sum(each.value for each in samples["blipnet_run_verdict"]) == 1
    assert len(samples["blipnet_fidelity_ok"]) == len(summary["fidelity"])
    pairs = {(each["source"], each["destination"]): each["sent"] for each in summary["pairs"]}
    for (source, destination), sent in pairs.items():
        assert value(samples["blipnet_pair_sent"], source=source, destination=destination) == sent
    assert {each.labels["scenario"] for found in samples.values() for each in found} == {summary["scenario"]}
    assert {unit for unit in units.values() if unit} == {"seconds", "ratio", "bytes"}


def test_no_number_of_the_media_is_left_out() -> None:
    summary, samples, _ = exported("incident-short")

    def numbers(part: object) -> int:
        if isinstance(part, dict):
            return sum(map(numbers, part.values()))
        return isinstance(part, (int, float))

    found = sum(len(each) for name, each in samples.items() if name.startswith("blipnet_media_"))
    assert found == numbers(summary["media"]) > 50


def test_names_of_anybody_are_labels_and_no_syntax() -> None:
    evil = 'a"} 1\nblipnet_evil{x="\\'
    exposition = Exposition()
    exposition.add("blipnet_expectation_met", evil, "", [({"expectation": evil}, 1.0)])
    (family,) = families_in(exposition.text())
    assert [(each.labels, each.value) for each in family.samples] == [({"expectation": evil}, 1.0)]


def queries(part: object) -> list[str]:
    """Every query of the dashboard, of panels and of variables."""
    if isinstance(part, dict):
        own = [each for key in ("expr", "definition") if isinstance(each := part.get(key), str)]
        return own + [query for each in part.values() for query in queries(each)]
    return [query for each in part for query in queries(each)] if isinstance(part, list) else []


def test_the_dashboard_asks_for_metrics_and_labels_that_are_exported() -> None:
    samples: dict[str, list[Sample]] = {}
    for name in ("one-blip", "incident-short"):
        for metric, found in exported(name)[1].items():
            samples.setdefault(metric, []).extend(found)
    asked = queries(DASHBOARD)
    assert len(asked) >= len(DASHBOARD["panels"])
    for query in asked:
        names = METRIC.findall(query)
        assert names, query
        for name in names:
            labels = {label for sample in samples[name] for label in sample.labels}
            assert set(re.findall(r"(\w+)=~?\"", query)) <= labels, query
            for stat in re.findall(r'stat="(\w+)"', query):
                assert stat in {sample.labels["stat"] for sample in samples[name]}, query


def test_panels_lie_beside_each_other_and_use_the_chosen_data_source() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    variables = {each["name"] for each in DASHBOARD["templating"]["list"]}
    assert {"datasource", "scenario", "run"} == variables
    for panel in panels:
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert shown <= {"verdict", "run", "stat", "source", "destination", "expectation", "cluster", "what"}


def test_the_command_prints_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = tmp_path / "my run"
    shutil.copytree(RECORDED / "one-blip" / "run", run)
    assert run_command(monkeypatch, "export", run, "--openmetrics") == ExitCode.PASS
    text = capsys.readouterr().out
    assert text.endswith("# EOF\n")
    assert {sample.labels["run"] for each in families_in(text) for sample in each.samples} == {"my run"}
    assert run_command(monkeypatch, "export", run) == ExitCode.BAD_INPUT
    assert "say as what: --openmetrics" in one_line(capsys.readouterr().err)
    assert run_command(monkeypatch, "export", tmp_path, "--openmetrics") == ExitCode.BAD_INPUT
    assert "plan.json is missing" in one_line(capsys.readouterr().err)
