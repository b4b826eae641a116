"""Verbs that ask somebody who wears the insoles to do something."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from service.cli.commands import Config, app, settings_of, told

_Whose = Annotated[str | None, typer.Option("--wearer", help="Whose insoles; needed where the settings have several.")]
_Seconds = Annotated[float, typer.Option(help="How long is listened each time.", min=5.0, max=120.0)]


@app.command("calibrate")
@told
def _calibrate(
    how: Annotated[
        str, typer.Argument(help="zero (unloaded), sway (weight from foot to foot), or one-leg (each foot in turn).")
    ],
    mass: Annotated[float | None, typer.Option(help="The body's mass in kg with clothes and shoes.")] = None,
    seconds: _Seconds = 20.0,
    out: Annotated[Path, typer.Option(help="Folder for the calibrations.")] = Path(),
    wearer: _Whose = None,
    config: Config = None,
) -> None:
    """Measure what unloaded sensors read, and what they read under the body's weight; write it to a file an insole."""
    from service.cli.actions.calibration import calibrate

    insoles = settings_of(config).insoles_of(wearer)
    asyncio.run(calibrate(insoles, how, mass_kg=mass, seconds=seconds, folder=out))


@app.command("identify")
@told
def _identify(seconds: _Seconds = 5.0, wearer: _Whose = None, config: Config = None) -> None:
    """Find out whether left and right, heel and toe, or inner and outer edge are exchanged."""
    from service.cli.actions.calibration import identify

    problems = asyncio.run(identify(settings_of(config).insoles_of(wearer), seconds=seconds))
    for problem in problems or ["left and right, heel and toe, inner and outer edge are as the settings say"]:
        print(problem)
    if problems:
        raise typer.Exit(1)
