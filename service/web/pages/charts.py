"""Figures as pages hold them: data in two themes, drawn by the library's script, which comes from the package.

`service.review.figures` draws them, loaded with the first one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from service.review.figures import Theme


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure as a page holds it."""

    name: str
    caption: str
    json: str  # without a character that could end its element


def draw_chart(name: str, draw: Callable[[Theme], Any]) -> Chart:
    """Return a figure in both themes as JSON that cannot end its own script element."""
    from service.review.figures import DARK, LIGHT, caption_of

    light, dark = draw(LIGHT), draw(DARK)
    text = f'{{"light":{light.to_json()},"dark":{dark.to_json()}}}'
    escaped = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Chart(name, caption_of(light), escaped)


@cache
def library() -> tuple[bytes, str]:
    """Return the script that draws figures, and the tag by which a browser knows that it has it already."""
    from service.review.figures import script

    text = script().encode()
    return text, f'"{sha256(text).hexdigest()[:20]}"'
