"""An array that grows in its file, whatever becomes of its writer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hostio.files import GrowingArray

PAIR = np.dtype([("at_ns", "<i8"), ("count", "<u4")])
ODD = np.dtype([("kind", "<u1"), ("at_ns", "<i8")])


@pytest.mark.parametrize("dtype", [PAIR, ODD])
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
    array = GrowingArray(path, PAIR)
    array.append(np.ones(3, PAIR))
    array.close()
    path.write_bytes(path.read_bytes() + b"half a row")
    assert len(np.load(path, allow_pickle=False)) == 3
