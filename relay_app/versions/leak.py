"""Leak: sessions never leave the cache.

The fix of 2026-05-20 without expiry of idle sessions: a session may come back, and its record would be there. Most
never do. The cache grows by every session that has ever passed, until it is full and refuses new ones. A test of a few
minutes sees no effect on media; it can only see that idle sessions are still cached.
"""

from __future__ import annotations

from hostio.timing import S
from relay_app.versions.v2026_05_20 import BulkFetch
from relay_app.versions.version import Version

VERSION = Version(BulkFetch, stale_ns=S, expires=False)
