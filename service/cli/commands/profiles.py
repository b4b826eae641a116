"""Verbs about device models: draft one, check one, list them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.commands import app, told

profile = typer.Typer(no_args_is_help=True, help="Device models: draft one from what an insole sends, check one.")
app.add_typer(profile, name="profile")


@profile.command("new")
@told
def _new(
    url: Annotated[str | None, typer.Argument(help="serial:/dev/ttyACM0?baud=115200, udp:8888 ...")] = None,
    file: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="Lines of text, no link.")] = None,
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="How long to listen.")] = 10.0,
    out: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Where to; stdout if left out.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Lines a second, where they do not show it.")] = None,
) -> None:
    """Listen to an unknown stream of text lines and draft a profile for it, to be completed by you."""
    from service.cli.actions import profiles

    profiles.new(url, file, out, seconds=seconds, rate_hz=rate)


@profile.command("check")
@told
def _check(name: Annotated[str, typer.Argument(metavar="FILE", help="A profile, or a built-in one's name.")]) -> None:
    """Name every mistake in a profile; without one, decode the examples that it keeps, and packets of its own."""
    from service.cli.actions import profiles

    if not profiles.check(name):
        raise typer.Exit(1)


@profile.command("list")
@told
def _list() -> None:
    """List the profiles that come with insole, with their links and how sure their facts are."""
    from service.cli.actions import profiles

    profiles.list_profiles()
