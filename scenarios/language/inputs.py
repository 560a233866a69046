"""What a plan is made of, kept beside a run so that it can be made again elsewhere: the scenario file, and the files
that it names, each under a name of ours. Of a capture the stream that is played is kept, and nothing else in it.

Folders of relays are not kept. A value that names a kept file is set by an override when the plan is made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from relay_app.media_profiles import Recording
from results.run_files.documents import dump, read
from scenarios.language import trace_file, yamlfile
from scenarios.language.document import DataPath, Document, path_text
from scenarios.language.media_schema import CaptureEntry
from scenarios.language.overrides import overridden, parse_override
from scenarios.language.recordings import with_recordings
from scenarios.language.schema import ScenarioFile, validated
from scenarios.language.topology_files import CATALOGUE
from scenarios.language.trace_event import TraceEvent

LIST = "inputs.json"
SCENARIO = "scenario.yaml"
_ANY_SSRC = 1


@dataclass(frozen=True, slots=True)
class InputList:
    """`inputs.json`: beside the scenario file, what was set on the command line, and the kept files.

    `files`: by the place of the value that names it, as `--set` takes that, the path of each in the folder of inputs.
    """

    seed: int | None
    overrides: tuple[str, ...]
    files: dict[str, str]


class Arguments(NamedTuple):
    """What `load_plan` is called with."""

    path: Path
    seed: int | None
    overrides: tuple[str, ...]


def collected(arguments: Arguments) -> dict[str, bytes]:
    """What a plan is made of, by path in the folder of inputs. ScenarioError; OSError."""
    path, seed, overrides = arguments
    document = overridden(yamlfile.read(path), [*map(parse_override, overrides)])
    named = dict(_named(validated(ScenarioFile, document), document))
    kept = tuple(text for text in overrides if path_text(parse_override(text).keys) not in named)
    listed = InputList(seed, kept, {place: name for place, (name, _) in named.items()})
    scenario = yamlfile.read_bytes(path, yamlfile.MAX_BYTES)
    return {SCENARIO: scenario, LIST: dump(listed).encode(), **dict(named.values())}


def arguments_of(folder: Path, seed: int | None = None, further: Sequence[str] = ()) -> Arguments:
    """The arguments with which the plan is made again of a folder of inputs; `seed` and `further` overrides change it.

    DocumentError if the list of inputs is missing or wrong.
    """
    listed = read(InputList, folder / LIST)
    files = (f"{place}={json.dumps(str(folder / name))}" for place, name in listed.files.items())
    return Arguments(folder / SCENARIO, listed.seed if seed is None else seed, (*listed.overrides, *files, *further))


def arguments_in(command: Sequence[str]) -> Arguments | None:
    """The arguments in the command of a plan; None if it was not recorded."""
    if not command:
        return None
    _, path, *options = command
    stated = list(zip(options[::2], options[1::2], strict=True))
    seeds = [int(value) for option, value in stated if option == "--seed"]
    return Arguments(
        Path(path), seeds[-1] if seeds else None, tuple(value for option, value in stated if option == "--set")
    )


def _named(scenario: ScenarioFile, document: Document) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """By the place of the value that names it: the name and contents of each file."""
    if isinstance(document.data.get("topology"), str):
        yield "topology", _topology(document)
    for index, event in enumerate(scenario.events):
        if isinstance(event, TraceEvent):
            place: DataPath = ("events", index, "file")
            path = document.path_of(event.file, place)
            suffix = ".csv" if path.suffix == ".csv" else ".trace"
            yield path_text(place), (f"traces/{index}{suffix}", yamlfile.read_bytes(path, trace_file.MOST_BYTES))
    if any(isinstance(group.media, CaptureEntry) for group in scenario.sessions):
        yield from _captures(scenario, document)


def _topology(document: Document) -> tuple[str, bytes]:
    value = str(document.data["topology"])
    path = document.path_of(value, ("topology",)) if "/" in value else CATALOGUE / f"{value}.yaml"
    return f"topology/{path.name}", yamlfile.read_bytes(path, yamlfile.MAX_BYTES)


def _captures(scenario: ScenarioFile, document: Document) -> Iterator[tuple[str, tuple[str, bytes]]]:
    # Scapy takes a third of a second to load, and few scenarios have a capture.
    from scenarios.language.captures import capture_of

    played, _ = with_recordings(scenario, document)
    for index, (group, made) in enumerate(zip(scenario.sessions, played.sessions, strict=True)):
        if isinstance(group.media, CaptureEntry) and isinstance(made.media, Recording):
            ssrc = _ANY_SSRC if group.media.ssrc is None else group.media.ssrc
            place = path_text(("sessions", index, "media", "capture"))
            yield place, (f"captures/{index}.pcap", capture_of(made.media, ssrc))
