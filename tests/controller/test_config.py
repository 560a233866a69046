from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from controller_samples import six

from controller.settings import ControllerConfig, ControllerSettings, PolicyChoice, Setting
from controller.traffic import PairTraffic, RelayCapacity, Traffic
from topologies.model import Link

CONFIG = ControllerConfig(
    six(),
    ControllerSettings(hold_ns=7, max_loss=0.05, detect=("link", "relay-canary"), policy=PolicyChoice("spread", 3)),
    Path("run/t.sock"),
    Path("run/c.jsonl"),
    "127.0.0.2",
    6700,
    Traffic((PairTraffic("east", "west", tuple(range(16))),), (RelayCapacity("central", 4000),)),
)


def test_reads_back_what_it_wrote() -> None:
    jittery = replace(
        CONFIG.topology, links=tuple(Link.alike(link.a, link.b, 5, jitter_ns=3) for link in CONFIG.topology.links)
    )
    for config in (CONFIG, replace(CONFIG, topology=jittery)):
        assert ControllerConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    "text", ["[]", "{}", '"x"', "7", "", CONFIG.to_json().replace("hold_ns", "hold"), CONFIG.to_json()[:-1]]
)
def test_what_is_no_configuration_is_an_error(text: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        ControllerConfig.from_json(text)


def setting(each: Any) -> Setting:
    found = each.metadata["setting"]
    assert isinstance(found, Setting)
    return found


def test_every_setting_says_how_it_is_written_and_a_time_is_in_ns() -> None:
    types = get_type_hints(ControllerSettings)
    python_types: dict[str, object] = {"flag": bool, "time": int, "count": int, "share": float, "policy": PolicyChoice}
    words = {"detectors": types["detect"], "framework": types["framework"], "probes": types["probes"]}
    words |= {"per minute": types["max_reroutes"], "directions": types["directions"]}
    assert fields(ControllerSettings)
    for each in fields(ControllerSettings):
        assert (setting(each).quantity == "time") == each.name.endswith("_ns")
        assert types[each.name] == {**python_types, **words}[setting(each).quantity]
