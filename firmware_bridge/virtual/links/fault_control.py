"""A line protocol that lets another process make virtual insoles fail.

One command a line, `VERB SIDE`, such as `out left`, `back left` or `hang right`; the answer is `ok` or `error: …`.
`help` lists the verbs.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from firmware_bridge.model import Side

Faults = Mapping[str, Callable[[], Awaitable[None] | None]]
"""What can be done to one virtual insole, by verb."""


async def command(line: str, insoles: Mapping[Side, Faults]) -> str:
    """Carry out one line; return the answer."""
    verbs = sorted({verb for faults in insoles.values() for verb in faults})
    words = line.split()
    if words == ["help"]:
        return f"{' | '.join(verbs)}  {' | '.join(insoles)}"
    if len(words) != 2 or words[1] not in list(insoles) or words[0] not in verbs:
        return f"error: {line.strip()!r} is not one of {', '.join(verbs)} and a side ({', '.join(insoles)})"
    done = insoles[Side(words[1])][words[0]]()
    if inspect.isawaitable(done):
        await done
    return "ok"


@asynccontextmanager
async def controlled(port: int, insoles: Mapping[Side, Faults]) -> AsyncIterator[int]:
    """Serve the protocol on a TCP port of this machine, 0 for any that is free; yield the port."""
    writers: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while line := await reader.readline():
                answer = await command(line.decode("ascii", "replace"), insoles)
                writer.write(f"{answer}\n".encode())
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass  # the program ends: Python before 3.12 logs a cancelled connection as an error
        finally:
            writers.discard(writer)
            writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", port) as server:
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            for writer in writers:  # the server waits for them
                writer.close()
