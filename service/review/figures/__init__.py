"""Every chart, once: page, report and notebook show the same figure, each in its own theme.

Pure: rows and mean stances in, Plotly figures out. Plotly is loaded with this package, which nothing loads at its own
import; its script comes from the installed package.
"""

from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

from service.review.figures.run import butterfly, quality_bars, where_in_run
from service.review.figures.sole import difference_foot
from service.review.figures.theme import DARK, LIGHT, PRINT, Theme, caption_of
from service.review.figures.trend import trend

__all__ = [
    "DARK",
    "LIGHT",
    "PRINT",
    "Figure",
    "Theme",
    "butterfly",
    "caption_of",
    "difference_foot",
    "quality_bars",
    "script",
    "trend",
    "where_in_run",
]


def script() -> str:
    """Return the library's JavaScript, of the version that made the figures."""
    return str(get_plotlyjs())
