"""Leak: sessions never leave the cache.

The fix of 2026-05-20 with one line less. A session that falls idle may come back, and then its record would be at hand;
so why let it go? Because most never do: the cache grows by every session that ever passed, until it is full and refuses
new ones. No test of a few minutes notices, unless it looks at what should have left.
"""

from __future__ import annotations

from hostio.timing import S
from relay_app.versions.v2026_05_20 import BulkFetch
from relay_app.versions.version import Version

VERSION = Version(BulkFetch, stale_ns=S, expires=False)
