"""A redacted bundle, looked through for every name and path that was in the run."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest
from bundle_lab import RECORDED, WRITTEN_BY
from command_lab import ONE_BLIP, PROJECT

from results.comparison.run_sets import summary_of
from results.run_files.documents import dump_line
from results.run_files.plan_formats import read_plan
from results.run_files.records import change_texts
from results.run_files.run_dir import RunDir
from scenarios.bundles.archive import unpack
from scenarios.bundles.bundling import bundle
from scenarios.cli.kept_inputs import keep_inputs
from scenarios.errors import ScenarioError
from scenarios.language.inputs import Arguments

pytestmark = pytest.mark.long

HOST, USER, CALLER, OTHER = "qzbuild-7.corp.example", "qzada", "qzgrace", "qzhopper"
FOLDER = f"/home/{OTHER}/own relays/blipnet"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    """A recorded run with names in every kind of file."""
    monkeypatch.setattr("socket.gethostname", lambda: HOST)
    for variable, name in (("USER", USER), ("LOGNAME", USER), ("SUDO_USER", CALLER)):
        monkeypatch.setenv(variable, name)
    folder = tmp_path / f"runs-of-{USER}"
    found = RunDir(Path(shutil.copytree(RECORDED, folder)))
    scenario = tmp_path / "one-blip.yaml"
    scenario.write_text(f"# {CALLER} on {HOST}, see {FOLDER}/notes.txt\n{Path(ONE_BLIP).read_text()}")
    keep_inputs(Arguments(scenario, None, (f"description=by {USER}",)), found)
    plan = json.loads(found.plan.read_text())
    plan["description"] = f"{USER} tried it on {HOST.split('.')[0]}"
    plan["command"] = ["run", f"{FOLDER}/{USER}/one-blip.yaml", "--set", f"relays.kind={FOLDER}/relay"]
    plan["environment"]["link_backend_reason"] = f"/proc/{USER}/modules has no sch_netem"
    plan["sessions"][0]["name"] = f"{CALLER}-1"
    found.plan.write_text(json.dumps(plan))
    sessions = found.sessions()
    change_texts(sessions, sessions, lambda text: text.replace("voice-1", f"{CALLER}-1"))
    decisions = found.decisions.read_text()
    assert '"reason": "' in decisions
    found.decisions.write_text(decisions.replace('"reason": "', f'"reason": "{HOST}: ', 1))
    started = {"cluster": "us-east", "part": "relay", "command": [f"{FOLDER}/relay", USER], "at_ns": 1}
    with found.events.open("a") as records:
        records.write(dump_line({**started, "kind": "program-start"}))
    (found.root / "locks" / "us-east.stacks.txt").write_text(
        f'File "{PROJECT}/relay.py", line 1, by {USER}@{HOST}\n{tmp_path}/a\n'
    )
    found.log("runner").parent.mkdir()
    found.log("runner").write_text(f"{HOST} {USER}\n")
    (found.root / "notes.md").write_text(f"by {USER}\n")
    return found


def test_nothing_names_host_user_or_path(run: RunDir, tmp_path: Path) -> None:
    secrets = [
        HOST,
        HOST.split(".")[0],
        USER,
        CALLER,
        OTHER,
        str(tmp_path),
        str(PROJECT),
        FOLDER,
        "own relays",
        "relays/blipnet",
        "/home/",
    ]
    before = {
        each for path in run.root.rglob("*") if path.is_file() for each in left(secrets, path.name, path.read_bytes())
    }
    assert before == {*secrets}, "a name is not in the run to begin with"
    path = bundle(run, tmp_path / "x.bundle", WRITTEN_BY, redact=True).path
    with ZipFile(path) as archive:
        names = archive.namelist()
        for name in names:
            assert left(secrets, name, archive.read(name)) == set(), name
    assert left(secrets, "names", "\n".join(names).encode()) == set()
    assert left(secrets, "raw", path.read_bytes()) == set()
    kinds = {Path(name).suffix for name in names}
    assert kinds == {".json", ".jsonl", ".parquet", ".yaml", ".csv", ".html", ".png", ".txt"}
    assert not [name for name in names if name.startswith(("run/logs", "run/pcap", "run/notes"))]


def left(secrets: list[str], name: str, data: bytes) -> set[str]:
    """The secrets in a file, in any of the ways in which they can be in it."""
    views = b"\n".join(view.lower() for view in seen(name, data))
    return {secret for secret in secrets if secret.lower().encode() in views}


def seen(name: str, data: bytes) -> Iterator[bytes]:
    yield data
    if name.endswith(".parquet"):
        frame = pl.read_parquet(io.BytesIO(data))
        yield "\n".join((*frame.columns, *(str(row) for row in frame.iter_rows()))).encode()
    if name.endswith((".html", ".json")):
        text = data.decode()
        yield html.unescape(text).encode()
        yield re.sub(r"\\u([0-9a-f]{4})", lambda each: chr(int(each[1], 16)), text).replace("\\/", "/").encode()
    if name.endswith(".html"):
        for found in _BASE64.findall(data):
            yield base64.b64decode(found[: len(found) // 4 * 4])


def test_a_redacted_run_is_still_the_run(run: RunDir, tmp_path: Path) -> None:
    """It has the verdict and the figures of the run, and everything that joins its files."""
    path = bundle(run, tmp_path / "x.bundle", WRITTEN_BY, redact=True).path
    there = tmp_path / "there"
    there.mkdir()
    manifest = unpack(path, there)
    assert manifest.redacted
    whole, found = summary_of(RunDir(RECORDED)), summary_of(RunDir(there))
    assert (found.verdict, found.media) == (whole.verdict, whole.media)
    assert read_plan(RunDir(there).plan).command[:2] == ("run", "one-blip.yaml")


def test_records_that_need_a_name_are_not_redacted(
    run: RunDir, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A user with the name of a key of records that the schemas do not have."""
    monkeypatch.setenv("USER", "applied_first_ns")
    with pytest.raises(ScenarioError, match=r"events\.jsonl would be of another form"):
        bundle(run, tmp_path / "x.bundle", WRITTEN_BY, redact=True)
    assert not (tmp_path / "x.bundle").exists()
