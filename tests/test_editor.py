"""Scenario, topology and relay files in an editor: yaml-language-server with the project's schemas, as
`docs/editors.md` sets it up, completes keys and words, explains them, and says what is wrong. `scripts/setup --tests`
installs the server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from language_server import LanguageServer, Message, language_server
from project_names import PROJECT

pytestmark = pytest.mark.long

SERVER = PROJECT / ".venv" / "node" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
PAGE = (PROJECT / "docs" / "editors.md").read_text(encoding="utf-8")
SCENARIO = (PROJECT / "scenarios" / "one-blip.yaml").read_text(encoding="utf-8")
KNOWN = json.loads((PROJECT / "scenarios" / "scenario.schema.json").read_text(encoding="utf-8"))
HERE = "│"
"""Where the cursor stands."""


def settings() -> dict[str, object]:
    """Those of the page, by section."""
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    given = json.loads(block.replace("CHECKOUT", str(PROJECT)))
    schemas = {Path(path).as_uri(): pattern for path, pattern in given["yaml.schemas"].items()}
    return {
        "yaml": {
            "schemas": schemas,
            "schemaStore": {"enable": given["yaml.schemaStore.enable"]},
            "validate": True,
            "hover": True,
            "completion": True,
        }
    }


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LanguageServer]:
    assert SERVER.exists(), "run scripts/setup --tests"
    with language_server(["node", str(SERVER), "--stdio"], tmp_path, settings()) as started:
        yield started


def opened(server: LanguageServer, path: Path, text: str) -> tuple[list[Message], dict[str, int]]:
    """Open a file; its problems, and where the cursor stands in it."""
    before, _, after = text.partition(HERE)
    path.parent.mkdir(exist_ok=True)
    path.write_text(before + after)
    problems = server.open(path, before + after)
    return problems, {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}


def described(*keys: str) -> str:
    """What the schema says of a key of a scenario."""
    found = KNOWN
    for key in keys:
        found = found["properties"][key]
    return str(found["description"])


def first_words(text: str) -> str:
    return " ".join(re.sub(r"\\", "", text).split())[:40]


def test_a_scenario_of_the_project_has_no_problem(server: LanguageServer, tmp_path: Path) -> None:
    problems, _ = opened(server, tmp_path / "blips" / "one.yaml", SCENARIO)
    assert problems == []


def test_a_wrong_key_and_a_number_without_unit_are_underlined(server: LanguageServer, tmp_path: Path) -> None:
    wrong = SCENARIO.replace("duration: 12s", "durration: 12s").replace("for: 2s", "for: 2")
    problems, _ = opened(server, tmp_path / "blips" / "one.yaml", wrong)
    lines = wrong.splitlines()
    underlined = {lines[each["range"]["start"]["line"]].split(":")[0].strip() for each in problems}
    assert "durration" in underlined
    assert any("durration" in each["message"] for each in problems)
    assert any("for: 2" in lines[each["range"]["start"]["line"]] for each in problems)


def test_a_key_is_explained_where_the_mouse_stands(server: LanguageServer, tmp_path: Path) -> None:
    _, place = opened(server, tmp_path / "blips" / "one.yaml", SCENARIO.replace("duration:", f"dur{HERE}ation:"))
    shown = server.hover(tmp_path / "blips" / "one.yaml", place)
    assert first_words(described("duration")) in " ".join(shown.split())


def test_keys_are_completed_with_their_meaning(server: LanguageServer, tmp_path: Path) -> None:
    path = tmp_path / "blips" / "one.yaml"
    _, place = opened(server, path, f"{SCENARIO}\n{HERE}\n")
    offered = server.completions(path, place)
    missing = KNOWN["properties"].keys() - {line.split(":")[0] for line in SCENARIO.splitlines()}
    assert missing <= offered.keys()
    assert "name" not in offered, "it is there already"
    assert first_words(described("seed")) in first_words(offered["seed"])


def test_words_of_events_are_completed(server: LanguageServer, tmp_path: Path) -> None:
    path = tmp_path / "blips" / "one.yaml"
    event = "what: blackhole, link: [us-east, us-west], for: 2s"
    _, place = opened(server, path, SCENARIO.replace(event, f"what: {HERE}"))
    words = KNOWN["properties"]["events"]["items"]["discriminator"]["mapping"].keys()
    assert words <= server.completions(path, place).keys()


def test_the_first_line_of_a_file_names_its_schema(server: LanguageServer, tmp_path: Path) -> None:
    """Outside the folders that the settings name."""
    line = f"# yaml-language-server: $schema={PROJECT}/scenarios/scenario.schema.json\n"
    assert line.replace(str(PROJECT), "CHECKOUT") in PAGE
    problems, _ = opened(server, tmp_path / "elsewhere.yaml", line + SCENARIO.replace("topology:", "toplogy:"))
    assert any("toplogy" in each["message"] for each in problems)


def test_relays_and_topologies_have_their_schemas(server: LanguageServer, tmp_path: Path) -> None:
    problems, place = opened(server, tmp_path / "relay.yaml", f"command: [./relay]\n{HERE}\n")
    assert problems == []
    assert {"ready", "watchdog", "capabilities"} <= server.completions(tmp_path / "relay.yaml", place).keys()
    problems, _ = opened(server, tmp_path / "topologies" / "mine.yaml", "name: mine\nclustres: []\n")
    assert any("clustres" in each["message"] for each in problems)
