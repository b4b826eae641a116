"""Verbs about what was recorded and what is found in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firmware_bridge import ConfigError
from service.cli.commands import Config, Json, Store, Whose, app, settings_of, told


@app.command("import")
@told
def _import(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, packed by gzip or not.")],
    wearer: Annotated[str | None, typer.Option(help="Whose; the file's name where it is not given.")] = None,
    start: Annotated[str | None, typer.Option(help="When it began, 2026-05-01T06:30:00Z; or its own date.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="The format; found by itself otherwise.")] = None,
    columns: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Map of a CSV file's columns.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Though the same recording is stored already.")] = False,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Though more than a fifth of its rows cannot be read.")
    ] = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """Put recordings into the log and analyze them; what is there already stays as it is."""
    from service.pipeline.file_import import import_files

    url = settings_of(config, store=store).store
    if import_files(
        files,
        url,
        wearer=wearer,
        start=start,
        form=form,
        columns=columns,
        again=again,
        skip_bad_rows=skip_bad_rows,
    ):
        raise typer.Exit(1)


@app.command("bouts")
@told
def _bouts(
    wearer: Whose = None,
    json: Json = False,
    deleted: Annotated[bool, typer.Option("--all", help="Those, too, that are noted as deleted.")] = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """List runs and walks with what is noted and said of each."""
    from service.cli.actions import recordings as listing

    listing.bouts(settings_of(config, store=store).store, wearer, json=json, deleted=deleted)


@app.command("steps")
@told
def _steps(wearer: Whose = None, json: Json = False, store: Store = None, config: Config = None) -> None:
    """List steps with their measures; without --json a summary of each foot."""
    from service.cli.actions import recordings as listing

    listing.steps(settings_of(config, store=store).store, wearer, json=json)


@app.command("analyze")
@told
def _analyze(
    wearer: Whose = None,
    again: Annotated[bool, typer.Option("--again", help="All that is stored, not only what is new.")] = False,
    since: Annotated[str | None, typer.Option(help="With --again: from this moment on.")] = None,
    store: Store = None,
    config: Config = None,
) -> None:
    """Analyze what has arrived; with --again, replace what was found before and keep the notes."""
    from service.cli.actions import notes as noting

    url = settings_of(config, store=store).store
    if again:
        noting.again(url, wearer, since)
    elif wearer or since:
        raise ConfigError("one wearer, or from a moment on: that goes with --again only")
    else:
        noting.catch_up(url)


@app.command("replay")
@told
def _replay(
    wearer: Annotated[str, typer.Argument(help="Whose.")],
    check: Annotated[bool, typer.Option("--check", help="Compare blocks, flags and verdicts, too.")] = False,
    json: Json = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """Analyze the stored frames once more, without putting anything, and compare with the stored steps."""
    from service.cli.actions import recordings as listing

    url = settings_of(config, store=store).store
    if not (listing.check_replay(url, wearer) if check else listing.compare_steps(url, wearer, json=json)):
        raise typer.Exit(1)
