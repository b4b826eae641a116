"""The page of what people commonly try for each pattern; the words are those of `service.wording.guidance`."""

from __future__ import annotations

from service.web.pages.page import Page

HELP = Page("/help", "Help", "help.html", lambda _: {})
