"""The command `insole`: verbs only; what they do lies in the rooms behind, imported when a verb is called.

stdout is the result, stderr the log. Exit code 0 done, 1 failed, 2 wrong usage or settings.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec

import typer

from firmware_bridge import ConfigError, InsoleError

P = ParamSpec("P")
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Pressure-sensing insoles: what differs from your usual, and how sure that is.",
)

Store = Annotated[str | None, typer.Option("--store", help="The log, e.g. sqlite:///path.", metavar="URL")]
Config = Annotated[
    Path | None, typer.Option("--config", help="Settings; ./insole.toml if it is there.", metavar="FILE")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")]
Host = Annotated[str | None, typer.Option(help="Address to serve on; beyond this computer only with a token.")]
Port = Annotated[int | None, typer.Option(help="Port to serve on.")]
Wearer = Annotated[str | None, typer.Argument(help="Whose; everybody's where it is not given.")]


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Turn the errors that the program expects into one line on stderr and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except* InsoleError as group:
            _fail([error for error in _leaves(group) if isinstance(error, InsoleError)])
        except* BrokenPipeError:
            raise SystemExit(0) from None

    return run


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

    settings = _settings(config, store=store, host=host, port=port)
    _run(lambda: demonstrate(settings, gait=gait, seed=seed, own_store=store is not None, browser=browser))


@app.command()
@told
def run(host: Host = None, port: Port = None, store: Store = None, config: Config = None) -> None:
    """Bridge the insoles of the settings, analyze, alert, mirror and serve the page."""
    from service import stages

    settings = _settings(config, store=store, host=host, port=port)
    insoles = [keys.insole() for keys in settings.insoles]
    _run(lambda: stages.run(settings, insoles))


@app.command()
@told
def bridge(store: Store = None, config: Config = None) -> None:
    """Only carry the insoles' samples to the log."""
    from service import stages

    settings = _settings(config, store=store)
    insoles = [keys.insole() for keys in settings.insoles]
    _run(lambda: stages.run_bridges(settings, insoles))


@app.command()
@told
def serve(host: Host = None, port: Port = None, store: Store = None, config: Config = None) -> None:
    """Analyze, alert, mirror and serve the page for a log that bridges fill."""
    from service import stages

    settings = _settings(config, store=store, host=host, port=port)
    _run(lambda: stages.run(settings, []))


