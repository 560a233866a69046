"""What a program told over its metrics endpoint, against arithmetic."""

from __future__ import annotations

import pytest
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import S
from results.metrics.analysis import Analysis, analyse
from results.metrics.app_figures import app_problem, app_values
from results.report.report import read_evidence
from results.run_files.app_metrics import Scrape, canonical_name, sample_name


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analyse(read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run")))


def told(at_s: float, held: float, **counters: float) -> Scrape:
    return Scrape(START + round(at_s * S), {"held": held, **counters}, tuple(counters))


def silent(at_s: float) -> Scrape:
    return Scrape(START + round(at_s * S), problem="nobody listens at port 9100")


def after(analysis: Analysis) -> float:
    return (analysis.end_ns - START) / S + 0.3


def test_a_counter_is_its_growth_and_a_gauge_its_last_value(analysis: Analysis) -> None:
    end_s = after(analysis)
    answers = [
        told(-1.7, 9, packets_total=10),
        told(-0.7, 1, packets_total=100),
        told(0.3, 5, packets_total=150),
        told(end_s, 3, packets_total=400, late_total=7),
        told(end_s + 1, 8, packets_total=9000),
    ]
    assert app_values(answers, analysis) == {"held": 3, "packets_total": 300, "late_total": 7}
    assert app_problem(answers, analysis) is None


def test_a_counter_that_falls_was_started_anew(analysis: Analysis) -> None:
    answers = [told(-0.7, 1, packets_total=100), told(1, 1, packets_total=180), silent(2)]
    answers += [told(3, 1, packets_total=20), told(after(analysis), 1, packets_total=50)]
    assert app_values(answers, analysis)["packets_total"] == 80 + 20 + 30
    assert app_problem(answers, analysis) == "its metrics were not told 1 times of 5: nobody listens at port 9100"


def test_without_the_last_answer_nothing_is_known_and_without_the_first_no_counter(analysis: Analysis) -> None:
    end_s = after(analysis)
    assert app_values([told(-0.7, 1, packets_total=1), silent(end_s)], analysis) == {}
    assert app_values([silent(-0.7), told(1, 2, packets_total=5), told(end_s, 3, packets_total=9)], analysis) == {
        "held": 3
    }
    assert app_values([told(1, 2, packets_total=5), told(end_s, 3, packets_total=9)], analysis) == {"held": 3}
    assert app_values([], analysis) == {}


def test_names_are_written_in_one_way() -> None:
    labels = {"lane": "3", "cluster": 'a"\\b'}
    name = sample_name("x:y_total", labels)
    assert name == r'x:y_total{cluster="a\"\\b",lane="3"}'
    assert canonical_name(r'x:y_total{lane="3",cluster="a\"\\b"}') == canonical_name(name) == name
    assert canonical_name("held") == sample_name("held", {}) == "held"
    assert [canonical_name(text) for text in ("9a", "a{}", "a{b=3}", 'a{b="3"', "a.b")] == [None] * 5
