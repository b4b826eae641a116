"""`insole check`: are the settings sound, can everything be reached that they name, and is the store well?

Beside it what makes a store well again: compacting one that does not shrink, and saving what a damaged one still has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from itertools import chain

from rich.console import Console

from firmware_bridge import (
    SECOND,
    ConfigError,
    Damaged,
    Device,
    EmbeddedLog,
    Frames,
    InsoleError,
    Link,
    Log,
    LogFile,
    Pace,
    Salvaged,
    Usage,
    clock_in_words,
    link_of,
    open_archive,
    open_embedded_log,
    pod_opener,
    salvage_log,
)
from service.alerts.dispatcher import check_receivers, receivers
from service.pipeline.mirror_selection import MirrorTarget
from service.pipeline.retention import Keep, describe, excess, forecast
from service.records.rows import STORED_KINDS
from service.records.timestamps import iso
from service.settings import InsoleSettings, PodSettings, Settings

_KINDS: tuple[type, ...] = (Device, Frames, Link, Pace, *STORED_KINDS)
"""Of which a store may hold items."""
AHEAD = 60 * SECOND
"""Clocks of two computers may differ by so much without a word."""


@dataclass
class Said:
    """What is said of a part that is well enough, and what is not quite."""

    fine: str
    warnings: list[str] = field(default_factory=list)


Check = tuple[str, Callable[[], Said]]
"""What is looked at, and what finds out how it is."""


def check_all(settings: Settings, *, whole: bool = False, more: Iterable[Check] = ()) -> bool:
    """Print a line for each part, with the remedy where it fails; return whether all is well.

    With `whole` every page of the store is read, which may take minutes. `more` is looked at last.
    """
    console, well = Console(highlight=False, soft_wrap=True), True
    for name, part in chain(_parts(settings, whole=whole), more):
        try:
            said = part()
        except InsoleError as error:
            console.print(f"[red]fails[/] {name}: ", end="")
            console.print(str(error), markup=False)
            well = False
            continue
        console.print(f"[green]ok[/]    {name}: ", end="")
        console.print(said.fine, markup=False)
        for warning in said.warnings:
            console.print(f"[yellow]warns[/] {name}: ", end="")
            console.print(warning, markup=False)
    return well


def shrink(store: str) -> None:
    """Give what a store has empty back to the disk, and print how much that was; it shrinks by itself from then on.

    Raises:
        ConfigError: another program has it open, or there is nothing in it.
        Unavailable: the disk has no room for the copy.
    """
    with closing(open_embedded_log(store)) as log, _busy("compacting"):
        if not log.wearers():
            raise ConfigError(f"store {store}: there is nothing in it; is it the right one?")
        given = log.compact()
    print(f"{store}: {_size(max(given, 0))} given back to the disk; from now on it shrinks by itself")


def salvage(store: str) -> None:
    """Save what can be read of a damaged store, and print what that was.

    Raises:
        ConfigError: another program has it open, there is none, or nothing of it can be read.
        Unavailable: the disk has no room for it.
    """
    with _busy("saving"):
        found = salvage_log(store, _KINDS)
    if found.kept:
        print(f"{store}: saved {_told(found)}; the damaged one is kept as {found.kept}")
    else:
        print(f"{store}: is not damaged, and stays as it is")
    if found.spare:
        print(f"{store}: {found.spare} items that had been put beside it are in it now")


def _busy(what: str) -> AbstractContextManager[object]:
    console = Console(stderr=True)
    return console.status(what) if console.is_terminal else nullcontext()


def _told(found: Salvaged) -> str:
    if not found.rows:
        return "what an earlier call had found"
    kinds = [f"{count} of {kind}" for kind, count in sorted(found.rows.items()) if count or found.lost.get(kind)]
    lost = [f"{count} of {kind}" for kind, count in sorted(found.lost.items())]
    return f"{', '.join(kinds) or 'nothing'}; lost, as far as known: {', '.join(lost) or 'none'}"


def _parts(settings: Settings, *, whole: bool) -> Iterator[Check]:
    yield "store", lambda: _store(settings, whole=whole)
    for keys in settings.insoles:
        yield f"{keys.wearer}'s {keys.side} insole", lambda keys=keys: Said(_insole(keys))  # type: ignore[misc]
    for pod in settings.pods:
        yield f"{pod.wearer}'s foot pod", lambda pod=pod: Said(_pod(pod))  # type: ignore[misc]
    yield "page", lambda: Said(_page(settings))
    yield "alerts", lambda: Said(_alerts(settings))
    for target in settings.mirror_targets():
        yield f"mirror {target.url}", lambda target=target: Said(_archive(target))  # type: ignore[misc]


def _store(settings: Settings, *, whole: bool) -> Said:
    try:
        with closing(open_embedded_log(settings.store)) as log:
            wrong = log.check(whole=whole)
            if not wrong:
                return Said("\n      ".join(_sizes(log, settings)), [*_warnings(log, settings)])
    except Damaged as error:
        if not whole:
            raise
        raise Damaged(f"{error}\n      {_readable(settings.store)}") from error
    raise Damaged(
        f"{settings.store} is damaged; `insole check --salvage` brings what can still be read into a new file and "
        f"keeps the old one: {'; '.join(wrong)}\n      {_readable(settings.store)}"
    )


def _readable(store: str) -> str:
    with _busy("looking at what can be read"):
        return f"readable: {_told(salvage_log(store, _KINDS, dry=True))}"


def _sizes(log: LogFile, settings: Settings) -> Iterator[str]:
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
    mirrors = [target.url for target in settings.mirror_targets()]
    yield "next to be forgotten: " + "; ".join(describe(log, keep, mirrors))
    yield f"room for about {days:.0f} more days at this pace" if days is not None else "too new to say how long it fits"


def _warnings(log: EmbeddedLog, settings: Settings) -> Iterator[str]:
    usage = log.usage()
    if usage.share:
        yield f"on a network share ({usage.share}): two computers may harm it; keep it on a local disk"
    try:
        yield from _forgetting(log.workers(), usage, settings.keep.keep())
    except ConfigError as error:
        yield str(error)
    yield from _clock(log, time.time_ns())
    if not usage.shrinks:
        yield (
            f"an older file: what is forgotten leaves room within it ({_size(usage.reusable)}) but not on the disk; "
            f"`insole check --compact` changes that, when nobody else is at work (it takes {_size(2 * usage.used)} of "
            "the disk for a while)"
        )
    if usage.spare:
        yield (
            f"what the insoles sent while it was damaged lies beside it ({_size(usage.spare)}); `insole check "
            "--salvage` brings it in"
        )


def _forgetting(workers: dict[str, str], usage: Usage, keep: Keep) -> Iterator[str]:
    """Yield why nobody keeps the store within its bounds, where that is so and matters."""
    if "" in workers:
        return
    carried = [f"{work} (pid {owner})" for work, owner in workers.items()]
    if carried or excess(usage, keep):
        who = f"only bridges are at work: {', '.join(carried)}" if carried else "no service is at work"
        yield (
            f"{who}; nobody analyzes or forgets, and in the end the disk is full: let `insole serve` run beside them "
            "on this computer, which keeps the store within keep.budget_gb"
        )


def _clock(log: Log, now: int) -> Iterator[str]:
    """Yield that samples lie in the future: a computer without a clock starts in the past.

    Link rows are told by the computer's clock. So where they do not lie in the future, an insole's clock ran too fast.
    """
    spans = ((log.span(Frames, wearer), wearer) for wearer in log.wearers())
    newest, wearer = max(((span[1], wearer) for span, wearer in spans if span is not None), default=(now, ""))
    if newest <= now + AHEAD:
        return
    said = f"the newest sample of {wearer} lies {_ahead(newest - now)} in the future"
    told = log.span(Link, wearer)
    if told is None or told[1] > now + AHEAD:
        yield f"{said}: is this computer's clock right? It says {iso(now)[:19]}Z"
        return
    newest_rows = {row.side: row for row in log.read(Link, wearer, told[1] - AHEAD)}
    words = (clock_in_words(row.clock, row.clock_rate) for row in newest_rows.values())
    known = next(filter(None, words), "its device's clock ran too fast, or its unit in the profile is wrong")
    yield f"{said}, but what was told of the links does not: {known}"


def _ahead(ns: int) -> str:
    minutes = ns / SECOND / 60
    return (
        f"{minutes:.0f} min"
        if minutes < 120
        else f"{minutes / 60:.0f} h"
        if minutes < 2880
        else f"{minutes / 1440:.0f} days"
    )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _insole(keys: InsoleSettings) -> str:
    insole = keys.insole()
    return f"{insole.profile.name} ({insole.profile.evidence}) at {insole.url}, spoken as {link_of(insole.url)}"


def _pod(keys: PodSettings) -> str:
    pod_opener(keys.url)
    return f"at {keys.url}"


def _page(settings: Settings) -> str:
    settings.web.check()
    return f"http://{settings.web.host}:{settings.web.port}/, {'with' if settings.web.token else 'without'} a token"


def _alerts(settings: Settings) -> str:
    alerts = settings.alerts.settings()
    check_receivers(alerts)
    count = sum(len(urls) for _, urls in receivers(alerts))
    return f"{count} receivers" if count else "nobody is told (alerts.urls is empty); flags are shown on the page"


def _archive(target: MirrorTarget) -> str:
    with closing(open_archive(target.url, target.token)) as archive:
        return archive.check()
