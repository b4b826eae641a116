"""Verbs that run until they are stopped: the whole way, or a part of it."""

from __future__ import annotations

from typing import Annotated

import typer

from firmware_bridge import ConfigError
from service.commands import Config, Host, Port, Store, app, settings_of, told, until_stopped


@app.command()
@told
def demo(
    gait: Annotated[str, typer.Option(help="Today's run: normal, limping or pronated.")] = "limping",
    seed: Annotated[int, typer.Option(help="Another number, other runs.")] = 1,
    host: Host = None,
    port: Port = None,
    store: Store = None,
    config: Config = None,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
) -> None:
    """Show the whole way with two virtual insoles: five earlier runs, and today's, live."""
    from service.demo import demonstrate

    settings = settings_of(config, store=store, host=host, port=port)
    until_stopped(lambda: demonstrate(settings, gait=gait, seed=seed, own_store=store is not None, browser=browser))


@app.command()
@told
def run(host: Host = None, port: Port = None, store: Store = None, config: Config = None) -> None:
    """Bridge the insoles of the settings, analyze, alert, mirror and serve the page."""
    from service import stages

    settings = settings_of(config, store=store, host=host, port=port)
    insoles = [keys.insole() for keys in settings.insoles]
    until_stopped(lambda: stages.run(settings, insoles))


@app.command()
@told
def bridge(store: Store = None, config: Config = None) -> None:
    """Only carry the insoles' samples to the log."""
    from service import stages

    settings = settings_of(config, store=store)
    insoles = [keys.insole() for keys in settings.insoles]
    until_stopped(lambda: stages.run_bridges(settings, insoles))


@app.command()
@told
def serve(host: Host = None, port: Port = None, store: Store = None, config: Config = None) -> None:
    """Analyze, alert, mirror and serve the page for a log that bridges fill."""
    from service import stages

    settings = settings_of(config, store=store, host=host, port=port)
    until_stopped(lambda: stages.run(settings, []))


@app.command()
@told
def mirror(
    target: Annotated[str | None, typer.Argument(help="An archive, e.g. influx://127.0.0.1:8086/insole.")] = None,
    store: Store = None,
    config: Config = None,
    follow: Annotated[bool, typer.Option(help="Go on when everything is there.")] = False,
) -> None:
    """Bring an archive up to date with the log."""
    from service import stages

    settings = settings_of(config, store=store)
    targets = (target,) if target else settings.mirrors
    if not targets:
        raise ConfigError("no archive is named: give one, or set mirrors in insole.toml")
    until_stopped(lambda: stages.run_mirrors(settings, targets, follow=follow))


@app.command()
@told
def virtual(
    link: Annotated[str, typer.Argument(help="ble, serial or udp.")],
    profile: Annotated[str, typer.Option(help="The device model that is played.")] = "demo-16",
    gait: Annotated[str, typer.Option(help="normal, limping or pronated.")] = "normal",
    seed: Annotated[int, typer.Option(help="Another number, another walk.")] = 1,
    port: Annotated[
        int, typer.Option(help="For ble the TCP port of the virtual radio, 0 is any; for udp where to send.")
    ] = 0,
    control_port: Annotated[int, typer.Option(help="The TCP port that takes faults; 0 is any.")] = 0,
) -> None:
    """Play two insoles for another process: over a pseudo terminal, or over a virtual radio."""
    from firmware_bridge import load_profile, play_virtual

    model = load_profile(profile)
    until_stopped(lambda: play_virtual(link, model, gait, seed, port=port, control_port=control_port))
