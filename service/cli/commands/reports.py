"""Verbs that write something to give away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.commands import Config, Store, app, settings_of, told


@app.command("report")
@told
def _report(
    wearer: Annotated[str, typer.Argument(help="Whose.")],
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    bout: Annotated[
        str | None, typer.Option(help="Which run, as `insole bouts` names it; the latest otherwise.")
    ] = None,
    a: Annotated[str | None, typer.Option("--a", help="One side of a comparison by notes: shoes=blue.")] = None,
    b: Annotated[
        str | None, typer.Option("--b", help="The other side: shoes=red, or shoes= where none are noted.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only bouts from this moment on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only bouts before this moment.")] = None,
    store: Store = None,
    config: Config = None,
) -> None:
    """Write one self-contained page for a professional: opens without a network, prints on A4 in gray."""
    from service.review.report import report

    report(settings_of(config, store=store).store, wearer, out, bout=bout, a=a, b=b, since=since, until=until)
