"""What became of a file's rows: those that are no samples, the first of them and why, and what time needed."""

from __future__ import annotations

from dataclasses import dataclass

TOLD_SHARE = 0.01
"""Share of skipped rows above which it is told in words (choice)."""
REFUSED_SHARE = 0.2
"""Share of skipped rows above which a file is refused, unless whoever imports it wants the rest (choice)."""
_MOST_REMARKS = 20
"""Remarks that are kept of a file; a clock that restarts each second needs no more (choice)."""


@dataclass(frozen=True, slots=True)
class RowReport:
    """Counts of rows; one that says nothing is of no row."""

    given: int = 0  # rows that were read
    skipped: int = 0  # that break the format's rules, or whose time cannot be
    doubles: int = 0  # exact doubles of a row
    line: int = 0  # of the first row that was skipped, from 1; 0: it is not known
    reason: str = ""  # why that one was
    remarks: tuple[str, ...] = ()  # what is to be said of the times, each a clause

    def __add__(self, later: RowReport) -> RowReport:
        """Return the report of these rows and of those after them."""
        first = self if self.skipped else later
        new = tuple(remark for remark in later.remarks if remark not in self.remarks)
        return RowReport(
            self.given + later.given,
            self.skipped + later.skipped,
            self.doubles + later.doubles,
            first.line,
            first.reason,
            (self.remarks + new)[:_MOST_REMARKS],
        )

    @property
    def share(self) -> float:
        """Return the share of the rows that were skipped; a double is no row of its own."""
        return self.skipped / max(self.given + self.skipped, 1)

    @property
    def bad_rows(self) -> str:
        """Say how many rows were skipped, and why the first one was."""
        where = f", the first in line {self.line}" if self.line else ""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.skipped} of {self.given + self.skipped} rows ({_percent(self.share)} %){where}{why}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g}" if share < REFUSED_SHARE else f"{100 * share:.0f}"


NO_REPORT = RowReport()
