"""How the pages of this folder become a site: `scripts/docs` builds it, and CI, with warnings as errors.

Sphinx with MyST, because that reads the pages as the hosts of repositories do (CommonMark with tables), calls a page
outside the navigation and a link that leads nowhere a warning, and makes a site whose search works from a folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Blipnet"
html_title = "Blipnet"
extensions = ["myst_parser"]
myst_heading_anchors = 3
highlight_language = "none"
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
nitpicky = True


class PageLinks(SphinxPostTransform):
    """Makes links of the names of pages in backquotes, as in `docs/blips.md`: so files name each other."""

    default_priority = 5  # before references are resolved

    def run(self, **_: object) -> None:
        """Wrap each name of a page in a reference to it; one that is not there is a warning."""
        for name in list(self.document.findall(nodes.literal)):
            path = Path(name.astext())
            if path.parent == Path("docs") and path.suffix == ".md" and not isinstance(name.parent, nodes.reference):
                link = addnodes.pending_xref(
                    "", refdomain="std", reftype="doc", reftarget=f"/{path.stem}", refexplicit=True, refwarn=True
                )
                link["refdoc"] = self.env.docname
                name.replace_self(link)
                link += name


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_post_transform(PageLinks)
