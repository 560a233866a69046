"""Common style and colours of plots, and output as PNG. The only module that imports matplotlib.

Colours: the palette of Okabe and Ito (2008), distinguishable with colour vision deficiency.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from hostio.caches import cache_folder
from hostio.files import replacing

os.environ["MPLCONFIGDIR"] = str(cache_folder("matplotlib"))

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

__all__ = ["Axes", "Figure", "Line2D", "LogNorm", "Patch", "ScalarMappable", "save_png"]

BLUE, SKY, VERMILION, GREEN, PINK, ORANGE = "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#E69F00"
INK, PALE, FAULT = "#222222", "#9a9a9a", "#f0c75e"

_DPI = 150
_STYLE: Mapping[str, object] = MappingProxyType(
    {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": PALE,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": INK,
        "ytick.color": INK,
    }
)


def save_png(draw: Callable[[], Figure], target: Path) -> None:
    """Call `draw` with the common style set and no other, and write its figure as a PNG file, atomically."""
    with mpl.rc_context(), replacing(target) as partial:
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        FigureCanvasAgg(draw()).print_figure(partial, format="png", dpi=_DPI)
