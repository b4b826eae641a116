"""The archive in InfluxDB 1.8, 2 or 3: written through influxdb-client, read with InfluxQL, which all three answer.

`influx://host:8086/bucket?org=name`, `influx+https://…` over TLS; `bucket` may be `database/retention-policy`. The
token comes with the call. Identity is InfluxDB's own: time and tags; what is put again overwrites itself. A field
that turns from a number to missing keeps its old value in a `put`; `replace` clears it. On InfluxDB 2 the bucket must
be reachable as a database of the same name, which it is unless somebody removed the mapping.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from firmware_bridge.errors import ConfigError, CorruptData, InsoleError, Unavailable
from firmware_bridge.model import SECOND, Frames, Item, Side
from firmware_bridge.stores import BEGINNING, END
from firmware_bridge.stores.line_protocol import batches, measurement
from firmware_bridge.stores.points import frames_of, rows_of

T = TypeVar("T")

BATCH = 5000  # lines a request: InfluxData's own advice, and the fastest that was measured
PAGE = 10_000  # points an answer
CONNECT_S = 5.0
ANSWER_S = 30.0

_HINTS = {
    "field type conflict": "; this bucket holds the field with another type: use a new bucket, or drop the measurement",
    "retention policy": "; the bucket does not keep what is so old: lengthen its retention",
}
_Point = Mapping[str, Any]


class InfluxArchive:
    """An archive in one bucket of an InfluxDB server; see `Archive` for its laws. Asks nothing when it is made."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._base, self.bucket, self.org = _address(url)
        self._where = f"archive {self._base}, bucket {self.bucket!r}"
        database, _, policy = self.bucket.partition("/")
        self._database = {"db": database} | ({"rp": policy} if policy else {})
        self._headers = {"Authorization": f"Token {token}"} if token else {}
        timeout = urllib3.Timeout(connect=CONNECT_S, read=ANSWER_S)
        self._http = urllib3.PoolManager(timeout=timeout, retries=False)
        milliseconds = (int(CONNECT_S * 1e3), int(ANSWER_S * 1e3))
        self._client: Any = InfluxDBClient(self._base, token or "", org=self.org, timeout=milliseconds, retries=False)
        self._writer: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._major = 0

    def put(self, items: Iterable[Item]) -> None:
        """Store items, those that are there already once more; see `Archive.put`."""
        for batch in batches(items, BATCH):
            with self._translated():
                self._writer.write(self.bucket, self.org, batch, write_precision=WritePrecision.NS)

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        """Delete a range and put `rows`: two steps, so that a reader may see it empty; see `Archive.replace`.

        Raises:
            ConfigError: InfluxDB 3, which cannot delete.
        """
        for kind in kinds:
            self._delete(kind, wearer, start, stop)
        self.put(rows)

    def read(self, kind: type[T], wearer: str, start: int = BEGINNING, stop: int = END) -> list[T]:
        """Return what lies in [start, stop), ascending.

        Frames come as one chunk per foot and stretch of the same device, since the archive keeps samples, not chunks.
        """
        if kind is Frames:
            feet = {side: self._samples(wearer, side, start, stop) for side in Side}
            chunks = [chunk for side, points in feet.items() for chunk in frames_of(points, wearer, side)]
            return cast("list[T]", sorted(chunks, key=lambda chunk: (int(chunk.time[0]), chunk.side)))
        return rows_of(self._points(kind, wearer, start, stop), kind)

    def check(self) -> str:
        """Say in one line what answers there, having tried reading and writing; see `Archive.check`."""
        product = self._ask_version()
        self._query("SHOW MEASUREMENTS LIMIT 1")
        # Nothing is written: an empty body is looked at only after the token and the bucket.
        parameters = {"bucket": self.bucket, "org": self.org, "precision": "ns"}
        status, body = self._request("POST", "/api/v2/write", parameters, b"")
        if status not in {200, 204, 400}:
            raise self._meaning(status, body)
        return f"{product} at {self._base}: bucket {self.bucket!r} can be read and written"

    def close(self) -> None:
        """Let go of connections."""
        self._writer.close()
        self._client.close()
        self._http.clear()

    def _points(self, kind: type, wearer: str, start: int, stop: int) -> Iterator[_Point]:
        """Give the stored rows of a kind, ascending, page by page."""
        offset = 0
        while page := self._page(kind, _where(wearer, start, stop), offset):
            yield from page
            offset += PAGE

    def _samples(self, wearer: str, side: Side, start: int, stop: int) -> Iterator[_Point]:
        """Give the stored samples of a foot, ascending; as no two share a time, each page begins after the last."""
        while page := self._page(Frames, f"{_where(wearer, start, stop)} AND side = {_literal(side)}"):
            yield from page
            start = page[-1]["time"] + 1

    def _page(self, kind: type, where: str, offset: int = 0) -> list[_Point]:
        query = f'SELECT * FROM "{measurement(kind)}" WHERE {where} ORDER BY time LIMIT {PAGE} OFFSET {offset}'  # noqa: S608
        return [
            dict(zip(series["columns"], values, strict=True))
            for series in self._query(query)
            for values in series["values"]
        ]

    def _delete(self, kind: type, wearer: str, start: int, stop: int) -> None:
        if not self._major:
            self._ask_version()
        if self._major == 1:
            self._query(f'DELETE FROM "{measurement(kind)}" WHERE {_where(wearer, start, stop)}', "POST")  # noqa: S608
        elif self._major == 2:
            predicate = f'_measurement="{measurement(kind)}" AND wearer={json.dumps(wearer, ensure_ascii=False)}'
            bounds = {"start": _rfc3339(start), "stop": _rfc3339(stop - 1)}  # the last moment that is deleted
            body = json.dumps(bounds | {"predicate": predicate}).encode()
            status, answer = self._request("POST", "/api/v2/delete", {"bucket": self.bucket, "org": self.org}, body)
            if status not in {200, 204}:
                raise self._meaning(status, answer)
        else:
            raise ConfigError(f"{self._where}: InfluxDB {self._major} cannot delete, so nothing can be replaced there")

    def _ask_version(self) -> str:
        with self._translated():
            answer = self._http.request("GET", f"{self._base}/ping", headers=self._headers)
        version = answer.headers.get("X-Influxdb-Version", "").removeprefix("v")
        if answer.status in {401, 403} or answer.status >= 500:
            raise self._meaning(answer.status, answer.data.decode(errors="replace"))
        if answer.status >= 300 or not version[:1].isdigit():
            raise self._stranger(answer.status)
        self._major = int(version.partition(".")[0])
        return f"InfluxDB {version}"

    def _query(self, query: str, method: str = "GET") -> list[dict[str, Any]]:
        status, body = self._request(method, "/query", {**self._database, "q": query, "epoch": "ns"})
        if status != 200:
            raise self._meaning(status, body)
        try:
            result: dict[str, Any] = json.loads(body)["results"][0]
        except (ValueError, LookupError, TypeError) as error:
            raise self._stranger(status) from error
        if "error" in result:
            raise self._meaning(404 if "not found" in result["error"] else 400, result["error"])
        return cast("list[dict[str, Any]]", result.get("series", []))

    def _request(
        self, method: str, path: str, parameters: Mapping[str, str], body: bytes | None = None
    ) -> tuple[int, str]:
        with self._translated():
            url = f"{self._base}{path}?{urlencode(parameters)}"
            answer = self._http.request(method, url, body=body, headers=self._headers)
            return answer.status, answer.data.decode(errors="replace")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            if not error.status:  # how influxdb-client tells a failed handshake
                raise self._untrusted(error) from error
            raise self._meaning(int(error.status), str(error.body or error.reason)) from error
        except urllib3.exceptions.SSLError as error:
            raise self._untrusted(error) from error
        except urllib3.exceptions.HTTPError as error:
            advice = "is the server running, and the address right?"
            raise Unavailable(f"{self._where} does not answer", advice) from error

    def _meaning(self, status: int, body: str) -> InsoleError:
        """Return the error that an answer stands for."""
        said = _message(body)
        if status in {401, 403}:
            remedy = "set INSOLE_INFLUX__TOKEN to one that may read and write the bucket"
            return ConfigError(f"{self._where} refuses the token ({said}); {remedy}")
        if status == 404:
            return ConfigError(f"{self._where} does not exist ({said}); create it, or correct the URL's bucket and org")
        if status in {400, 413, 422}:
            hint = next((hint for sign, hint in _HINTS.items() if sign in said), "")
            return CorruptData(f"{self._where} refuses what was sent ({said}){hint}")
        if status == 429 or (status >= 500 and status != 501):
            return Unavailable(f"{self._where} is overloaded or ill: HTTP {status}, {said}", "look at the server's log")
        return self._stranger(status)

    def _untrusted(self, error: Exception) -> ConfigError:
        remedy = "is it a TLS server (else write influx://), and is its certificate trusted here?"
        return ConfigError(f"{self._where}: no secure connection: {' '.join(str(error).split())}; {remedy}")

    def _stranger(self, status: int) -> ConfigError:
        return ConfigError(f"{self._where} does not answer as InfluxDB does (HTTP {status}); correct the URL")


