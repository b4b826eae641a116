"""Verbs that run until they are stopped: the whole way, or a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from firmware_bridge import ConfigError
from service.cli.commands import Config, Host, Port, Store, app, settings_of, told, until_stopped


@app.command("demo")
@told
def _demo(
    gait: Annotated[str, typer.Option(help="Today's run: normal, limping or pronated.")] = "limping",
    seed: Annotated[int, typer.Option(help="Another number, other runs.")] = 1,
    host: Host = None,
    port: Port = None,
    store: Store = None,
    config: Config = None,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
) -> None:
    """Show the whole way with two virtual insoles: five earlier runs, and today's, live."""
    from service.cli.actions.demo import demonstrate

    settings = settings_of(config, store=store, host=host, port=port)
    until_stopped(lambda: demonstrate(settings, gait=gait, seed=seed, own_store=store is not None, browser=browser))


@app.command("run")
@told
def _run(host: Host = None, port: Port = None, store: Store = None, config: Config = None) -> None:
    """Bridge the insoles of the settings, analyze, alert, mirror and serve the page."""
    from service import runtime

    settings = settings_of(config, store=store, host=host, port=port)
    insoles = [keys.insole() for keys in settings.insoles]
    until_stopped(lambda: runtime.run(settings, insoles, settings.pods))


@app.command("bridge")
@told
def _bridge(store: Store = None, config: Config = None) -> None:
    """Only carry the insoles' samples to the log."""
    from service import runtime

    settings = settings_of(config, store=store)
    insoles = [keys.insole() for keys in settings.insoles]
    until_stopped(lambda: runtime.run_bridges(settings, insoles, settings.pods))


@app.command("serve")
@told
def _serve(host: Host = None, port: Port = None, store: Store = None, config: Config = None) -> None:
    """Analyze, alert, mirror and serve the page for a log that bridges fill."""
    from service import runtime

    settings = settings_of(config, store=store, host=host, port=port)
    until_stopped(lambda: runtime.run(settings, []))


@app.command("mirror")
@told
def _mirror(
    target: Annotated[
        str | None,
        typer.Argument(help="influx://127.0.0.1:8086/insole or https://host:8321; else those of the settings."),
    ] = None,
    store: Store = None,
    config: Config = None,
    follow: Annotated[bool, typer.Option(help="Go on when everything is there.")] = False,
    setup: Annotated[bool, typer.Option("--setup", help="First create the bucket or database.")] = False,
    keep_days: Annotated[
        float | None, typer.Option(min=0, help="With --setup: how long the archive keeps; 0 is for ever.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file with the archive's token.")] = None,
) -> None:
    """Bring an archive up to date with the log."""
    from service import runtime
    from service.pipeline.mirror import set_up
    from service.settings import MirrorKeys

    settings = settings_of(config, store=store)
    targets = settings.mirror_targets()
    if target:
        own = MirrorKeys(url=target, token_file=token_file).target(settings.influx.token)
        targets = (next((each for each in targets if each.url == target and token_file is None), own),)
    if not targets:
        raise ConfigError("no archive is named: give one, or set mirrors in insole.toml")
    if setup or keep_days is not None:
        for line in set_up(targets, keep_days):
            print(line)
    with _bars() as moved:
        until_stopped(lambda: runtime.run_mirrors(settings, targets, follow=follow, on_progress=moved))


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """Show how far each mirror has come, on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    parts = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    tasks: dict[str, tuple[Any, int]] = {}
    with Progress(*parts, console=console, disable=not console.is_terminal) as bar:

        def told(url: str, done: int, head: int) -> None:
            if url not in tasks:
                tasks[url] = bar.add_task(url, total=None), done
            task, began = tasks[url]
            bar.update(task, completed=done - began, total=max(head - began, 1))

        yield told


@app.command("virtual")
@told
def _virtual(
    link: Annotated[str, typer.Argument(help="Over which link, as ble; an unknown word lists them all.")],
    profile: Annotated[str, typer.Option(help="The device model that is played.")] = "demo-16",
    gait: Annotated[str, typer.Option(help="normal, limping or pronated.")] = "normal",
    seed: Annotated[int, typer.Option(help="Another number, another walk.")] = 1,
    port: Annotated[
        int, typer.Option(help="For ble the TCP port of the virtual radio, 0 is any; for udp where to send.")
    ] = 0,
    control_port: Annotated[int, typer.Option(help="The TCP port that takes faults; 0 is any.")] = 0,
    pod: Annotated[bool, typer.Option("--pod", help="For ble: a foot pod beside them, which tells pace.")] = False,
) -> None:
    """Play two insoles for another process: over a pseudo terminal, or over a virtual radio."""
    from firmware_bridge import load_profile, play_virtual

    model = load_profile(profile)
    until_stopped(lambda: play_virtual(link, model, gait, seed, port=port, control_port=control_port, pod=pod))
