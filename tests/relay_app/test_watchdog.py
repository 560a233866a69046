from __future__ import annotations

from pathlib import Path

from hostio.timing import S
from relay_app.relay.watchdog import Watchdog


def test_a_stall_is_noted_once_with_all_stacks(tmp_path: Path) -> None:
    now = [100 * S]
    progress: dict[str, int | None] = {"packet path": 99 * S, "fetches": None}
    dog = Watchdog(lambda: progress, lambda: "cache: somebody holds it", lambda: now[0], tmp_path / "a" / "stacks.txt")
    dog.look()
    assert not dog.stalls
    for seconds in (101, 105):
        now[0] = seconds * S
        dog.look()
    progress["packet path"] = 105 * S
    dog.look()
    (stall,) = dog.stalls
    assert (stall.at_ns, stall.lasted_ns, stall.what) == (99 * S, 6 * S, "packet path")
    text = (tmp_path / "a" / "stacks.txt").read_text()
    assert text.count("packet path: no progress for 2.0 s") == 1
    assert "cache: somebody holds it" in text
    assert "test_a_stall_is_noted_once_with_all_stacks" in text
