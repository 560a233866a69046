"""Every line that `docs/troubleshooting.md` quotes is one that the code prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from project_names import PROJECT, sources, tree_of

PAGE = (PROJECT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
LINES = [
    line for block in re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
LEFT_OUT = "…"
VALUE = "\0"
"""Where a value comes into a message of the code."""

_SHELL_VALUE = re.compile(r"\$\{[^}]*\}|\$\w+")


def messages() -> str:
    """All text of the code, a literal a line."""
    of_python = (text for path in sources() for text in _literals(tree_of(path)))
    of_scripts = (path.read_text(encoding="utf-8") for path in (PROJECT / "scripts").iterdir())
    shell = (
        _SHELL_VALUE.sub(VALUE, line.replace("$0", "scripts/setup"))
        for text in of_scripts
        for line in text.splitlines()
    )
    return "\n".join((*of_python, *shell))


def _literals(tree: ast.AST) -> Iterator[str]:
    """Text of string literals, those with values in them as one; a line break within one is a space."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else VALUE for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split("\n"))


@pytest.fixture(scope="module")
def text() -> str:
    return messages()


def missing(line: str, text: str) -> list[str]:
    """The parts of a quoted line, between what it leaves out, that no literal of the code has."""
    return [part for part in line.split(LEFT_OUT) if part.strip() and part.strip() not in text]


def test_each_quoted_line_is_in_the_code(text: str) -> None:
    assert len(LINES) > 30
    assert {line: parts for line in LINES if (parts := missing(line, text))} == {}


def test_a_line_that_is_gone_is_found(text: str) -> None:
    assert missing("this machine can not run scenarios: …", text) == ["this machine can not run scenarios: "]
    assert missing("the relay itself is … watched over", text) == [" watched over"]


def test_what_is_quoted_says_enough() -> None:
    """A part so short would be anywhere."""
    assert [line for line in LINES if max(map(len, line.split(LEFT_OUT))) < 12] == []
