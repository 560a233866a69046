from pathlib import Path

import pytest

from hostio.files import Tail, replacing, write_whole


def test_a_reader_finds_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    with replacing(target) as partial:
        partial.write_text("ne")
        assert target.read_text() == "old"
        partial.write_text("new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")

    def fail() -> None:
        with replacing(target) as partial:
            partial.write_text("ne")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_text_is_written_with_the_folders_above_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "locks" / "us-east.json", "Grüße")
    assert (tmp_path / "locks" / "us-east.json").read_bytes() == "Grüße".encode()


def test_only_whole_lines_of_a_growing_file_are_given_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "output"
    tail = Tail(path)
    assert tail.new_lines() == b""
    path.write_bytes(b"one\ntwo\nthr")
    assert tail.new_lines() == b"one\ntwo\n"
    with path.open("ab") as file:
        file.write(b"ee\nend")
    assert tail.new_lines() == b"three\n"
    assert tail.new_lines() == b""
    assert tail.new_lines(last=True) == b"end"
    assert tail.new_lines(last=True) == b""
