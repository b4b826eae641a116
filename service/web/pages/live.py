"""The live page: drawn by its scripts from the event stream; what stands here are the words that it needs."""

from __future__ import annotations

from service.web.pages.page import Page
from service.wording.measure_cards import card_lines, cards

LIVE = Page("/", "Live", "index.html", lambda _: {"cards": cards(), "lines": card_lines}, cache="no-cache")
