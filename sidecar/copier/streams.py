"""Passes connections on to another host: of services that send OTLP, which no agent takes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

_CHUNK = 65_536


async def pass_on(host: str, port: int, to: str, to_port: int | None = None) -> asyncio.Server:
    """Return a server whose connections go to the same port of another host, or to `to_port`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection(to, to_port or port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
        for each in (there[1], writer):
            each.close()

    return await asyncio.start_server(serve, host, port)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):  # the other way may go on
        writer.write_eof()
