"""The page of what people commonly try for each pattern; the words are those of `service.wording.topics`."""

from __future__ import annotations

from service.web.pages.page import Page
from service.wording.topics import PATTERNS

HELP = Page("/help", "Help", "help.html", lambda _: {"patterns": PATTERNS})
