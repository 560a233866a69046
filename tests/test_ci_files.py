"""Files for machines that play runs, held against the schemas of the programs that read them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from project_names import PROJECT

from scenarios.language import yamlfile

GITHUB = PROJECT / "ci" / "github" / "blipnet.yml"
GITLAB = PROJECT / "ci" / "gitlab" / "blipnet.gitlab-ci.yml"
CLOUD_INIT = PROJECT / "ci" / "machine" / "cloud-init.yaml"


def read(path: Path) -> Any:
    """The document of a YAML file."""
    return yamlfile.read(path).data


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """cloud-init's own, from the distribution's package, which is not installed: it would take over this machine."""
    folder = tmp_path_factory.mktemp("cloud-init")
    if subprocess.run(["apt-get", "download", "-qq", "cloud-init"], cwd=folder).returncode:  # the lists are old
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "download", "-qq", "cloud-init"], cwd=folder, check=True)
    (package,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", package, folder / "root"], check=True)
    (found,) = folder.glob("root/usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json")
    of_users: dict[str, object] = json.loads(found.read_text())
    return of_users


def scripts() -> Iterator[str]:
    """What a shell runs of the templates, a step each."""
    yield from (step["run"] for step in read(GITHUB)["jobs"]["blips"]["steps"] if "run" in step)
    job = read(GITLAB)["blips"]
    yield "\n".join((*job["before_script"], *job["script"]))


@pytest.mark.long
@pytest.mark.parametrize("script", [*scripts()], ids=lambda text: text.splitlines()[0][:40])
def test_shellcheck_finds_no_fault_in_a_step(script: str) -> None:
    checked = [str(Path(sys.executable).parent / "shellcheck"), "--shell=bash", "--severity=style", "-"]
    done = subprocess.run(checked, input=script, capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.long
def test_cloud_init_takes_the_file(schema: dict[str, object]) -> None:
    document = read(CLOUD_INIT)
    validator = jsonschema.Draft4Validator(schema)
    validator.validate(document)
    wrong = {**document, "runcmd": "doctor", "packages": {"git": 1}}
    assert len(list(validator.iter_errors(wrong))) == 2


def test_what_is_said_to_replace_is_there_once() -> None:
    text = CLOUD_INIT.read_text(encoding="utf-8")
    assert text.startswith("#cloud-config\n")
    commands = read(CLOUD_INIT)["runcmd"]
    assert [(command.count("REPOSITORY"), command.count("VERSION")) for command in commands if "git" in command] == [
        (1, 1)
    ]


def test_what_the_machine_runs_is_there() -> None:
    commands = [word for command in read(CLOUD_INIT)["runcmd"] for word in command]
    ours = [Path(word).relative_to("/opt/blipnet") for word in commands if word.startswith("/opt/blipnet/")]
    assert len(ours) == 2
    assert [path for path in ours if not (PROJECT / path).exists()] == []
