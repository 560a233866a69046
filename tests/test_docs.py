"""Names in backquotes, in docstrings, comments and pages: every module, file, option and identifier exists."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath

import pytest
from project_names import (
    PROJECT,
    ROOMS,
    Names,
    Prose,
    files,
    names_of,
    project_names,
    prose_of_page,
    prose_of_source,
    sources,
    sources_of_tests,
)

from results.comparison.run_sets import AGGREGATE
from results.run_files.run_dir import RunDir
from scenarios.bundles.manifest import MANIFEST
from scenarios.language.inputs import LIST, SCENARIO

PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]

COMMANDS = [
    *filter(lambda page: page.name != "commands.md", PAGES),
    PROJECT / ".ci" / "run",
    *sorted((PROJECT / ".github").rglob("*.yml")),
]
"""Texts whose commands name files, in code blocks too; not the reference, whose scripts make files."""

FOREIGN = {
    *("argsort", "numpy"),  # its function that the emulated CPU got wrong
    "bfd_status",  # a column of Open vSwitch's database
    "chrt",
    "get_crandom",
    "tabledist",  # functions of the kernel's sch_netem
    "lowbias32",  # a published hash
    "ksoftirqd",
    *("net.core.netdev_max_backlog", "mypy --strict"),
}
"""Names of other people's programs that no file of the project uses."""

SWEEP_FILES = frozenset(("done/*.json", "sweep.yaml", "results.parquet", "runs", "certificate.pem", "key.pem"))
"""What a sweep writes (`Store`)."""

_PATH = re.compile(r"[\w.*/-]+")
_FILE_OF_A_ROOM = re.compile(rf"(?<![\w./<-])(?:{'|'.join((*ROOMS, 'tests', 'docs', 'scripts'))})/[\w./-]*\w")
_LOCK_SITE = re.compile(r"taken at ([\w/]+\.py):(\d+) (\w+)")
"""In quoted output: where a relay took a lock."""

_PLACEHOLDER = re.compile(r"<[^<>]*>|\{\w*\}")
_METAVARIABLE = re.compile(r"\b[A-Z_]{2,}\b")
_WRITTEN = ("results/runs", ".venv/", ".vm")
"""Folders that only a run or an installation makes."""
_SUFFIXES = (".py", ".md", ".json", ".jsonl", ".yaml", ".parquet", ".csv", ".png", ".txt", ".log", ".toml", ".npy")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_WORD = re.compile(r"(?<![\w-])[A-Za-z_]\w*")
_NAME = re.compile(r"\w+_\w+|[A-Z]\w*[a-z]\w*[A-Z]\w*")
"""What cannot be a word of English: with an underscore, or capital letters within."""


@dataclass(frozen=True)
class Known:
    """Everything that may stand in backquotes."""

    names: Names
    files: frozenset[str]
    run_files: frozenset[str]
    """Patterns of paths in a run directory."""

    def stale(self, quoted: str, beside: Path = PROJECT) -> Iterator[str]:
        """The parts of a text in backquotes that name nothing there is; `beside` is the folder of its file."""
        if quoted in FOREIGN:
            return
        text = _PLACEHOLDER.sub("*", quoted).replace("./", "")
        paths = [each for each in _PATH.findall(text) if _is_path(each)]
        yield from (each for each in paths if not self._is_file(each.rstrip("/"), beside))
        for path in paths:
            text = text.replace(path, " ")
        dotted = _DOTTED.findall(text)
        yield from (each for each in dotted if not self._resolves(each))
        yield from (each for each in _OPTION.findall(text) if each not in self.names.options)
        alone = _WORD.fullmatch(text) is not None
        words = _WORD.findall(_OPTION.sub(" ", _DOTTED.sub(" ", text)))
        yield from (each for each in words if (alone or _NAME.fullmatch(each)) and not self._is_word(each))

    def _is_file(self, path: str, beside: Path) -> bool:
        if path.startswith(("/", *_WRITTEN)):
            return True
        here = str((beside / path).relative_to(PROJECT)) if beside != PROJECT else path
        if here in self.files or path in self._endings:
            return True
        patterns = [each for each in (here, path, _METAVARIABLE.sub("*", path)) if {*"*?["} & {*each}]
        patterns += [f"*/{path}"] if path in patterns else []
        ours = any(fnmatchcase(file, pattern) for pattern in patterns for file in self.files)
        return ours or any(fnmatchcase(path, each) or fnmatchcase(each, f"*{path}") for each in self.run_files)

    @cached_property
    def _endings(self) -> frozenset[str]:
        """Every file and folder by its path, and by each end of it that begins with a whole name."""
        parts = [PurePosixPath(file).parts for file in self.files]
        return frozenset("/".join(path[start:]) for path in parts for start in range(len(path)))

    def _is_word(self, word: str) -> bool:
        return word in self.names.words or word in FOREIGN

    def _resolves(self, dotted: str) -> bool:
        """A module of the project, or something in it; or a path of names that are all known."""
        first, *others = dotted.split(".")
        if first in sys.stdlib_module_names:
            return True
        if first in ROOMS and f"{first}.{others[0]}" in self.names.attributes:
            return self._is_attribute(dotted)
        owners = self._owners.get(first, ())
        if owners and (others[0][0].isupper() or not all(self._is_word(each) for each in others)):
            return any(self._is_attribute(f"{owner}.{'.'.join(others)}") for owner in owners)
        return all(self._is_word(each) for each in (first, *others))

    @cached_property
    def _owners(self) -> Mapping[str, list[str]]:
        """Modules and classes, by the last part of their dotted names."""
        found = defaultdict[str, list[str]](list)
        for each in self.names.attributes:
            found[each.rpartition(".")[2]].append(each)
        return found

    def _is_attribute(self, dotted: str) -> bool:
        if dotted in self.names.attributes:
            return True
        owner, _, name = dotted.rpartition(".")
        return name in self.names.attributes.get(owner, ())


