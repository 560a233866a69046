"""Sections of a scenario that are defined by a dataclass of settings, whose fields give keys, bounds and defaults.

Each field has a default, and a `Setting` in its metadata. So a setting is stated once, where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Annotated, Any, get_args, get_type_hints

from controller.settings import Directions, Framework, Probes, Setting
from results.run_files.validation import Section, Strict, checked, strict_model
from scenarios.language.fields import detectors
from scenarios.language.policy_schema import POLICY, POLICY_ENTRIES
from scenarios.language.readings import PER_MINUTE, SHARE, WHOLE, Reading, boolean, one_of, time_within, within


def settings_of(of: type) -> Mapping[str, tuple[Field[Any], Setting]]:
    """The fields of a dataclass of settings, by key in a scenario. Keys lack the suffix `_ns`: a scenario writes the
    unit with the value."""
    return {field.name.removesuffix("_ns"): (field, field.metadata["setting"]) for field in fields(of)}


def settings_section(of: type) -> Section:
    """The section that reads a mapping as a dataclass of settings; keys that are left out have their default."""
    known, types = settings_of(of), get_type_hints(of)
    values = {
        key: (Annotated[types[field.name], checked(_reading(setting), *_mappings(setting))], field.default)
        for key, (field, setting) in known.items()
    }

    def make(found: object) -> object:
        return of(**{field.name: getattr(found, key) for key, (field, _) in known.items()})

    return Section(of, strict_model(of.__name__, of.__doc__, values), make)


def _reading(setting: Setting) -> Reading:
    """The reader of a setting's value."""
    bounds = (setting.least, setting.most)
    if setting.quantity == "time":
        return time_within(*bounds)
    if setting.quantity == "count":
        return within(WHOLE, *bounds)
    if setting.quantity == "share":
        return within(SHARE, *bounds) if all(bounds) else SHARE
    if setting.quantity == "per minute":
        return within(PER_MINUTE, *bounds)
    if setting.quantity == "policy":
        return POLICY
    if setting.quantity == "framework":
        return one_of(*get_args(Framework))
    if setting.quantity == "probes":
        return one_of(*get_args(Probes))
    if setting.quantity == "directions":
        return one_of(*get_args(Directions))
    return boolean if setting.quantity == "flag" else detectors


def _mappings(setting: Setting) -> tuple[type[Strict], ...]:
    """As what a setting may be written that is no single value."""
    return POLICY_ENTRIES if setting.quantity == "policy" else ()
