"""The folder of a sweep's results: each is a file by the key of its run, whole or not there, and there once.

done/KEY.json       a result (`results.sweeps.result.SweepResult`)
runs/               run directories, of the runs that this machine played
pages/KEY.html      reports of the runs that others played
sweep.yaml          the sweep file
results.parquet, report.html
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hostio.files import naming, write_whole
from hostio.ownership import made_for_user
from results.run_files.document_error import DocumentError
from results.run_files.documents import dump, read
from results.run_files.run_dir import RunDir
from results.sweeps.result import FORMAT, SweepResult
from scenarios.errors import printable


@dataclass(frozen=True, slots=True)
class Store:
    """`root`: the folder."""

    root: Path

    @property
    def runs(self) -> Path:
        """Where run directories go."""
        return self.root / "runs"

    @property
    def table(self) -> Path:
        """All results, a row each."""
        return self.root / "results.parquet"

    @property
    def page(self) -> Path:
        """The page of the sweep."""
        return self.root / "report.html"

    def begin(self, sweep_text: str | None = None) -> None:
        """Make the folder, with the text of the sweep file in it, if it is of one sweep. OSError."""
        with made_for_user(self.root):
            self._done.mkdir(parents=True, exist_ok=True)
            if sweep_text is not None:
                write_whole(self.root / "sweep.yaml", sweep_text)

    def find(self, key: str) -> SweepResult | None:
        """The result of this key; None if there is none. DocumentError."""
        return self._read(self._path(key)) if self._path(key).exists() else None

    def count(self) -> int:
        """How many results there are."""
        return sum(1 for _ in self._paths())

    def results(self) -> Iterator[SweepResult]:
        """All results, in the order of their keys. DocumentError."""
        for path in self._paths():
            yield self._read(path)

    def commit(self, result: SweepResult) -> bool:
        """Keep a result, unless there is one of its key: then false. OSError.

        It is written beside its place, flushed to the disk, and then linked to its place, which link(2) does whole or
        not at all, and refuses where there is something: rename(2) would replace it.
        """
        target = self._path(result.key)
        draft = target.with_name(f".{result.key}.{os.getpid()}.draft")
        try:
            with naming(draft), draft.open("w", encoding="utf-8") as file:
                file.write(dump(result))
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, target)
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        with suppress(OSError):
            _flush_folder(self._done)
        return True

    def keep_page(self, key: str, page: str) -> None:
        """Keep the report of a run whose directory is on another machine. OSError."""
        with made_for_user(self._page_of(key)):
            write_whole(self._page_of(key), page)

    def page_of(self, result: SweepResult) -> str | None:
        """The report of a run, from this folder on; None if it is not here."""
        pages = (RunDir(self.root / result.played.run).page, self._page_of(result.key))
        return next((str(each.relative_to(self.root)) for each in pages if self._has(each)), None)

    def _has(self, path: Path) -> bool:
        return path.is_relative_to(self.root) and path.exists()

    def _page_of(self, key: str) -> Path:
        return self.root / "pages" / f"{key}.html"

    @property
    def _done(self) -> Path:
        return self.root / "done"

    def _path(self, key: str) -> Path:
        return self._done / f"{key}.json"

    def _paths(self) -> list[Path]:
        return sorted(self._done.glob("*.json"))

    def _read(self, path: Path) -> SweepResult:
        try:
            found = read(SweepResult, path)
        except DocumentError as error:
            raise DocumentError(printable(f"{path}: {error}; remove the file, and the run is played again")) from error
        if found.format != FORMAT:
            raise DocumentError(f"{path}: format {found.format} is of another version; this one reads {FORMAT}")
        return found


def _flush_folder(folder: Path) -> None:
    """Have the entries of a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
