"""Pages in the distribution's Chromium, without a screen. The only module that imports playwright, but for tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

Scheme = Literal["light", "dark"]


def has_chromium() -> bool:
    """Whether there is one; scripts/setup --tests installs it."""
    return shutil.which("chromium") is not None


@contextmanager
def chromium_page(width: int, height: int, scheme: Scheme = "light", scale: float = 1) -> Iterator[Page]:
    """An empty page of this size in CSS pixels, each of `scale` pixels."""
    with sync_playwright() as playwright:
        # Its own sandbox is neither for root nor for containers; what is shown here is a file that we made.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=scale
        )
        yield context.new_page()
        browser.close()


def show(page: Page, file: Path) -> None:
    """Load the page of a run, and wait for its figures."""
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-drawn]")
