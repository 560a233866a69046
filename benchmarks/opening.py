"""How long a browser takes to open the page of a run."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from benchmarks.browser import chromium_page, has_chromium

_TIMES = 3


def opened(file: Path) -> list[tuple[str, ...]]:
    """Until the page can be read and used, until what listeners heard is drawn, and until all figures are: the least of
    three times each, in a browser that has started."""
    if not has_chromium():
        return [("opened in Chromium", "not measured: scripts/setup --tests installs it")]
    found = [_once(file) for _ in range(_TIMES)]
    names = ("opened in Chromium: to be read", "what listeners heard is drawn", "all figures are drawn")
    return [(name, f"{min(times):.2f} s") for name, times in zip(names, zip(*found, strict=True), strict=True)]


def _once(file: Path) -> tuple[float, ...]:
    with chromium_page(1280, 900) as page:
        page.goto("about:blank")
        begin = perf_counter()
        times = []
        page.goto(file.as_uri())
        times.append(perf_counter() - begin)
        for drawn in ("#heard-figure > *", "html[data-drawn]"):
            page.wait_for_selector(drawn, state="attached")
            times.append(perf_counter() - begin)
        return tuple(times)