def _address(url: str) -> tuple[str, str, str]:
    """Return the base address, the bucket and the organization of an archive's URL."""
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    bucket = unquote(parts.path.strip("/"))
    tls = {"influx": "http", "influx+http": "http", "influx+https": "https"}.get(parts.scheme)
    if tls is None or not parts.hostname or not bucket or set(options) - {"org"} or "@" in parts.netloc:
        raise ConfigError(f"archive {url!r}: write influx://host:8086/bucket?org=name (over TLS: influx+https://…)")
    try:
        parts.port  # noqa: B018 - the property checks itself
    except ValueError as error:
        raise ConfigError(f"archive {url!r}: {error}") from error
    netloc = parts.netloc if parts.port else f"{parts.netloc}:8086"
    return f"{tls}://{netloc}", bucket, options.get("org", ["insole"])[0]


def _where(wearer: str, start: int, stop: int) -> str:
    bounds = [f"wearer = {_literal(wearer)}"]
    if start > BEGINNING + 1:  # InfluxDB's own range of time is a little smaller
        bounds.append(f"time >= {start}")
    if stop < END - 1:
        bounds.append(f"time < {stop}")
    return " AND ".join(bounds)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _rfc3339(time: int) -> str:
    seconds, ns = divmod(min(max(time, -SECOND * 9_000_000_000), SECOND * 9_000_000_000), SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ns:09d}Z"


def _message(body: str) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = body
    if isinstance(answer, dict):
        answer = answer.get("message") or answer.get("error") or body
    return " ".join(str(answer).split())[:300] or "no reason given"
