"""`insole check`: are the settings sound, and can everything be reached that they name?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from rich.console import Console

from firmware_bridge import InsoleError, Log, link_of, open_archive, open_log
from service.alerts import check_urls
from service.retention import describe, forecast
from service.settings import InsoleSettings, Settings
from service.when import iso


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
    yield "store", lambda: _store(settings)
    for keys in settings.insoles:
        yield f"{keys.wearer}'s {keys.side} insole", lambda keys=keys: _insole(keys)  # type: ignore[misc]
    yield "page", lambda: _page(settings)
    yield "alerts", lambda: _alerts(settings)
    for target in settings.mirrors:
        yield f"mirror {target}", lambda target=target: _archive(target, settings)  # type: ignore[misc]


def _store(settings: Settings) -> str:
    with closing(open_log(settings.store)) as log:
        return "\n      ".join(_sizes(log, settings))


def _sizes(log: Log, settings: Settings) -> Iterator[str]:
    """Yield how much there is of what, what goes next, and how long the room lasts."""
    usage, keep = log.usage(), settings.keep.keep()
    held = [holding for holding in log.holdings() if holding.rows]
    yield (
        f"{settings.store}, {len(log.wearers())} wearers, {_size(usage.used)} of {keep.budget_gb:g} GB, "
        f"{usage.free / 1e9:.0f} GB free on its disk"
    )
    for holding in held:
        since = f", since {iso(holding.oldest)[:10]}" if holding.oldest is not None else ""
        yield f"  {holding.kind}: {holding.rows} rows, about {_size(holding.bytes)}{since}"
    days = forecast(held, usage, keep)
    yield "next to be forgotten: " + "; ".join(describe(log, keep, settings.mirrors))
    yield f"room for about {days:.0f} more days at this pace" if days is not None else "too new to say how long it fits"
    if usage.share:
        yield f"on a network share ({usage.share}): two computers may harm it; keep it on a local disk"
    if not usage.shrinks:
        yield f"an older file: what is forgotten leaves room within it ({_size(usage.reusable)}) but not on the disk"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


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
