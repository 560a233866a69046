"""What is taken out of texts, and what stays."""

from __future__ import annotations

import json

import pytest

from scenarios.bundles.redactor import NAME, PATH, Redactor

REDACTOR = Redactor.of(
    {"build-7", "build-7.corp.example", "ada", "media", "x"},
    {"/srv/my work/blipnet", "/"},
    ["failed in /home/grace.h/runs"],
    ["media", "received"],
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ran on Build-7.corp.example, and build-7", f"ran on {NAME}, and {NAME}"),
        ("ada's, (ada) ada-lovelace", f"{NAME}'s, ({NAME}) {NAME}-lovelace"),
        ("Canada adapts build-77", "Canada adapts build-77"),
        ("by grace.h", f"by {NAME}"),
        ("media x", "media x"),
        ("at /srv/my work/blipnet/relay.py:12", f"at {PATH}:12"),
        ("PATH=/usr/bin:/opt/tools/bin", f"PATH={PATH}:{PATH}"),
        ('File "/usr/lib/python3/a.py", line 3', f'File "{PATH}", line 3'),
        ("topology: ../nets/mine.yaml  # in ~/nets", f"topology: {PATH}  # in {PATH}"),
        ("./relay", PATH),
        ("http://127.0.0.1:9100/metrics/all and /metrics", "http://127.0.0.1:9100/metrics/all and /metrics"),
        ("50 pkt/s, 1/2, us-east/us-west, raw/a.parquet", "50 pkt/s, 1/2, us-east/us-west, raw/a.parquet"),
        ("${HOME}/a/b", "${HOME}/a/b"),
    ],
)
def test_names_and_paths_are_taken_out(text: str, left: str) -> None:
    assert REDACTOR.text(text) == left
    assert REDACTOR.left_in(left) is None


def test_documents_stay_documents() -> None:
    """Behind an escaped line end too, which in the text of the document would make one word of it with the path."""
    value = {"why": "failed\n/opt/ada/x y", "ada": [1, 2.5, None, True, {"k": "~/z"}]}
    out = {"why": f"failed\n{PATH} y", NAME: [1, 2.5, None, True, {"k": PATH}]}
    assert json.loads(REDACTOR.document(json.dumps(value))) == out
    lines = f"{json.dumps(value)}\n\n{json.dumps(value)}\n" + '{"cut'
    assert [json.loads(line) for line in REDACTOR.lines(lines).splitlines()] == [out, out]
