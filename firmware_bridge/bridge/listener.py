"""Hearing insoles for a while without a log: to calibrate them, and to find out which is which."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import Frames, Packet, Side
from firmware_bridge.sources import link_of, open_source
from firmware_bridge.sources.stream.carrier import carry
from firmware_bridge.sources.stream.packet_stream import PacketStream

_FIRST_S = 15.0
"""How long an insole may take until its first sample: it has to be found and connected."""


class Listener:
    """What some insoles send while somebody is asked to do something."""

    def __init__(self, insoles: Sequence[Insole], clock: Clock) -> None:
        self._insoles, self._clock = insoles, clock
        self._heard: dict[Side, list[Frames]] = {insole.side: [] for insole in insoles}
        self._begun = {insole.side: asyncio.Event() for insole in insoles}
        self._keep = False

    async def begin(self) -> None:
        """Wait until every insole is heard.

        Raises:
            Unavailable: one is not.
        """
        for side, begun in self._begun.items():
            try:
                async with asyncio.timeout(_FIRST_S):
                    await begun.wait()
            except TimeoutError:
                advice = "is it switched on, and are its URL and profile right? `insole scan` lists what is there"
                raise Unavailable(f"the {side} insole sends nothing that its profile knows", advice) from None

    async def hear(self, seconds: float) -> dict[Side, Frames]:
        """Return what each insole sends within the next seconds.

        Raises:
            Unavailable: one of them fell silent.
        """
        for pieces in self._heard.values():
            pieces.clear()
        self._keep = True
        try:
            await self._clock.sleep(seconds)
        finally:
            self._keep = False
        silent = [side for side, pieces in self._heard.items() if not pieces]
        if silent:
            raise Unavailable(f"the {silent[0]} insole fell silent", "is it still switched on and near?")
        return {side: Frames.concatenate(pieces) for side, pieces in self._heard.items()}

    async def listen(self, insole: Insole) -> None:
        """Take what one insole sends until cancelled."""
        ear = _Ear(Decoder(insole, await asyncio.to_thread(link_of, insole.url)), self._hear)
        await carry(lambda: open_source(insole.url, insole, self._clock), ear)
        raise Unavailable(f"the {insole.side} insole sends nothing more")

    def _hear(self, frames: Frames) -> None:
        self._begun[frames.side].set()
        if self._keep:
            self._heard[frames.side].append(frames)


class _Ear:
    """Decodes what one insole sends; a lost link is the end."""

    def __init__(self, decoder: Decoder, heard: Callable[[Frames], None]) -> None:
        self._decoder, self._heard = decoder, heard

    def begin(self, packets: PacketStream) -> None:
        """Wait for the first packet."""

    async def take(self, packet: Packet) -> bool:
        frames = self._decoder.feed([packet])
        if frames is not None:
            self._heard(frames)
        return False

    def end(self) -> None:
        """Keep what was heard."""

    async def lost(self, error: Unavailable, lived_s: float) -> None:  # noqa: ARG002
        raise error


@asynccontextmanager
async def listening(insoles: Sequence[Insole], clock: Clock | None = None) -> AsyncIterator[Listener]:
    """Open insoles, one of a side, and yield what hears them once each has sent something.

    Raises:
        ConfigError: a URL or profile is wrong.
        Unavailable: an insole is not heard, or no longer.
        ExceptionGroup: of these, where a link fails while another is open.
    """
    listener = Listener(insoles, clock or SystemClock())
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listener.listen(insole)) for insole in insoles]
        await listener.begin()
        yield listener
        for task in tasks:
            task.cancel()
