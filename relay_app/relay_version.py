"""What makes one version of the relay differ from another: what it does about sessions that it does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from relay_app.directory import Fetched


class SessionSource(Protocol):
    """Where session records come from; `directory.Directory` is one."""

    def fetch(self, ssrcs: Sequence[int]) -> Fetched:
        """Every SSRC's record, or that there is none; DirectoryError if there is no answer."""


class RelayVersion(Protocol):
    """A relay's control side. Its methods are called from different threads."""

    @property
    def fetching(self) -> int:
        """Sessions whose records are asked for and not there yet."""

    def missed(self, ssrcs: Iterable[int]) -> None:
        """Packets of these streams found no session; one SSRC may come many times."""

    def prefetch(self, ssrcs: Sequence[int]) -> int:
        """Fetch these as if missed, and wait; how many are cached then."""

    def run(self) -> None:
        """The body of the version's own thread, until stopped."""

    def stop(self) -> None:
        """End `run` and every wait."""

    def counters(self) -> Mapping[str, int]:
        """What it counts about itself."""
