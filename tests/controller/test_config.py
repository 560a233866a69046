from __future__ import annotations

from pathlib import Path

from controller_samples import six

from controller.settings import ControllerConfig, ControllerSettings


def test_reads_back_what_it_wrote() -> None:
    config = ControllerConfig(
        six(), ControllerSettings(hold_ns=7, max_loss=0.05), Path("run/t.sock"), Path("run/c.jsonl"), "127.0.0.2", 6700
    )
    assert ControllerConfig.from_json(config.to_json()) == config
