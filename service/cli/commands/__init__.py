"""What all verbs of the command `insole` share: the app, its options, its errors and its settings."""

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
Whose = Annotated[str | None, typer.Argument(help="Whose; everybody's where it is not given.")]


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Turn the errors that the program expects into one line on stderr and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        failed: list[InsoleError] = []
        try:
            command(*args, **kwargs)
        except* InsoleError as group:
            failed = [error for error in _leaves(group) if isinstance(error, InsoleError)]
        except* BrokenPipeError:
            pass
        if failed:  # not within `except*`: before Python 3.11.4 what is raised there comes out as a group
            _fail(failed)

    return run


def settings_of(
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


def until_stopped(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run until done, or until Ctrl-C or SIGTERM, which both end in an orderly stop."""
    logging.basicConfig(format="%(asctime)s %(levelname).1s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)

    async def main_or_signal() -> None:
        task = asyncio.ensure_future(main())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows: Ctrl-C alone, by KeyboardInterrupt
                loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(main_or_signal())


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _fail(errors: list[InsoleError]) -> NoReturn:
    for line in dict.fromkeys(str(error) for error in errors):
        print(f"insole: {line}", file=sys.stderr)
    raise SystemExit(2 if any(isinstance(error, ConfigError) for error in errors) else 1)
