"""The archive in another insole service: `https://host:8321`, `http://` to this computer only.

What is put there lands in that service's log: the same items, with arrival numbers of their own. The token is the
other service's INSOLE_WEB__MIRROR_TOKEN.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import numpy as np
import urllib3

from firmware_bridge.errors import ConfigError, CorruptData, InsoleError, Unavailable
from firmware_bridge.model import BEGINNING, END, Frames, Item, Side, kind_name
from firmware_bridge.stores.remote.wire import deserialize, serialize
from firmware_bridge.stores.retry_after import retry_after_s

_T = TypeVar("_T")

BODY_BYTES = 4 << 20
"""Of a request: less than a service takes at once (`service.web.api.mirror_in.MOST_BYTES`)."""
_CONNECT_S = 5.0
_ANSWER_S = 60.0
PATH = "/api/archive"


class RemoteArchive:
    """An archive in another service's log; see `Archive` for its laws. Asks nothing when it is made."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._base = _address(url)
        self._where = f"archive {self._base}"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=_CONNECT_S, read=_ANSWER_S), retries=False)

    def put(self, items: Iterable[Item]) -> None:
        """Store items, in bodies of a bounded size; each of them is one transaction there."""
        for body in _bodies(items):
            self._ask("POST", "/put", {}, body)

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        """Replace in one transaction what fits into one request, and put the rest after it; see `Archive.replace`."""
        bodies = _bodies(rows)
        names = " ".join(kind_name(kind) for kind in kinds)
        place = {"kinds": names, "wearer": wearer, "start": str(start), "stop": str(stop)}
        self._ask("POST", "/replace", place, next(bodies, b""))
        for body in bodies:
            self._ask("POST", "/put", {}, body)

    def read(self, kind: type[_T], wearer: str, start: int = BEGINNING, stop: int = END) -> list[_T]:
        """Return what lies in [start, stop), ascending.

        Frames come as one chunk per foot and stretch of the same device, and hold only the samples of that range.
        """
        kinds: dict[str, type] = {kind_name(wanted): wanted for wanted in cast("list[type]", [kind])}
        place = {"kind": next(iter(kinds)), "wearer": wearer, "start": str(start), "stop": str(stop)}
        found: list[Any] = list(deserialize(self._ask("GET", "/read", place), kinds))
        return cast("list[_T]", _joined(found, start, stop) if kind is Frames else found)

    def check(self) -> str:
        """Say in one line what answers there; the token is asked for."""
        answer = self._ask("GET", "", {})
        try:
            told = json.loads(answer)
            return f"{told['product']} {told['version']} at {self._base} takes a mirror"
        except (ValueError, LookupError, TypeError) as error:
            raise self._stranger(200) from error

    def setup(self, keep_days: float | None = None) -> str:
        """Change nothing: how long another service keeps samples is its own setting."""
        if keep_days is not None:
            raise ConfigError(f"{self._where} keeps samples as its own settings say (keep.frames_days there)")
        return self.check()

    def close(self) -> None:
        """Let go of connections."""
        self._http.clear()

    def _ask(self, method: str, path: str, place: dict[str, str], body: bytes | None = None) -> bytes:
        url = f"{self._base}{PATH}{path}" + (f"?{urlencode(place)}" if place else "")
        with self._translated():
            answer = self._http.request(method, url, body=body, headers=self._headers, redirect=False)
        if answer.status != 200:
            raise self._meaning(answer.status, answer.data, answer.headers)
        return answer.data

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except urllib3.exceptions.SSLError as error:
            remedy = "is its certificate trusted here, and does a TLS proxy stand before it?"
            said = " ".join(str(error).split())
            raise ConfigError(f"{self._where}: no secure connection: {said}; {remedy}") from error
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                f"{self._where} does not answer", "is the service running, and the address right?"
            ) from error

    def _meaning(self, status: int, body: bytes, headers: Mapping[str, str]) -> InsoleError:
        said = _detail(body)
        if status in {401, 403}:
            remedy = "set this mirror's token to the INSOLE_WEB__MIRROR_TOKEN of that service"
            return ConfigError(f"{self._where} refuses the mirror ({said}); {remedy}")
        if status in {413, 422}:
            return CorruptData(f"{self._where} refuses what was sent ({said})")
        if status == 429 or (status >= 500 and status != 501):
            ill = f"{self._where} is busy or ill: HTTP {status}, {said}"
            return Unavailable(ill, "look at its log", retry_after_s(headers))
        if status == 400:
            return ConfigError(f"{self._where} refuses the address ({said}); add the name to its web.hosts")
        return self._stranger(status)

    def _stranger(self, status: int) -> ConfigError:
        return ConfigError(
            f"{self._where} does not answer as an insole service does that takes mirrors (HTTP {status}); correct the "
            "URL, or update that service"
        )


def _bodies(items: Iterable[Item]) -> Iterator[bytes]:
    """Give parcels, joined up to `BODY_BYTES`."""
    held: list[bytes] = []
    size = 0
    for parcel in serialize(items):
        if held and size + len(parcel) > BODY_BYTES:
            yield b"".join(held)
            held, size = [], 0
        held.append(parcel)
        size += len(parcel)
    if held:
        yield b"".join(held)


def _joined(chunks: Iterable[Frames], start: int, stop: int) -> list[Frames]:
    """Return the samples in [start, stop) as one chunk per foot and stretch of the same device and channels."""
    inside = [part for chunk in chunks if (part := _clipped(chunk, start, stop)) is not None]
    found: list[Frames] = []
    for side in Side:
        own = sorted((c for c in inside if c.side is side), key=lambda chunk: int(chunk.time[0]))
        found += [Frames.concatenate(list(part)) for _, part in groupby(own, _form)]
    return sorted(found, key=lambda chunk: (int(chunk.time[0]), chunk.side))


def _clipped(chunk: Frames, start: int, stop: int) -> Frames | None:
    a, b = (int(np.searchsorted(chunk.time, time)) for time in (max(start, BEGINNING), min(stop, END)))
    return chunk[a:b] if a < b else None


def _form(chunk: Frames) -> tuple[Any, ...]:
    present = tuple(getattr(chunk, name) is not None for name in Frames.OPTIONAL)
    return chunk.device, chunk.pressure.shape[1], present


def _detail(body: bytes) -> str:
    text = body.decode(errors="replace")
    try:
        told = json.loads(text)
    except ValueError:
        told = text
    if isinstance(told, dict):
        told = told.get("detail", text)
    return " ".join(str(told).split())[:300] or "no reason given"


def _address(url: str) -> str:
    """Return the base address of another service."""
    parts = urlsplit(url)
    example = f"archive {url!r}: write https://host:8321, without a path or a token"
    try:
        port = parts.port or 8321
    except ValueError as error:
        raise ConfigError(f"archive {url!r}: {error}") from error
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(example)
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ConfigError(f"archive {url!r}: steps and the token would cross the network in clear; write https://")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
