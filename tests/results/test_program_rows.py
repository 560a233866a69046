"""What the terminal says of relays that are programs."""

from __future__ import annotations

from dataclasses import replace

from test_verdict import CALM, PROGRAM, findings

from results.metrics.system_figures import ProcessFigures
from results.report.program_rows import app_rows, process_rows
from results.verdict.verdict import judge

PROCESS = ProcessFigures(480.0, 200.0, 6.4, 1.8, 2, 22, 900, 3, 0, 4, 0.0, {"lane 3": 20, "port 3478": 5}, 0)


def test_a_row_says_what_its_processes_used() -> None:
    programs = {"us-east": replace(PROGRAM, process=PROCESS), "us-west": PROGRAM}
    summary = judge(replace(findings(CALM), programs=programs), (), [])
    assert process_rows(summary) == [("us-east", "mine", "0.48 s", "6 %", "1.8 MiB", "2", "22", "25")]


def test_what_a_program_tells_is_shown_up_to_the_twelfth_value() -> None:
    few, many = {"held": 60.0, 'lost{why="cold"}': 0.25}, {f"x{number}": 1.0 for number in range(15)}
    programs = {"us-east": replace(PROGRAM, app=few), "us-west": replace(PROGRAM, app=many)}
    rows = app_rows(judge(replace(findings(CALM), programs=programs), (), []))
    assert rows[:2] == [("us-east", "held", "60"), ("us-east", 'lost{why="cold"}', "0.25")]
    assert len(rows) == 2 + 12 + 1
    assert rows[-1] == ("us-west", "3 others, see summary.json", "")
