"""Who may ask: Host and Origin are checked on every request, and the token where one is set.

A page on another site must not reach a program on this machine: a foreign name that resolves here (DNS rebinding) is
stopped by its Host, a script of another site by its Origin, and neither can know the token. What writes has to come
from a page of this service, by its Origin or Referer, and from this computer where there is no token.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "::1")
COOKIE = "insole"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/healthz"})
ARCHIVE_PATH = "/api/archive"
"""Below this a token of its own is asked for (`service.web.api.mirror_in`): who may look need not be who may write."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Gate:
    """ASGI middleware that lets through only requests meant for this service, from those who may ask."""

    def __init__(self, app: ASGIApp, *, token: str | None, allowed_hosts: Iterable[str]) -> None:
        self._app = app
        self._token = token or None
        self._hosts = frozenset(host.strip("[]").lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request, else pass it on; every answer gets the security headers."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        answer = self._stranger(scope, headers) or self._without_token(scope, headers) or self._forged(scope, headers)
        await (answer or self._app)(scope, receive, guarded)

    def _stranger(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if _name(host) not in self._hosts:
            return _refusal(scope, 400, f"{host!r} is not a name of this service; add it to the allowed hosts")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return _refusal(scope, 403, "requests from another site are refused")
        return None

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        path = scope["path"]
        if self._token is None or path in OPEN_PATHS or _of_archive(path):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        offered = [value for name, value in query if name == "token"]
        if offered and scope["method"] == "GET" and _equal(offered[-1], self._token):
            return self._admit(path, [pair for pair in query if pair[0] != "token"])
        if _bears(headers, self._token):
            return None
        if _equal(_cookie(headers), _proof(self._token)):
            return None
        answer = _refusal(scope, 401, "a token is needed: open the link with ?token=... that was printed at start")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def _forged(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse to write for whom another site sent here: a browser says where a form comes from."""
        if scope["method"] in READING or _of_archive(scope["path"]):
            return None
        if self._token is not None and _bears(headers, self._token):
            return None  # no browser adds that by itself
        if self._token is None and not _is_here(scope):
            return _refusal(scope, 403, "without a token, only this computer may write: set one (INSOLE_WEB__TOKEN)")
        referer = urlsplit(headers.get("referer", "")).netloc.lower()
        if headers.get("origin") is None and referer != headers.get("host", "").lower():
            return _refusal(scope, 403, "what is written has to come from a page of this service; nothing was noted")
        return None

    def _admit(self, path: str, query: Sequence[tuple[str, str]]) -> Response:
        """Move the token out of the address, where it would be seen and bookmarked, into a cookie."""
        target = "/" + path.lstrip("/\\")  # never //host, which would lead to another site
        answer = RedirectResponse(f"{target}?{urlencode(query)}" if query else target, 303)
        answer.set_cookie(COOKIE, _proof(self._token or ""), httponly=True, samesite="strict", max_age=365 * 86_400)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _of_archive(path: str) -> bool:
    return path == ARCHIVE_PATH or path.startswith(f"{ARCHIVE_PATH}/")


def _bears(headers: Headers, token: str) -> bool:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and _equal(bearer.strip(), token)


def _is_here(scope: Scope) -> bool:
    """Tell whether a caller is on this computer."""
    try:
        return ipaddress.ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """Return a Host header's name without its port: `[::1]:8000` is `::1`."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower() if "@" not in host and "/" not in host else ""
    except ValueError:
        return ""


def _proof(token: str) -> str:
    """Return what the cookie holds: it shows knowledge of the token without telling it."""
    return hmac.new(token.encode(), b"insole page", hashlib.sha256).hexdigest()


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _refusal(scope: Scope, status: int, message: str) -> Response:
    if scope["path"].startswith("/api/"):
        return JSONResponse({"detail": message}, status)
    return PlainTextResponse(message + "\n", status)