@app.command(name="import")
@told
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, packed by gzip or not.")],
    wearer: Annotated[str | None, typer.Option(help="Whose; the file's name where it is not given.")] = None,
    start: Annotated[str | None, typer.Option(help="When it began, 2026-05-01T06:30:00Z; or its own date.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="The format; found by itself otherwise.")] = None,
    columns: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Map of a CSV file's columns.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Though the same recording is stored already.")] = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """Put recordings into the log and analyze them; what is there already stays as it is."""
    from service.recordings import import_files

    url = _settings(config, store=store).store
    if import_files(files, url, wearer=wearer, start=start, form=form, columns=columns, again=again):
        raise typer.Exit(1)


@app.command()
@told
def bouts(
    wearer: Wearer = None,
    json: Json = False,
    deleted: Annotated[bool, typer.Option("--all", help="Those, too, that are noted as deleted.")] = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """List runs and walks with what is noted and said of each."""
    from service import listing

    listing.bouts(_settings(config, store=store).store, wearer, json=json, deleted=deleted)


@app.command()
@told
def note(
    wearer: Annotated[str, typer.Argument(help="Whose.")],
    topic: Annotated[
        str | None, typer.Argument(help="shoes, surface, pain, delete ...; a wrong one lists all.")
    ] = None,
    text: Annotated[str | None, typer.Argument(help='What: "blue ones", "low back 3", "70 kg".')] = None,
    at: Annotated[str | None, typer.Option(help="When, 2026-05-01T06:30:00Z; now where it is not given.")] = None,
    bout: Annotated[str | None, typer.Option(help="At the start of this bout, as `insole bouts` names it.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was noted then.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the notes instead.")] = False,
    json: Json = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """Note something about a run or walk; verdicts follow."""
    from service import noting

    url = _settings(config, store=store).store
    if listed:
        noting.list_notes(url, wearer, json=json)
    else:
        noting.note(url, wearer, topic or "", text, at=at, bout=bout, withdraw=withdraw)


@app.command()
@told
def move(
    wearer: Annotated[str, typer.Argument(help="Whose it is so far.")],
    bout: Annotated[str, typer.Option(help="Which, as `insole bouts` names it.")],
    to: Annotated[str, typer.Option(help="Who wore the insoles.")],
    store: Store = None,
    config: Config = None,
) -> None:
    """Give a run or walk to somebody else, who wore the insoles; both are analyzed again."""
    from service import noting

    noting.hand_over(_settings(config, store=store).store, wearer, bout, to)


@app.command()
@told
def analyze(
    wearer: Wearer = None,
    again: Annotated[bool, typer.Option("--again", help="All that is stored, not only what is new.")] = False,
    since: Annotated[str | None, typer.Option(help="With --again: from this moment on.")] = None,
    store: Store = None,
    config: Config = None,
) -> None:
    """Analyze what has arrived; with --again, replace what was found before and keep the notes."""
    from service import noting

    url = _settings(config, store=store).store
    if again:
        noting.again(url, wearer, since)
    elif wearer or since:
        raise ConfigError("one wearer, or from a moment on: that goes with --again only")
    else:
        noting.catch_up(url)


@app.command()
@told
def steps(wearer: Wearer = None, json: Json = False, store: Store = None, config: Config = None) -> None:
    """List steps with their measures; without --json a summary of each foot."""
    from service import listing

    listing.steps(_settings(config, store=store).store, wearer, json=json)


@app.command()
@told
def replay(
    wearer: Annotated[str, typer.Argument(help="Whose.")],
    check: Annotated[bool, typer.Option("--check", help="Compare blocks, flags and verdicts, too.")] = False,
    json: Json = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """Analyze the stored frames once more, without putting anything, and compare with the stored steps."""
    from service import listing

    url = _settings(config, store=store).store
    if not (listing.check_replay(url, wearer) if check else listing.replay(url, wearer, json=json)):
        raise typer.Exit(1)


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

    settings = _settings(config, store=store)
    targets = (target,) if target else settings.mirrors
    if not targets:
        raise ConfigError("no archive is named: give one, or set mirrors in insole.toml")
    _run(lambda: stages.run_mirrors(settings, targets, follow=follow))


@app.command()
@told
def check(store: Store = None, config: Config = None) -> None:
    """Check the settings, and whether log, insoles and archives can be reached."""
    from service.checks import check_all

    if not check_all(_settings(config, store=store)):
        raise typer.Exit(1)


@app.command()
@told
def virtual(
    link: Annotated[str, typer.Argument(help="ble or serial.")],
    profile: Annotated[str, typer.Option(help="The device model that is played.")] = "demo-16",
    gait: Annotated[str, typer.Option(help="normal, limping or pronated.")] = "normal",
    seed: Annotated[int, typer.Option(help="Another number, another walk.")] = 1,
    port: Annotated[int, typer.Option(help="For ble: the TCP port of the virtual radio; 0 is any.")] = 0,
    control_port: Annotated[int, typer.Option(help="The TCP port that takes faults; 0 is any.")] = 0,
) -> None:
    """Play two insoles for another process: over a pseudo terminal, or over a virtual radio."""
    from firmware_bridge import load_profile, play_virtual

    model = load_profile(profile)
    _run(lambda: play_virtual(link, model, gait, seed, port=port, control_port=control_port))


def _settings(
    config: Path | None, *, store: str | None = None, host: str | None = None, port: int | None = None
) -> Any:
    """Return the settings of file and environment, with what the command line says on top."""
    from service.settings import load_settings

    settings = load_settings(config)
    web = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    update: dict[str, Any] = {"web": settings.web.model_copy(update=web)}
    if store is not None:
        update["store"] = store
    return settings.model_copy(update=update)


def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run until done, or until Ctrl-C or SIGTERM, which both end in an orderly stop."""
    logging.basicConfig(format="%(asctime)s %(levelname).1s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)

    async def until_stopped() -> None:
        task = asyncio.ensure_future(main())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows: Ctrl-C alone, by KeyboardInterrupt
                loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(until_stopped())


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _fail(errors: list[InsoleError]) -> NoReturn:
    for line in dict.fromkeys(str(error) for error in errors):
        print(f"insole: {line}", file=sys.stderr)
    raise SystemExit(2 if any(isinstance(error, ConfigError) for error in errors) else 1)


if __name__ == "__main__":
    app()
