"""What pages load: their scripts and styles, and the library that draws figures."""

from __future__ import annotations

from os import PathLike, stat_result
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from service.web.pages.charts import library

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def add_static_files(app: FastAPI) -> None:
    """Add all that lies below /static, and the icon that browsers ask for by themselves."""

    @app.get("/static/plotly.min.js", include_in_schema=False)
    def plotly(request: Request) -> Response:
        text, tag = library()
        headers = {"Cache-Control": "max-age=86400", "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(text, media_type="text/javascript", headers=headers)

    @app.get("/favicon.ico", include_in_schema=False)
    def icon() -> Response:
        return RedirectResponse("/static/favicon.svg", 308)

    app.mount("/static", _Static(directory=_FOLDER, check_dir=False), name="static")


class _Static(StaticFiles):
    """Files that a browser asks about every time, so that a new version is seen at once.

    Their types are said here: those that a machine has registered can be wrong, and then a page does not start.
    """

    def file_response(
        self, full_path: PathLike[str] | str, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        kind = _TYPES.get(Path(full_path).suffix, "application/octet-stream")
        response = FileResponse(
            full_path, status_code, {"Cache-Control": "no-cache"}, media_type=kind, stat_result=stat_result
        )
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response
