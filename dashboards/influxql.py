"""Queries: the text of them, and the query type that Grafana's builder library does not know.

InfluxQL throughout, the one language that InfluxDB 1.x, 2.x and 3 all answer.
"""

from __future__ import annotations

from typing import Any, Literal

from grafana_foundation_sdk.cog import builder, runtime, variants
from grafana_foundation_sdk.models.dashboard import DataSourceRef

DATASOURCE = DataSourceRef(type_val="influxdb", uid="insole-influx")

WEARER = '"wearer" =~ /^$wearer$/'
"""Between slashes Grafana escapes the value, between quotes it does not."""
IN_RANGE = "$timeFilter"
BOUT_MS = '"bout" - "bout" % 1000000'
"""The bout's start, in ns of a whole ms: a browser writes the zeros back; more digits its numbers do not hold."""
BOUT = f"({BOUT_MS} = ${{bout:raw}})"
"""The bout chosen."""
ALL_BOUTS = '0 OR "bout" > 0'
"""What stands for a bout in `BOUT` when all are meant."""
LATEST_RUN = "time >= ${__from}ms - 12h AND time <= ${__to}ms"
"""A verdict stands at the start of its run, which may lie before the range that is looked at."""
USABLE = '"void" = false'
DAY = "GROUP BY time(1d, ${__from}ms) fill(none)"
"""Days that begin at the hour at which the range begins: the reader's midnight where it is a range of whole days."""


def select(columns: str, kind: str, *where: str, tail: str = "") -> str:
    """Return a query of one kind of row."""
    return f'SELECT {columns} FROM "{kind}" WHERE {" AND ".join(where)} {tail}'.rstrip()  # noqa: S608


def ms(field: str) -> str:
    """Return a time that is stored as ns in ms, as a browser counts; a division may be 0.0002 ms off."""
    return f'("{field}" - "{field}" % 1000000) / 1000000'


class Influx(variants.Dataquery):
    """An InfluxQL query as Grafana stores it."""

    def __init__(self, query: str, form: Literal["time_series", "table"], alias: str = "", ref_id: str = "A") -> None:
        self.query = query
        self.form = form
        self.alias = alias
        self.ref_id = ref_id

    def to_json(self) -> dict[str, object]:
        """Return what stands in the dashboard."""
        alias = {"alias": self.alias} if self.alias else {}
        return {
            "refId": self.ref_id,
            "datasource": DATASOURCE,
            "query": self.query,
            "rawQuery": True,
            "resultFormat": self.form,
            **alias,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Influx:
        """Return the query that stands in a dashboard."""
        return cls(data["query"], data["resultFormat"], data.get("alias", ""), data["refId"])


class Target(builder.Builder[variants.Dataquery]):
    """A query on its way into a panel, which gives it its letter."""

    def __init__(self, query: str, form: Literal["time_series", "table"], alias: str = "") -> None:
        self.influx = Influx(query, form, alias)

    def build(self) -> Influx:
        """Return the query."""
        return self.influx


def series(query: str, alias: str) -> Target:
    """Return a query whose columns become one curve each, named by `alias` ($tag_side, $col or plain words)."""
    return Target(query, "time_series", alias)


def rows(query: str) -> Target:
    """Return a query whose answer is shown as a table."""
    return Target(query, "table")


def register() -> None:
    """Tell the builder library how an InfluxQL query is read back from a dashboard."""
    runtime.register_dataquery_variant(runtime.DataqueryConfig("influxdb", Influx.from_json))
