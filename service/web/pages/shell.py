"""What all pages share: whose they are about, the navigation, the signs that need a doctor, forms, and notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from firmware_bridge import ConfigError, Log, Unavailable
from service.diary.red_flags import asked
from service.records.rows import Note
from service.review.read_model import Reviews
from service.web.pages.forms import fields_of
from service.web.pages.page import Fields, Needs, Notice, Page, Visit, zone_here
from service.wording import guidance

TEMPLATES = Path(__file__).parent.parent / "templates"
_LONGEST = 200
"""Characters of a value in an address."""
_Name = Annotated[str | None, Query(max_length=_LONGEST)]


def add_pages(
    app: FastAPI, log: Log, pages: Sequence[Page], now: Callable[[], int], templates: Sequence[Path] = ()
) -> None:
    """Add the pages, in the order of their navigation, and what their forms send."""
    shell = _Shell(log, pages, now, templates)
    for page in pages:
        _add_page(app, shell, page)


def _add_page(app: FastAPI, shell: _Shell, page: Page) -> None:
    html: dict[str, Any] = {"response_class": HTMLResponse, "include_in_schema": False}

    @app.get(page.path, **html)
    def show(request: Request, wearer: _Name = None) -> HTMLResponse:
        query = dict(request.query_params)
        if any(len(value) > _LONGEST for value in query.values()):
            raise HTTPException(422, f"a value in the address has more than {_LONGEST} characters")
        return shell.show(page, wearer, query)

    if page.write is None:
        return

    @app.post(page.path, **html)
    async def write(request: Request) -> Response:
        try:
            fields = await fields_of(request)
        except ConfigError as error:
            refused = Notice("Nothing was noted", _sentence(str(error)), 422)
            return await asyncio.to_thread(shell.notice, page, refused)
        try:
            return await asyncio.to_thread(shell.write, page, fields)
        except Unavailable as error:
            text = f"The store did not take it: {error}. Go back, your text is still there, and try again."
            return await asyncio.to_thread(shell.notice, page, Notice("Nothing was noted", text, 503))


class _Shell:
    """Writes the pages of one log."""

    def __init__(self, log: Log, pages: Sequence[Page], now: Callable[[], int], templates: Sequence[Path]) -> None:
        self._log, self._pages, self._now = log, tuple(pages), now
        loader = FileSystemLoader([*templates, TEMPLATES])
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._reviews = Reviews(log)

    def show(self, page: Page, name: str | None, query: Fields) -> HTMLResponse:
        """Write a page about a wearer (the first one where nobody is named), or say why there is none."""
        known = self._log.wearers()
        if page.needs is Needs.NOTHING:
            name = name if name in known else None
        elif name is not None and name not in known:
            unknown = Notice("Nobody of that name", f"Nothing is stored of a wearer called {name}.", 404)
            return self.notice(page, unknown, wearers=known)
        elif not known:
            return self.notice(page, Notice("No data yet", page.empty))
        return self._write(page, self._visit(name or next(iter(known), ""), query), known)

    def write(self, page: Page, fields: Fields) -> Response:
        """Take what a form brings: go on, or show the page with what was typed and what is wrong with it."""
        assert page.write is not None
        name, known = fields.get("wearer", ""), self._log.wearers()
        if name not in known:
            return self.notice(page, Notice("Nothing was noted", "The form names nobody who is known here.", 404))
        visit = self._visit(name, {})
        try:
            return RedirectResponse(page.write(visit, fields), 303, headers=page.headers)
        except ConfigError as error:
            again = replace(self._visit(name, {}), error=_sentence(str(error)), typed=fields)
            return self._write(page, again, known, 422)

    def notice(self, page: Page, said: Notice, name: str = "", wearers: Sequence[str] = ()) -> HTMLResponse:
        """Write a page that says one thing; without a name or wearers, without a look at the store."""
        values = {"title": said.title, "text": said.text, "drawn": False}
        return self._render(page, "notice.html", name, wearers, said.status, values)

    def _visit(self, name: str, query: Fields) -> Visit:
        return Visit(self._log, self._reviews, name, self._now(), query)

    def _write(self, page: Page, visit: Visit, wearers: Sequence[str], status: int = 200) -> HTMLResponse:
        if page.needs is Needs.BOUT and not visit.wearer.bouts:
            none = Notice("No run yet", "There is no run or walk yet: it takes some minutes with both feet.")
            return self.notice(page, none, visit.name, wearers)
        try:
            values = page.values(visit)
        except Notice as said:
            return self.notice(page, said, visit.name, wearers)
        return self._render(page, page.template, visit.name, wearers, status, dict(values))

    def _render(
        self, page: Page, template: str, name: str, wearers: Sequence[str], status: int, values: dict[str, Any]
    ) -> HTMLResponse:
        asks = asked(self._log.read(Note, name), zone_here()) if name else None
        shared = {"page": page, "pages": self._pages, "guidance": guidance, "drawn": page.figures}
        shared |= {"wearer": name, "wearers": wearers, "asks": asks}
        text = self._templates.get_template(template).render(shared | values)
        return HTMLResponse(text, status, headers=page.headers)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" if text else text
