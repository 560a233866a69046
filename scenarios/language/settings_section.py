"""Sections of a scenario that a dataclass of settings states: their keys, bounds and defaults are its fields'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from controller.settings import Detector, Within
from results.run_files.validation import Section, checked, strict_model
from scenarios.language.fields import SHARE, WHOLE, Reading, boolean, detectors, time_within, within

_NS = "_ns"


def key_of(name: str) -> str:
    """The key of a field in a scenario, which writes the unit with the value."""
    return name.removesuffix(_NS)


def settings_section(settings: type) -> Section:
    """How a mapping is read as a dataclass all of whose fields have defaults; what is left out keeps its default."""
    kinds = dict(_fields(settings))
    defaults = {field.name: field.default for field in fields(settings)}
    model = strict_model(
        settings.__name__, settings.__doc__, {key_of(name): (kinds[name], defaults[name]) for name in kinds}
    )
    return Section(settings, model, lambda found: settings(**{name: getattr(found, key_of(name)) for name in kinds}))


def _fields(settings: type) -> Iterator[tuple[str, object]]:
    for name, hint in get_type_hints(settings, include_extras=True).items():
        kind, *more = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        bounds = next((each for each in more if isinstance(each, Within)), None)
        yield name, Annotated[kind, checked(_reading(name, kind, bounds))]


def _reading(name: str, kind: Any, bounds: Within | None) -> Reading:
    """How the value of a field is read: by its type, its bounds, and whether its name says that it is a time."""
    if kind == tuple[Detector, ...]:
        return detectors
    if kind is bool:
        return boolean
    if kind is float:
        return within(SHARE, bounds.least, bounds.most) if bounds else SHARE
    if kind is int and bounds:
        return (time_within if name.endswith(_NS) else _whole_within)(bounds.least, bounds.most)
    raise TypeError(f"{name}: a setting is true or false, a share, detectors, or a whole number within bounds")


def _whole_within(least: str, most: str) -> Reading:
    return within(WHOLE, least, most)
