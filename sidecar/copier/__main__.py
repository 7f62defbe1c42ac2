"""`python -m sidecar.copier`: runs until SIGTERM, and then sends on what has come."""

from __future__ import annotations

import argparse
import logging
import sys
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from sidecar import daemon
from sidecar.copier.packets import Copier, Place, listener
from sidecar.copier.streams import pass_on
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.canaries import STATE_PORT

if TYPE_CHECKING:
    import asyncio

LOGGER = logging.getLogger("sidecar.copier")


def main(arguments: list[str] | None = None) -> int:
    """Copy packets; 0 when a signal ends it."""
    args = parser().parse_args(arguments)
    return daemon.run(partial(_run, args))


async def _run(args: argparse.Namespace, stop: asyncio.Event) -> None:
    socket = listener(args.host, args.port)
    copier = Copier(socket, [Place(*each) for each in args.to])
    await copier.start()
    streams = [await pass_on(args.host, port, host) for host, port in args.stream]
    runner = await _show(copier, args)
    names = ", ".join(host for host, _ in args.to)
    LOGGER.info("port %d goes to %s", socket.getsockname()[1], names)
    await stop.wait()
    copier.stop()
    for stream in streams:
        stream.close()
    await runner.cleanup()
    LOGGER.info("ended: %s", copier.state())


async def _show(copier: Copier, args: argparse.Namespace) -> web.AppRunner:
    """Show the counts on a port of its own."""

    async def state(_: web.Request) -> web.Response:
        return web.json_response(copier.state())

    app = web.Application()
    app.add_routes([web.get("/", state), web.get("/healthz", state)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    host = args.host if args.state_host is None else args.state_host
    await web.TCPSite(runner, host or None, args.state_port).start()
    return runner


def parser() -> argparse.ArgumentParser:
    """Return the parser of the program's arguments."""
    made = argparse.ArgumentParser(prog="python -m sidecar.copier")
    made.add_argument("--to", action="append", type=_address, required=True, metavar="HOST:PORT")
    made.add_argument(
        "--stream",
        action="append",
        type=_address,
        default=[],
        metavar="HOST:PORT",
        help="pass connections to this port on to the same port of a host",
    )
    made.add_argument("--host", default="0.0.0.0")  # noqa: S104 - inside its own network
    made.add_argument("--state-host", help="default: as --host; empty: every address")
    made.add_argument("--port", type=int, default=COMPACT_PORT)
    made.add_argument("--state-port", type=int, default=STATE_PORT)
    return made


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    sys.exit(main())
