"""The archive in InfluxDB 1.8, 2 or 3: written through influxdb-client, read with InfluxQL, which all three answer.

`influx://host:8086/bucket?org=name`, `influx+https://…` over TLS; `bucket` may be `database/retention-policy`. The
token comes with the call. Identity is InfluxDB's own: time and tags; what is put again overwrites itself. A field
that turns from a number to missing keeps its old value in a `put`; `replace` clears it. On InfluxDB 2 the bucket must
be reachable as a database of the same name, which it is unless somebody removed the mapping; `setup` makes both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from firmware_bridge.errors import ConfigError, TooOld
from firmware_bridge.model import BEGINNING, END, SECOND, Frames, Item, Side
from firmware_bridge.stores.influx import setup as influx_setup
from firmware_bridge.stores.influx.http_client import ANSWER_S, CONNECT_S, Server
from firmware_bridge.stores.influx.line_protocol import bodies, point_name
from firmware_bridge.stores.influx.query_results import frames_from, rows_from

_T = TypeVar("_T")

_BATCH = 5000  # lines a request: InfluxData's own advice, and the fastest that was measured
_PAGE = 10_000  # points an answer

_Point = Mapping[str, Any]


class InfluxArchive:
    """An archive in one bucket of an InfluxDB server; see `Archive` for its laws. Asks nothing when it is made."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._server = Server(url, token)
        self.bucket, self.org = self._server.bucket, self._server.org
        self._base = self._server.base
        timeout = (int(CONNECT_S * 1e3), int(ANSWER_S * 1e3))
        self._client: Any = InfluxDBClient(self._base, token or "", org=self.org, timeout=timeout, retries=False)
        self._writer: Any = self._client.write_api(write_options=SYNCHRONOUS)

    def put(self, items: Iterable[Item]) -> None:
        """Store items, those that are there already once more; see `Archive.put`.

        Raises:
            TooOld: some lie before what the bucket keeps; all others are stored.
        """
        refused: TooOld | None = None
        for body in bodies(items, _BATCH):
            try:
                with self._translated():
                    self._writer.write(self.bucket, self.org, body, write_precision=WritePrecision.NS)
            except TooOld as error:  # a partial write: what it does not name is there
                refused = error
        if refused is not None:
            raise refused

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        """Delete a range and put `rows`: two steps, so that a reader may see it empty; see `Archive.replace`.

        Raises:
            ConfigError: InfluxDB 3, which cannot delete; nothing is written then.
        """
        for kind in kinds:
            self._delete(kind, wearer, start, stop)
        self.put(rows)

    def read(self, kind: type[_T], wearer: str, start: int = BEGINNING, stop: int = END) -> list[_T]:
        """Return what lies in [start, stop), ascending.

        Frames come as one chunk per foot and stretch of the same device, since the archive keeps samples, not chunks.
        """
        if kind is Frames:
            feet = {side: self._samples(wearer, side, start, stop) for side in Side}
            chunks = [chunk for side, points in feet.items() for chunk in frames_from(points, wearer, side)]
            return cast("list[_T]", sorted(chunks, key=lambda chunk: (int(chunk.time[0]), chunk.side)))
        return rows_from(self._points(kind, wearer, start, stop), kind)

    def check(self) -> str:
        """Say in one line what answers there, having tried reading and writing; see `Archive.check`."""
        product = self._server.ask_version().text
        self._server.query("SHOW MEASUREMENTS LIMIT 1")
        # Nothing is written: an empty body is looked at only after the token and the bucket.
        parameters = {"bucket": self.bucket, "org": self.org, "precision": "ns"}
        self._server.request("POST", "/api/v2/write", parameters, b"", expected=(200, 204, 400))
        return f"{product} at {self._base}: bucket {self.bucket!r} can be read and written"

    def setup(self, keep_days: float | None = None) -> str:
        """Create the bucket or database; see `Archive.setup`."""
        return influx_setup.setup(self._server, keep_days)

    def close(self) -> None:
        """Let go of connections."""
        self._writer.close()
        self._client.close()
        self._server.close()

    def _points(self, kind: type, wearer: str, start: int, stop: int) -> Iterator[_Point]:
        """Give the stored rows of a kind, ascending, page by page."""
        offset = 0
        while page := self._page(kind, _where(wearer, start, stop), offset):
            yield from page
            offset += _PAGE

    def _samples(self, wearer: str, side: Side, start: int, stop: int) -> Iterator[_Point]:
        """Give the stored samples of a foot, ascending; as no two share a time, each page begins after the last."""
        while page := self._page(Frames, f"{_where(wearer, start, stop)} AND side = {_literal(side)}"):
            yield from page
            start = page[-1]["time"] + 1

    def _page(self, kind: type, where: str, offset: int = 0) -> list[_Point]:
        query = f'SELECT * FROM "{point_name(kind)}" WHERE {where} ORDER BY time LIMIT {_PAGE} OFFSET {offset}'  # noqa: S608
        return [
            dict(zip(series["columns"], values, strict=True))
            for series in self._server.query(query)
            for values in series["values"]
        ]

    def _delete(self, kind: type, wearer: str, start: int, stop: int) -> None:
        version = self._server.version
        if version.major == 1:
            self._server.query(f'DELETE FROM "{point_name(kind)}" WHERE {_where(wearer, start, stop)}', "POST")  # noqa: S608
        elif version.major == 2:
            predicate = f'_measurement="{point_name(kind)}" AND wearer={json.dumps(wearer, ensure_ascii=False)}'
            bounds = {"start": _rfc3339(start), "stop": _rfc3339(stop - 1)}  # the last moment that is deleted
            body = json.dumps(bounds | {"predicate": predicate}).encode()
            place = {"bucket": self.bucket, "org": self.org}
            self._server.request("POST", "/api/v2/delete", place, body, expected=(200, 204))
        else:
            raise ConfigError(
                f"{self._server.where}: InfluxDB {version.major} cannot delete, so nothing can be replaced there; "
                "to be rid of what is not true any more, mirror into a new database"
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with self._server.translated():
                yield
        except ApiException as error:
            if not error.status:  # how influxdb-client tells a failed handshake
                raise self._server.untrusted(error) from error
            headers: Mapping[str, str] = error.headers or {}
            raise self._server.meaning(int(error.status), str(error.body or error.reason), headers) from error


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
