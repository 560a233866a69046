"""What a relay leaves behind whatever becomes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hostio.growing_array import GrowingArray
from hostio.timing import S
from relay_app.records import FETCH, RELAY_SAMPLE
from relay_app.relay.watchdog import Watchdog


@pytest.mark.parametrize("dtype", [FETCH, RELAY_SAMPLE])
def test_a_growing_array_can_be_loaded_at_any_time(tmp_path: Path, dtype: np.dtype[np.void]) -> None:
    rows = np.ones(7, dtype)
    array = GrowingArray(tmp_path / "new" / "rows.npy", dtype)
    for count in range(5):
        loaded = np.load(tmp_path / "new" / "rows.npy", allow_pickle=False)
        assert loaded.dtype == dtype
        assert np.array_equal(loaded, np.tile(rows, count))
        array.append(rows)
    array.close()


def test_rows_that_were_not_counted_yet_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    array = GrowingArray(path, FETCH)
    array.append(np.ones(3, FETCH))
    array.close()
    path.write_bytes(path.read_bytes() + b"half a row")
    assert len(np.load(path, allow_pickle=False)) == 3


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
