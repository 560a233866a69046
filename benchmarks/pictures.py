"""Takes the pictures of a run's page that the documentation shows: `scripts/bench pictures`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.browser import Scheme, chromium_page, has_chromium, show
from results.run_files.run_dir import RunDir
from scenarios.paths import PROJECT

_DOCS = PROJECT / "docs"

_SECTIONS = {"heard": "heard", "relay": "relays", "map": "map"}
"""Picture and section of the page."""

_SIZES: dict[str, tuple[int, int, Scheme]] = {
    "": (1120, 1010, "light"),
    "-dark": (1120, 1010, "dark"),
    "-phone": (390, 844, "light"),
}
"""Of pictures of its beginning: width, height, by day or by night."""


def main() -> int:
    """Take them of the run directory named first."""
    run = RunDir(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else None
    if run is None or not run.page.exists() or not has_chromium():
        print("scripts/bench pictures: write a run directory with a report.html (and have Chromium)", file=sys.stderr)
        return 2
    for suffix, (width, height, scheme) in _SIZES.items():
        with chromium_page(width, height, scheme) as page:
            show(page, run.page)
            page.screenshot(path=_DOCS / f"report{suffix}.png")
    with chromium_page(1120, 1000) as page:
        show(page, run.page)
        for name, section in _SECTIONS.items():
            page.locator(f"#{section}").screenshot(path=_DOCS / f"report-{name}.png", style="nav { display: none }")
    return 0


if __name__ == "__main__":
    sys.exit(main())
