"""`insole profile`: draft a device model from what an insole sends, check one, and list those that come with insole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from firmware_bridge import (
    ConfigError,
    Draft,
    Heard,
    Insole,
    Profile,
    Side,
    builtin_profiles,
    check_golden,
    check_round_trip,
    draft_profile,
    examples_of,
    hear_lines,
    lines_transport,
    load_profile,
    mistakes_of,
    parse_profile,
    profile_text,
)

_MOST_BYTES = 1 << 22
ENOUGH_HZ = 50.0
_SLOW = "a running stance has less than a dozen samples then; contact times are rough, and below 20 Hz none are told"


def new(url: str | None, file: Path | None, out: Path | None, *, seconds: float, rate_hz: float | None) -> None:
    """Draft a profile from a link or a file of lines; the file goes to `out` or stdout, what to check to stderr.

    Raises:
        ConfigError: neither or both are given, `out` is there already, or the URL is wrong.
        Unavailable: the link cannot be made.
        CorruptData: nothing came, or there are no numbers in it.
    """
    if (url is None) == (file is None):
        raise ConfigError("give either a link, such as serial:/dev/ttyACM0, or --from FILE with lines of text")
    if out is not None and out.exists():
        raise ConfigError(f"{out} is there already; name another --out, or remove it first")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if file is not None:
        heard = _read(file)
    else:
        assert url is not None
        console.print(f"listening for {seconds:g} s: walk on the spot, and press every part of the sole", markup=False)
        heard = _listened(url, seconds)
    draft = draft_profile(
        heard.data, name=_name(out, file), link=heard.transport, rate_hz=rate_hz, elapsed_s=heard.elapsed_s
    )
    parse_profile(draft.toml, str(out or "the draft"))
    if out is None:
        print(draft.toml, end="")
    else:
        _write(out, draft.toml)
    _say(console, draft, out)


def check(name_or_path: str) -> bool:
    """Print what is wrong with a profile, or what its own examples decode to; return whether all is well.

    Raises:
        ConfigError: there is no such file.
    """
    console = Console(highlight=False, soft_wrap=True)
    found = mistakes_of(profile_text(name_or_path), name_or_path)
    for mistake in found:
        console.print("[red]fails[/] ", end="")
        console.print(mistake, markup=False)
    if found:
        return False
    profile = load_profile(name_or_path)
    console.print("[green]ok[/]    ", end="")
    console.print(_describe(profile), markup=False)
    if profile.rate_hz < ENOUGH_HZ:
        console.print("[yellow]warns[/] ", end="")
        console.print(f"device.rate_hz = {profile.rate_hz:g}: {_SLOW}", markup=False)
    return _reads(profile, console)


def list_profiles() -> None:
    """Print the profiles that come with insole, with their links and how sure their facts are."""
    profiles = [load_profile(name) for name in builtin_profiles()]
    wide = max(len(profile.id) for profile in profiles)
    for profile in profiles:
        print(f"{profile.id:<{wide}}  {_describe(profile)}")


def _describe(profile: Profile) -> str:
    """Return a profile's name, links and evidence in one line."""
    links = ", ".join(profile.frames) or "recordings only"
    count = profile.sensors.count
    sensors = f"{count} sensor{'s' * (count != 1)} in {profile.unit}, {profile.rate_hz:g} Hz"
    return f"{profile.name}: {sensors}; {links}; {profile.evidence}"


def _reads(profile: Profile, console: Console) -> bool:
    problems = [*check_golden(profile), *check_round_trip(profile)]
    for said in examples_of(profile):
        console.print(f"       {said}", markup=False)
    for problem in problems:
        console.print("[red]fails[/] ", end="")
        console.print(problem, markup=False)
    return not problems


def _read(file: Path) -> Heard:
    try:
        with file.open("rb") as lines:
            data = lines.read(_MOST_BYTES)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from error
    return Heard(data, None, lines_transport())


def _listened(url: str, seconds: float) -> Heard:
    return asyncio.run(hear_lines(Insole("nobody", Side.LEFT, load_profile("generic-lines"), url), seconds))


def _name(out: Path | None, file: Path | None) -> str:
    stem = (out or file or Path("my-insole")).name.partition(".")[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or "my-insole"


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror or error}") from error


def _say(console: Console, draft: Draft, out: Path | None) -> None:
    for heading, lines in (("guessed:", draft.guessed), ("to be checked by you:", draft.to_check)):
        console.print(heading, markup=False)
        _bullets(console, lines)
    if out is not None:
        console.print(f"then: insole profile check {out}", markup=False)


def _bullets(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(f"  {line}", markup=False)
