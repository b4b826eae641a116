"""Conversations with somebody who wears the insoles: do this, now that, and here is what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from firmware_bridge import Calibration, ConfigError, CorruptData, Frames, Insole, Listener, Profile, Side, listening
from service.gait.calibration.identify import edges_exchanged, ends_exchanged, lifted
from service.gait.calibration.zero_span import calibration_of, one_leg_span, sway_spans, weighed, zero_of

Printer = Callable[[str], None]
_Answer = TypeVar("_Answer")
READY_S = 3.0
TRIES = 3
HOW = ("zero", "sway", "one-leg")
MASSES_KG = (20.0, 300.0)


@dataclass(frozen=True, slots=True)
class _Talk:
    """Asks for something, and hears what the insoles send meanwhile."""

    heard: Listener
    seconds: float
    say: Printer

    async def ask(self, what: str, use: Callable[[dict[Side, Frames]], _Answer]) -> _Answer:
        """Ask until what is heard can be used, some times at most."""
        for attempt in range(1, TRIES + 1):
            self.say(f"{what}. In {READY_S:g} s I listen for {self.seconds:g} s.")
            await asyncio.sleep(READY_S)
            self.say("  listening ...")
            said = await self.heard.hear(self.seconds)
            try:
                found = use(said)
            except CorruptData as error:
                if attempt == TRIES:
                    raise
                self.say(f"  That was not it: {error}.")
                continue
            self.say("  thank you.")
            return found
        raise AssertionError("unreachable")


async def calibrate(
    insoles: Sequence[Insole],
    how: str,
    *,
    mass_kg: float | None = None,
    seconds: float = 20.0,
    folder: Path = Path(),
    say: Printer = print,
) -> list[Path]:
    """Ask for what a calibration takes, and write one `.toml` an insole; return the files.

    Args:
        insoles: with the calibration that they have so far; a span builds on its zero.
        how: one of `HOW`.
        mass_kg: of the person with clothes and shoes; for a span.
        seconds: of each recording.
        folder: where the files go.
        say: prints a line.

    Raises:
        ConfigError: something is missing for it.
        CorruptData: what was heard cannot be used, after some tries.
        Unavailable: an insole is not heard.
    """
    if how not in HOW:
        raise ConfigError(f"{how!r}: there are {', '.join(HOW)}")
    mass = 0.0 if how == "zero" else _checked(insoles, how, mass_kg)
    async with listening(insoles) as heard:
        talk = _Talk(heard, seconds, say)
        if how == "zero":
            found = await _zeros(talk, insoles)
        elif how == "sway":
            found = await _sway(talk, insoles, mass)
        else:
            found = [await _one_leg(talk, insole, mass) for insole in insoles]
    return [await asyncio.to_thread(_write, insole, folder, say) for insole in found]


def _checked(insoles: Sequence[Insole], how: str, mass_kg: float | None) -> float:
    """Return the mass, once everything is there that a span takes."""
    if mass_kg is None or not MASSES_KG[0] <= mass_kg <= MASSES_KG[1]:
        raise ConfigError(f"calibrate {how} needs --mass, the body's mass in kg with clothes and shoes")
    for insole in insoles:
        if not insole.calibration.zero:
            raise ConfigError(
                f"the {insole.side} insole has no zero yet: run `insole calibrate zero` first, and name the file that "
                "it writes as `calibration` in this insole's settings"
            )
    if how == "sway" and {insole.side for insole in insoles} != set(Side):
        raise ConfigError("calibrate sway needs both insoles; for one alone there is `insole calibrate one-leg`")
    return mass_kg


async def _zeros(talk: _Talk, insoles: Sequence[Insole]) -> list[Insole]:
    def use(said: dict[Side, Frames]) -> list[Insole]:
        zeros = [zero_of(said[insole.side], insole.profile) for insole in insoles]
        return [replace(insole, calibration=Calibration(zero)) for insole, zero in zip(insoles, zeros, strict=True)]

    return await talk.ask("Take your feet out of the shoes and lay the shoes down", use)


async def _sway(talk: _Talk, insoles: Sequence[Insole], mass_kg: float) -> list[Insole]:
    pair = {insole.side: insole for insole in insoles}

    def use(said: dict[Side, Frames]) -> list[Insole]:
        left, right = (
            (said[side], weighed(said[side], pair[side].profile, pair[side].calibration.zero)) for side in Side
        )
        spans = dict(zip(Side, sway_spans(left, right, mass_kg), strict=True))
        talk.say(f"  two gains leave {100 * spans[Side.LEFT].missed:.1f} % of the weight unexplained")
        return [_spanned(pair[side], spans[side].gain) for side in Side]

    return await talk.ask(
        "Stand with your hands free, and shift your weight slowly from foot to foot, again and again", use
    )


async def _one_leg(talk: _Talk, insole: Insole, mass_kg: float) -> Insole:
    def use(said: dict[Side, Frames]) -> Insole:
        frames = said[insole.side]
        force = weighed(frames, insole.profile, insole.calibration.zero)
        return _spanned(insole, one_leg_span(frames, force, mass_kg).gain)

    return await talk.ask(f"Stand on the {insole.side} foot alone; a finger on the wall is allowed", use)


def _spanned(insole: Insole, gain: float) -> Insole:
    return replace(insole, calibration=calibration_of(insole.profile, insole.calibration.zero, gain))


def _write(insole: Insole, folder: Path, say: Printer) -> Path:
    path = folder / f"calibration-{insole.wearer}-{insole.side}.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(insole.calibration.text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}; name another folder with --out") from error
    say(
        f'{insole.side}: write  calibration = "{path}"  into this insole\'s settings; it is device {insole.device} then'
    )
    return path


async def identify(insoles: Sequence[Insole], *, seconds: float = 5.0, say: Printer = print) -> list[str]:
    """Ask for a lifted foot and some presses; return what is exchanged, each with its remedy, empty if nothing is.

    Args:
        insoles: a left and a right one.
        seconds: of each recording.
        say: prints a line.

    Raises:
        ConfigError: it takes both insoles.
        CorruptData: what was heard cannot be used, after some tries.
        Unavailable: an insole is not heard.
    """
    if {insole.side for insole in insoles} != set(Side):
        raise ConfigError("identify needs a left and a right insole in the settings")
    async with listening(insoles) as heard:
        return await _identified(_Talk(heard, seconds, say), {insole.side: insole for insole in insoles})


async def _identified(talk: _Talk, pair: dict[Side, Insole]) -> list[str]:
    standing = await talk.ask("Stand still on both feet", lambda said: said)
    left = await talk.ask("Lift your LEFT foot off the ground", lambda said: lifted(standing, said))
    problems = []
    if left is not Side.LEFT:
        problems.append(
            "left and right are exchanged: exchange `side` of the two insoles in the settings; runs recorded until now "
            "are put right by `insole move WEARER --bout ... --swap-feet`"
        )
    for foot, stream in ((Side.LEFT, left), (Side.RIGHT, left.other)):
        problems += await _exchanged(talk, foot, stream, standing[stream], pair[stream].profile)
    return problems


async def _exchanged(talk: _Talk, foot: Side, stream: Side, still: Frames, profile: Profile) -> list[str]:
    """Ask for presses of one foot, which is heard as the `stream`; return what is exchanged in its positions."""
    problems = []
    ask = f"Stand with your {foot} foot on its HEEL alone"
    if await talk.ask(ask, lambda said: ends_exchanged(still, said[stream], profile)):
        problems.append(
            f"heel and toe of the {foot} insole are exchanged: in its profile write 1 - ap for every position"
        )
    ask = f"Roll your {foot} foot onto its INNER edge"
    if await talk.ask(ask, lambda said: edges_exchanged(still, said[stream], profile)):
        problems.append(
            f"inner and outer edge of the {foot} insole are exchanged: in its profile write 1 - ml for every position; "
            "where it is so on one foot only, give that foot a copy of the profile"
        )
    return problems
