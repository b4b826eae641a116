"""An InfluxDB server as HTTP: where it is, which product answers, what it is asked, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import urllib3

from firmware_bridge.errors import ConfigError, CorruptData, InsoleError, TooOld, Unavailable
from firmware_bridge.stores.retry_after import retry_after_s

CONNECT_S = 5.0
ANSWER_S = 30.0
TOO_OLD = "retention policy"
"""By this InfluxDB says, in all versions that refuse them, that points are older than what a bucket keeps."""

_HINTS = {
    "field type conflict": "; this bucket holds the field with another type: use a new bucket, or drop the measurement",
    TOO_OLD: "; the bucket does not keep what is so old: lengthen its retention",
}
_BLIND = "is it InfluxDB 1.8, 2 or 3, and the URL right?"


@dataclass(frozen=True, slots=True)
class Version:
    """Which InfluxDB answers: `major` and `minor` choose the way, `text` is for a person."""

    major: int
    minor: int
    text: str


class Server:
    """One bucket of one server; asks nothing when it is made. Every call may raise what `Archive` may."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.base, self.bucket, self.org = _address(url)
        self.database, _, self.policy = self.bucket.partition("/")
        self.where = f"archive {self.base}, bucket {self.bucket!r}"
        self._place = {"db": self.database} | ({"rp": self.policy} if self.policy else {})
        self._headers = {"Authorization": f"Token {token}"} if token else {}
        timeout = urllib3.Timeout(connect=CONNECT_S, read=ANSWER_S)
        self._http = urllib3.PoolManager(timeout=timeout, retries=False)
        self._version: Version | None = None

    def close(self) -> None:
        """Let go of connections."""
        self._http.clear()

    @property
    def version(self) -> Version:
        """Which InfluxDB answers; asked once."""
        if self._version is None:
            self._version = self.ask_version()
        return self._version

    def ask_version(self) -> Version:
        """Ask which InfluxDB answers: 1 and 2 say it in a header of /ping, 3 in its body as well."""
        with self.translated():
            answer = self._http.request("GET", f"{self.base}/ping", headers=self._headers)
        text = answer.data.decode(errors="replace")
        version = (answer.headers.get("X-Influxdb-Version") or _told_version(text)).removeprefix("v")
        if answer.status in {401, 403} or answer.status >= 500:
            raise self.meaning(answer.status, text, answer.headers)
        if answer.status >= 300 or not version[:1].isdigit():
            raise self._stranger(answer.status)
        major, _, rest = version.partition(".")
        minor = rest.partition(".")[0]
        build = answer.headers.get("X-Influxdb-Build", "")
        edition = f" {build}" if build not in {"", "OSS"} else ""
        return Version(int(major), int(minor) if minor.isdigit() else 0, f"InfluxDB {version}{edition}")

    def query(self, query: str, method: str = "GET") -> list[dict[str, Any]]:
        """Return the series that an InfluxQL statement gives; all three products answer it."""
        return self.say(query, method, self._place)

    def say(self, query: str, method: str, place: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return what a statement gives in a database, or in none."""
        status, body = self.request(method, "/query", {**place, "q": query, "epoch": "ns"})
        try:
            result: dict[str, Any] = json.loads(body)["results"][0]
        except (ValueError, LookupError, TypeError) as error:
            raise self._stranger(status) from error
        if "error" in result:
            raise self.meaning(404 if "not found" in result["error"] else 400, result["error"])
        return cast("list[dict[str, Any]]", result.get("series", []))

    def request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: bytes | None = None,
        expected: tuple[int, ...] = (200,),
    ) -> tuple[int, str]:
        """Return the status and the text of an answer.

        Raises:
            InsoleError: the status is not among those expected.
        """
        with self.translated():
            url = f"{self.base}{path}?{urlencode(parameters)}"
            answer = self._http.request(method, url, body=body, headers=self._headers)
        text = answer.data.decode(errors="replace")
        if answer.status not in expected:
            raise self.meaning(answer.status, text, answer.headers)
        return answer.status, text

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what the transport raises into an error of this program."""
        try:
            yield
        except urllib3.exceptions.SSLError as error:
            raise self.untrusted(error) from error
        except urllib3.exceptions.HTTPError as error:
            advice = "is the server running, and the address right?"
            raise Unavailable(f"{self.where} does not answer", advice) from error

    def meaning(self, status: int, body: str, headers: Mapping[str, str] | None = None) -> InsoleError:
        """Return the error that an answer stands for."""
        said = message(body)
        if status in {401, 403}:
            remedy = "set INSOLE_INFLUX__TOKEN to one that may read and write the bucket"
            return ConfigError(f"{self.where} refuses the token ({said}); {remedy}")
        if status == 404:
            return self._absent(said, body)
        if status in {400, 413, 422}:
            hint = next((hint for sign, hint in _HINTS.items() if sign in said), "")
            only_old = TOO_OLD in said and "field type conflict" not in said
            return (TooOld if only_old else CorruptData)(f"{self.where} refuses what was sent ({said}){hint}")
        if status == 429 or (status >= 500 and status != 501):
            wait_s = retry_after_s(headers or {})
            advice = "is its disk full? look at the server's log" if "no space" in said else "look at the server's log"
            return Unavailable(f"{self.where} is overloaded or ill: HTTP {status}, {said}", advice, wait_s)
        return self._stranger(status)

    def _absent(self, said: str, body: str) -> ConfigError:
        """Tell a bucket that is not there from a server that does not know the path: InfluxDB before 1.8."""
        if "page not found" in body:
            try:
                version = self.ask_version()
            except InsoleError:
                return self._stranger(404)
            if (version.major, version.minor) < (1, 8):
                return ConfigError(
                    f"{self.where}: {version.text} is too old for an archive; "
                    "update it to 1.8 or later, or name an InfluxDB 2 or 3"
                )
            return self._stranger(404)
        return ConfigError(
            f"{self.where} does not exist ({said}); create it (`insole mirror --setup`), "
            "or correct the URL's bucket and org"
        )

    def untrusted(self, error: Exception) -> ConfigError:
        """Return the error of a handshake that failed."""
        remedy = "is it a TLS server (else write influx://), and is its certificate trusted here?"
        return ConfigError(f"{self.where}: no secure connection: {' '.join(str(error).split())}; {remedy}")

    def _stranger(self, status: int) -> ConfigError:
        return ConfigError(f"{self.where} does not answer as InfluxDB does (HTTP {status}); {_BLIND} correct the URL")


def message(body: str) -> str:
    """Return in one line what an answer says for a person."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = body
    if isinstance(answer, dict):
        answer = answer.get("message") or answer.get("error") or body
    return " ".join(str(answer).split())[:300] or "no reason given"


def _told_version(body: str) -> str:
    try:
        return str(json.loads(body)["version"])
    except (ValueError, LookupError, TypeError):
        return ""


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
