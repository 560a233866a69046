from __future__ import annotations

import random

import pytest
import yaml
from every import every

from scenarios.errors import Mark, ScenarioError
from scenarios.language import yamlfile
from scenarios.language.library import LIBRARY, scenario_files
from scenarios.language.yamlfile import decoded, parse, parse_scalar, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("On", "On"),
        ("True", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("010", "010"),
        ("0o10", "0o10"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1:30.5", "1:30.5"),
        ("2024-01-01", "2024-01-01"),
        ("1.50", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("=", "="),
        ("'12'", "12"),
        ('"true"', "true"),
        ("9" * 18, int("9" * 18)),
        ("9" * 19, "9" * 19),
        ("  padded ", "padded"),
    ],
)
def test_scalars_are_never_silently_something_else(text: str, value: object) -> None:
    result = parse_scalar(text, "--set x")
    assert result == value
    assert type(result) is type(value)


def test_every_key_and_value_has_its_mark() -> None:
    document = parse("a: 1\nb:\n  - x\n  - {c: é, d: e}\n", "f.yaml")
    assert document.data == {"a": 1, "b": ["x", {"c": "é", "d": "e"}]}
    assert document.keys == {
        ("a",): Mark(1, 1),
        ("b",): Mark(2, 1),
        ("b", 1, "c"): Mark(4, 6),
        ("b", 1, "d"): Mark(4, 12),
    }
    assert document.values[("b", 1, "d")] == Mark(4, 15)
    assert document.values[("b", 0)] == Mark(3, 5)


def test_byte_order_mark_does_not_shift_columns() -> None:
    text = decoded("\ufeffa: *b".encode(), "f")
    with pytest.raises(ScenarioError, match=r"^f:1:4: an alias"):
        parse(text, "f")


def test_agrees_with_the_library_where_both_allow_the_text() -> None:
    assert every(read(path).data == yaml.safe_load(path.read_text(encoding="utf-8")) for path in LIBRARY.glob("*.yaml"))


def test_both_parsers_read_the_same_at_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = [read(path) for path in scenario_files()]
    monkeypatch.setattr(yamlfile, "_FAST", yaml.SafeLoader)
    assert fast == [read(path) for path in scenario_files()]


def test_any_text_is_a_document_or_a_scenario_error() -> None:
    rng = random.Random(7)
    alphabet = "ab 1:-,[]{}\n\n\"'|>?*&!%@#~\t\\xuU."
    refused = 0
    for _ in range(1500):
        text = "".join(rng.choices(alphabet, k=rng.randrange(40)))
        try:
            parse(text, "f.yaml")
        except ScenarioError as error:
            refused += 1
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - either outcome is right
    assert 0 < refused < 1500


@pytest.mark.parametrize("text", ["a: b", "[a]", "&x y", "*x", "!!int 3", "a\n---\nb", '"x', "a\x00b"])
def test_an_argument_takes_a_single_plain_value(text: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scalar(text, "--set path=value")
    assert str(caught.value).startswith("--set path=value: ")
    assert caught.value.mark is None
