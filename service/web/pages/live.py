"""The live page: drawn by its scripts from the event stream; what stands here are the words that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.records.topics import TOPICS
from service.web.pages.page import Page, Visit
from service.wording.measure_cards import card_lines, cards
from service.wording.topics import TOPIC_WORDING


def _words(_: Visit) -> Mapping[str, Any]:
    judged = [(name, TOPIC_WORDING[name].title) for name, topic in TOPICS.items() if topic.has_verdict]
    return {"cards": cards(), "lines": card_lines, "judged": judged}


LIVE = Page("/", "Live", "index.html", _words, cache="no-cache")
