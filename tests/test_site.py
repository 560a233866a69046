"""The documentation as a site: it builds without a warning, has every page, and asks no network."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from project_names import PROJECT

DOCS = PROJECT / "docs"
INDEX = (DOCS / "index.md").read_text(encoding="utf-8")
_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""What a browser fetches by itself, by the attribute that says from where."""


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found = list[tuple[str, dict[str, str | None]]]()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def loaded(self) -> Iterator[str]:
        """Addresses of what a browser fetches."""
        for tag, attributes in self.found:
            if tag in _LOADED and attributes.get("rel") not in ("search", "index", "next", "prev", "canonical"):
                yield attributes.get(_LOADED[tag]) or ""

    def links(self) -> Iterator[str]:
        """Addresses to which a reader may go."""
        yield from (attributes["href"] or "" for tag, attributes in self.found if tag == "a" and "href" in attributes)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as scripts/docs does."""
    target = tmp_path_factory.mktemp("site")
    (line,) = re.findall(r"^as_owner .*-m (sphinx .*)$", (PROJECT / "scripts" / "docs").read_text(), re.MULTILINE)
    words = [sys.executable, "-m", *line.replace(".venv/site-cache", f"{target}/cache").split()]
    words[-1] = str(target / "site")
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return target / "site"


@pytest.mark.long
def test_every_page_is_there_and_is_reached_from_the_first(site: Path) -> None:
    pages = {page.stem for page in DOCS.glob("*.md")}
    linked = {Path(link).stem for link in Tags(site / "index.html").links() if "://" not in link}
    assert {page.stem for page in site.glob("*.html")} >= pages
    assert pages - {"index"} <= linked


@pytest.mark.long
def test_it_asks_no_network_and_what_it_loads_is_there(site: Path) -> None:
    for page in site.glob("*.html"):
        for address in Tags(page).loaded():
            assert "://" not in address, f"{page.name} loads {address}"
            assert address.startswith("data:") or (site / address.partition("?")[0]).exists(), f"{page.name}: {address}"
    assert [path.name for path in site.rglob("*.css") if re.search(r"url\(['\"]?https?:", path.read_text())] == []


@pytest.mark.long
def test_links_within_it_lead_to_a_page_and_a_place_in_it(site: Path) -> None:
    places = {
        page.name: {attributes["id"] for _, attributes in Tags(page).found if "id" in attributes}
        for page in site.glob("*.html")
    }
    for page in site.glob("*.html"):
        for link in Tags(page).links():
            if "://" in link or link.startswith("mailto:"):
                continue
            target, _, place = link.partition("#")
            assert not place or place in places[target or page.name], f"{page.name}: {link}"
            assert not target or (site / target).exists(), f"{page.name}: {link}"


@pytest.mark.long
def test_names_of_pages_are_links(site: Path) -> None:
    links = set(Tags(site / "quick-start.html").links())
    assert {"incident-tour.html", "blips.html", "ci.html"} <= links


def test_the_navigation_has_every_page() -> None:
    entries = set(re.findall(r"^[a-z-]+\*?$", INDEX, re.MULTILINE))
    named = {page.stem for page in DOCS.glob("*.md") for entry in entries if page.match(f"{entry}.md")}
    assert {page.stem for page in DOCS.glob("*.md")} - named == {"index"}
