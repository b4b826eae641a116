"""`insole check`: are the settings sound, and can everything be reached that they name?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from rich.console import Console

from firmware_bridge import InsoleError, link_of, open_archive, open_log
from service.alerts import check_urls
from service.settings import InsoleSettings, Settings


def check_all(settings: Settings) -> bool:
    """Print a line for each part, with the remedy where it fails; return whether all is well."""
    console, well = Console(highlight=False, soft_wrap=True), True
    for name, part in _parts(settings):
        try:
            console.print(f"[green]ok[/]    {name}: {part()}")
        except InsoleError as error:
            console.print(f"[red]fails[/] {name}: {error}")
            well = False
    return well


def _parts(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "store", lambda: _store(settings.store)
    for keys in settings.insoles:
        yield f"{keys.wearer}'s {keys.side} insole", lambda keys=keys: _insole(keys)  # type: ignore[misc]
    yield "page", lambda: _page(settings)
    yield "alerts", lambda: _alerts(settings)
    for target in settings.mirrors:
        yield f"mirror {target}", lambda target=target: _archive(target, settings)  # type: ignore[misc]


def _store(url: str) -> str:
    with closing(open_log(url)) as log:
        wearers = len(log.wearers())
    path = Path(url.partition(":///")[2]).expanduser()
    free = shutil.disk_usage(path.parent if path.parent.exists() else Path.cwd()).free / 1e9
    return f"{url}, {wearers} wearers, {free:.0f} GB free on its disk"


def _insole(keys: InsoleSettings) -> str:
    insole = keys.insole()
    return f"{insole.profile.name} ({insole.profile.evidence}) at {insole.url}, spoken as {link_of(insole.url)}"


def _page(settings: Settings) -> str:
    settings.web.check()
    return f"http://{settings.web.host}:{settings.web.port}/, {'with' if settings.web.token else 'without'} a token"


def _alerts(settings: Settings) -> str:
    check_urls(settings.alerts.urls)
    count = len(settings.alerts.urls)
    return f"{count} receivers" if count else "nobody is told (alerts.urls is empty); flags are shown on the page"


def _archive(target: str, settings: Settings) -> str:
    with closing(open_archive(target, settings.influx.token)) as archive:
        return archive.check()
