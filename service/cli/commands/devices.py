"""Verbs about devices: what is there to be connected."""

from __future__ import annotations

from typing import Annotated

import typer

from firmware_bridge import Candidate
from service.cli.commands import Json, app, told


@app.command("scan")
@told
def _scan(
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="How long to listen for Bluetooth.")] = 5.0,
    backend: Annotated[str, typer.Option(help="bumble:TRANSPORT in place of this computer's Bluetooth.")] = "",
    json: Json = False,
) -> None:
    """List what advertises or is plugged in, the profile that fits, and the url to write into insole.toml."""
    import asyncio
    import json as jsonlib
    from dataclasses import asdict

    from firmware_bridge import find_devices

    results = asyncio.run(find_devices(backend, seconds))
    found = [result for result in results if isinstance(result, Candidate)]
    for device in found:
        typer.echo(jsonlib.dumps(asdict(device)) if json else _said(device))
    for trouble in results:
        if not isinstance(trouble, Candidate):
            typer.echo(f"insole: {trouble}", err=True)
    if len(found) < len(results) and not found:
        raise typer.Exit(1)
    if not found:
        typer.echo(
            "insole: nothing advertises and nothing is plugged in; is the insole switched on and near?", err=True
        )


def _said(device: Candidate) -> str:
    """Say one device in two lines: what it is, and what settings take."""
    from firmware_bridge import title_of

    name = "".join(c for c in device.name if c.isprintable())  # it comes from the air, and goes to a terminal
    told = [
        title_of(device),
        name or "without a name",
        f"{device.rssi_dbm} dBm" if device.rssi_dbm is not None else "",
        f"battery {device.battery_pct} %" if device.battery_pct is not None else "",
        f"{device.side} insole" if device.side else "",
        "foot pod: it belongs into [[pods]]" if device.pod else "",
    ]
    settings = [f'url = "{device.url}"']
    if device.profiles:
        first, *others = device.profiles
        settings.insert(0, f'profile = "{first}"' + (f"  # or {', '.join(others)}" if others else ""))
    return "\n".join([", ".join(filter(None, told)), *(f"    {line}" for line in settings)])
