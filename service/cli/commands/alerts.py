"""Verbs about alerts: does a message reach everybody who is to get one?"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.commands import Config, app, settings_of, told

alert = typer.Typer(no_args_is_help=True, help="Alerts: see whether they reach somebody.")
app.add_typer(alert, name="alert")


@alert.command("test")
@told
def _test(
    wearer: Annotated[str | None, typer.Option(help="Only those who get this wearer's alerts.")] = None,
    config: Config = None,
) -> None:
    """Send a message that is marked as a test to every receiver, and say of each whether it took it."""
    from service.alerts.dispatcher import try_receivers

    well = True
    for name, wrong in try_receivers(settings_of(config).alerts.settings(), wearer):
        print(f"fails {name}: {wrong}" if wrong else f"ok    {name}", flush=True)
        well &= not wrong
    if not well:
        raise typer.Exit(1)
