"""Verbs that check: the settings, the store, the measures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.commands import Config, Json, Store, app, settings_of, told


@app.command("check")
@told
def _check(
    whole: Annotated[bool, typer.Option("--pages", help="Read the whole store, too; it may take minutes.")] = False,
    compact: Annotated[bool, typer.Option("--compact", help="Only make the store as small as what it holds.")] = False,
    salvage: Annotated[bool, typer.Option("--salvage", help="Only save what a damaged store still has.")] = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """Check the settings, and whether log, insoles and archives can be reached; or make the store well again."""
    from service.cli.checks import settings_check as checks

    settings = settings_of(config, store=store)
    if salvage:
        checks.salvage(settings.store)
    if compact:
        checks.shrink(settings.store)
    if not (salvage or compact) and not checks.check_all(settings, whole=whole):
        raise typer.Exit(1)


@app.command("doctor")
@told
def _doctor(store: Store = None, config: Config = None) -> None:
    """Find out which part does not work just now: what `check` looks at, each foot's link, the service, Grafana."""
    from service.cli.checks import settings_check as checks
    from service.cli.checks.doctor import parts

    settings = settings_of(config, store=store)
    if not checks.check_all(settings, more=parts(settings)):
        raise typer.Exit(1)


@app.command("validate")
@told
def _validate(
    recordings: Annotated[
        str, typer.Argument(metavar="SET", help="gaitndd, gaitpdb, running-grf, speedpp2ds or virtual.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Where its files lie; here where it is not given.")
    ] = None,
    json: Json = False,
) -> None:
    """Recompute published tables from published recordings; fail where the measures miss a bar."""
    from service.validate.table import show

    if not show(recordings, folder, json=json):
        raise typer.Exit(1)


@app.command("explain")
@told
def _explain(
    measure: Annotated[str | None, typer.Argument(help="A field of a step or block; all if left out.")] = None,
    json: Json = False,
) -> None:
    """Say how a measure is worked out, what it is good for, and how far off it was where that was checked."""
    from service.cli.actions.recordings import explain

    explain(measure, json=json)
