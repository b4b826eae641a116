"""Every page, in the order of the navigation: a new one is its function, its template, and one entry here."""

from __future__ import annotations

from service.web.pages.diary import DIARY
from service.web.pages.help import HELP
from service.web.pages.live import LIVE
from service.web.pages.page import Page
from service.web.pages.run import RUN
from service.web.pages.trend import TREND

NAVIGATION: tuple[Page, ...] = (LIVE, RUN, TREND, DIARY, HELP)