def _is_path(text: str) -> bool:
    folder = text.partition("/")[0]
    return text.endswith(_SUFFIXES) or ("/" in text and (PROJECT / folder).is_dir()) or text.startswith("/")


def run_files() -> frozenset[str]:
    """A pattern for each path that a run directory offers."""
    run = RunDir(Path())
    found = {str(run.locks("*", 1))}
    for name, offer in vars(RunDir).items():
        if isinstance(offer, property):
            found.add(str(getattr(run, name)))
        elif callable(offer) and not name.startswith("_") and name not in ("staged", "locks_of_all_lives"):
            found.add(str(getattr(run, name)("*") if name != "sessions" else run.sessions()))
    return frozenset(found)


def all_files() -> frozenset[str]:
    """Every file and folder of the project, from its top."""
    paths = {PurePosixPath(path.relative_to(PROJECT)) for path in files()}
    return frozenset(map(str, paths | {folder for path in paths for folder in path.parents}))


@pytest.fixture(scope="module")
def names_of_tests() -> Names:
    return names_of(sources_of_tests())


@pytest.fixture(scope="module")
def known(names_of_tests: Names) -> Known:
    """Names of the project and, of its tests, those of modules, classes and functions."""
    names, tests = project_names(), names_of_tests
    names.words |= {name for defined in tests.attributes.values() for name in defined}
    names.attributes.update(tests.attributes)
    of_bundles = {MANIFEST, f"inputs/{SCENARIO}", f"inputs/{LIST}"}
    return Known(names, all_files(), run_files() | {AGGREGATE} | SWEEP_FILES | of_bundles)


@pytest.fixture(scope="module")
def known_to_tests(known: Known, names_of_tests: Names) -> Known:
    """Names that tests give to their own parameters and variables, besides."""
    tests = names_of_tests
    words, options = known.names.words | tests.words, known.names.options | tests.options
    return replace(known, names=replace(known.names, words=words, options=options))


def complaints(known: Known, texts: Iterable[Prose]) -> list[str]:
    return [
        f"{text}: `{stale}` in `{quoted}`"
        for text in texts
        for quoted in text.quoted
        for stale in known.stale(quoted, text.file.parent)
    ]


def of_sources(paths: list[Path]) -> list[Prose]:
    return [text for path in paths for text in prose_of_source(path)]


def test_what_docstrings_and_comments_name_exists(known: Known) -> None:
    texts = of_sources(sources())
    assert len(texts) > 100
    assert complaints(known, texts) == []


def test_what_docstrings_and_comments_of_tests_name_exists(known_to_tests: Known) -> None:
    texts = of_sources(sources_of_tests())
    assert len(texts) > 10
    assert complaints(known_to_tests, texts) == []


def test_what_pages_name_exists(known: Known) -> None:
    texts = [text for page in PAGES for text in prose_of_page(page)]
    assert {text.file for text in texts} == set(PAGES)
    assert complaints(known, texts) == []


@pytest.mark.parametrize("page", COMMANDS, ids=lambda path: path.name)
def test_files_in_commands_exist(page: Path) -> None:
    named = set(_FILE_OF_A_ROOM.findall(page.read_text(encoding="utf-8")))
    unwritten = {path for path in named if path.startswith(_WRITTEN) or _METAVARIABLE.search(path)}
    assert {path for path in named - unwritten if not (PROJECT / path).exists()} == set()


def test_output_in_pages_names_lines_that_take_the_lock() -> None:
    quoted = {site.groups() for page in PAGES for site in _LOCK_SITE.finditer(page.read_text())}
    assert quoted
    for path, number, function in quoted:
        lines = (PROJECT / path).read_text().splitlines()[: int(number)]
        assert re.match(r"with .*\block\b", lines[-1].strip()), f"{path}:{number}"
        assert [line.split()[1] for line in lines if line.lstrip().startswith("def ")][-1].startswith(f"{function}(")


@pytest.mark.parametrize(
    "gone",
    [
        *(
            "wire_frame_loop.flow_hash",
            "topologies.wire.frame_compiled.flow_hush",
            "memory.WireMemories",
            "WireMemories",
        ),
        *(
            "hostio.packet_counter",
            "hostio/packet_counter.py",
            "packet_counter.py",
            "raw/frames-*.parquet",
            "queue_nss",
        ),
        *(
            "--junit-file FILE",
            "python -m scenarios.run.preloaded",
            "media.interruptions_ms.max",
            "Plays",
            "LOOSE_LANES",
        ),
    ],
)
def test_a_name_that_is_gone_is_found(known: Known, gone: str) -> None:
    assert list(known.stale(gone)) != []


@pytest.mark.parametrize(
    "there",
    [
        *("topologies.wire.frame_compiled.flow_hash", "memory.WireMemory", "relay_app.locks.report.LockReport"),
        *(
            "hostio/sockets.py",
            "cache.py",
            "raw/fates-*.parquet",
            "locks/<cluster>.stacks.txt",
            "queue_ns",
            "tc -batch",
        ),
        *(
            "--junit FILE",
            "python -m scenarios.run.preload",
            "media.interruption_ms.max",
            "extra: 40ms",
            "numpy.argsort",
        ),
    ],
)
def test_a_name_that_is_there_is_not(known: Known, there: str) -> None:
    assert list(known.stale(there)) == []
