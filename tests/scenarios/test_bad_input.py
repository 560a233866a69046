"""Every wrong file gets its exact line: cases lie as files beside their message, hostile ones are made on the spot."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scenarios.errors import MOST_LINES, ScenarioError
from scenarios.language.library import LIBRARY, load_plan
from scenarios.language.topology_files import read_topology
from scenarios.language.yamlfile import MAX_DEPTH

ERRORS = Path(__file__).parent / "errors"
ONE_BLIP = (LIBRARY / "one-blip.yaml").read_bytes()


@dataclass(frozen=True)
class Case:
    """A file of this name, made by `make`, gets `message`."""

    name: str
    make: Callable[[Path], object]
    message: str

    def __str__(self) -> str:
        return self.name


def _from_file(path: Path) -> Case:
    message = path.with_suffix(".txt").read_text(encoding="utf-8").removesuffix("\n")
    return Case(path.name, lambda target: shutil.copy(path, target), message)


def _of_bytes(name: str, raw: bytes, message: str) -> Case:
    return Case(name, lambda target: target.write_bytes(raw), f"{name}:{message}")


LAUGHS = b"a: &a [ha, ha]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 9)) for letter in range(ord("b"), 123)
)

TOO_LARGE = "1:1: the file is larger than 256 KiB; a scenario is a few dozen lines"
NOT_REGULAR = "1:1: this is a pipe, socket or device; give a regular file"

GENERATED = (
    _of_bytes("ten-megabytes.yaml", ONE_BLIP + b"#" * 10_000_000, TOO_LARGE),
    _of_bytes("just-too-large.yaml", ONE_BLIP.ljust(256 * 1024 + 1, b"#"), TOO_LARGE),
    _of_bytes(
        "latin-1.yaml", b"name: a\ndescription: caf\xe9\n", "2:17: byte 0xe9 is not UTF-8; save the file as UTF-8"
    ),
    _of_bytes("utf-16.yaml", "name: a\n".encode("utf-16"), "1:1: byte 0xff is not UTF-8; save the file as UTF-8"),
    _of_bytes(
        "cut-off.yaml",
        "name: a\ndescription: é".encode()[:-1],
        "2:14: byte 0xc3 is not UTF-8; save the file as UTF-8",
    ),
    _of_bytes("nul.yaml", b"name: a\0b\n", "1:8: control character U+0000 in the text; remove it"),
    _of_bytes("escape.yaml", b"name: a\r\nseed: \x1b[1m\n", "2:7: control character U+001B in the text; remove it"),
    _of_bytes(
        "line-separator.yaml", "name: a\u2028b\n".encode(), "1:8: control character U+2028 in the text; remove it"
    ),
    _of_bytes("billion-laughs.yaml", LAUGHS, "1:4: an anchor '&a' is not allowed; remove it"),
    _of_bytes("deep-list.yaml", b"a: " + b"[" * 100_000, "1:19: nested deeper than 16 levels; write it flatter"),
    _of_bytes("deep-blocks.yaml", b"- " * 100_000 + b"a", "1:33: nested deeper than 16 levels; write it flatter"),
    _of_bytes("deep-mappings.yaml", b"{a: " * 50_000, "1:65: nested deeper than 16 levels; write it flatter"),
    Case("directory", Path.mkdir, "directory:1:1: this is a directory; give a file in it, such as directory/NAME.yaml"),
    Case("pipe.yaml", os.mkfifo, f"pipe.yaml:{NOT_REGULAR}"),
    Case("device.yaml", lambda target: target.symlink_to("/dev/zero"), f"device.yaml:{NOT_REGULAR}"),
    Case("missing.yaml", lambda _: None, "missing.yaml:1:1: there is no such file; check the path"),
    Case(
        "one-blp.yaml",
        lambda target: target.with_name("one-blip.yaml").touch(),
        "one-blp.yaml:1:1: there is no such file; did you mean 'one-blip.yaml'?",
    ),
    Case(
        "loop.yaml",
        lambda target: target.symlink_to(target),
        "loop.yaml:1:1: the file cannot be read (too many levels of symbolic links); give a readable file",
    ),
    Case(
        "unreadable.yaml",
        lambda target: target.symlink_to("/proc/self/mem"),
        "unreadable.yaml:1:1: the file cannot be read (input/output error); give a readable file",
    ),
    Case(
        "not-a\ndirectory/a.yaml",
        lambda target: target.parent.touch(),
        r"not-a\ndirectory/a.yaml:1:1: the file cannot be read (not a directory); give a readable file",
    ),
)

SCENARIO_CASES = (*map(_from_file, sorted(ERRORS.glob("*.yaml"))), *GENERATED)
TOPOLOGY_CASES = tuple(map(_from_file, sorted((ERRORS / "topologies").glob("*.yaml"))))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("read", "case"),
    [*((load_plan, case) for case in SCENARIO_CASES), *((read_topology, case) for case in TOPOLOGY_CASES)],
    ids=lambda value: "" if callable(value) else str(value),
)
def test_wrong_file_gets_its_exact_line(
    read: Callable[[Path], object], case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.make(tmp_path / case.name)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError) as caught:
        read(Path(case.name))
    assert str(caught.value) == case.message


def test_at_most_twenty_problems_are_told_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("".join(f"key-{number}: 1\n" for number in range(30)))
    with pytest.raises(ScenarioError) as caught:
        load_plan(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}:{at}:1: unknown key") for at, line in enumerate(lines[:-1], start=1))
    assert (len(lines), lines[-1]) == (MOST_LINES + 1, f"{path}: and 10 more")


def test_every_message_belongs_to_a_case() -> None:
    assert len(SCENARIO_CASES) > len(GENERATED)
    assert len(TOPOLOGY_CASES) > 0
    assert {path.stem for path in ERRORS.rglob("*.txt")} == {path.stem for path in ERRORS.rglob("*.yaml")}


def test_nesting_up_to_the_limit_is_read_and_refused_for_its_meaning_only(tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    with pytest.raises(ScenarioError, match="unknown key 'a'"):
        load_plan(path)


def test_a_file_of_exactly_the_greatest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(ONE_BLIP.ljust(256 * 1024, b"#"))
    assert load_plan(path).scenario == "one-blip"


def _cut(text: bytes, rng: random.Random) -> bytes:
    return text[: rng.randrange(len(text))]


def _flip(text: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(text))
    return text[:place] + bytes([rng.randrange(256)]) + text[place + 1 :]


def _punctuate(text: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice(b"{}[]&*!|>%@`\"'#,:?-\n\t \\~<=0").to_bytes(1, "big") + text[place:]


def _drop(text: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(text))
    return text[:place] + text[place + rng.randrange(1, 20) :]


def _move_line(text: bytes, rng: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return b"".join(lines)


def _swap_word(text: bytes, rng: random.Random) -> bytes:
    words = text.split(b" ")
    words[rng.randrange(len(words))] = rng.choice([*words, b"null", b"-1", b"1e999", b"[]", b"{}", b"0x7", b"9" * 5000])
    return b" ".join(words)


MUTATIONS = (_cut, _flip, _punctuate, _drop, _move_line, _swap_word)


def _error_of(path: Path) -> ScenarioError | None:
    try:
        load_plan(path)
    except ScenarioError as error:
        return error
    return None


@pytest.mark.parametrize("block", range(5))
def test_any_mutation_of_one_blip_is_a_plan_or_a_scenario_error(block: int, tmp_path: Path) -> None:
    path = tmp_path / "mutant.yaml"
    refused = 0
    for seed in range(block * 50, block * 50 + 50):
        rng = random.Random(seed)
        text = ONE_BLIP
        for _ in range(rng.randrange(1, 4)):
            text = rng.choice(MUTATIONS)(text or b"\n", rng)
        path.write_bytes(text)
        error = _error_of(path)
        if error is not None:
            refused += 1
            assert 1 <= len(str(error).splitlines()) <= MOST_LINES + 1
            assert error.mark
            assert 1 <= error.mark.line <= text.count(b"\n") + text.count(b"\r") + 2
    assert 10 < refused < 50
