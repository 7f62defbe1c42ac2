"""`python -m sidecar.forwarder`: runs until SIGTERM, and then ends what is under way."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import daemon
from sidecar.forwarder.counters import LOGGER
from sidecar.forwarder.gateways import GrpcGateway, HttpGateway
from sidecar.forwarder.server import Forwarding, Ports, serve
from sidecar.forwarder.stay import Stay
from sidecar.forwarder.token_file import TokenFile
from sidecar.rules.forwarders import GRPC_PORT, STATE_PORT

if TYPE_CHECKING:
    import asyncio

    from sidecar.forwarder.gateways import Gateway

_HTTP = ("http", "https")
_CALLS = 64


def main(arguments: list[str] | None = None) -> int:
    """Forward calls; 0 when a signal ends it."""
    args = parser().parse_args(arguments)
    return daemon.run(partial(_run, args))


async def _run(args: argparse.Namespace, stop: asyncio.Event) -> None:
    forwarding = Forwarding(_gateway(args), TokenFile(args.token_file), args.calls)
    staying = Stay(args.stay, args.successor)
    wanted = args.host, Ports(args.port, args.state_port)
    await serve(forwarding, wanted, lambda ports: _announce(args, ports), stop, staying)
    LOGGER.info("ended: %s", forwarding.counters.state())


def _announce(args: argparse.Namespace, ports: Ports) -> None:
    way = f"{args.protocol}://{args.gateway}"
    LOGGER.info("port %d forwards to %s; counters: port %d", ports.grpc, way, ports.state)


def _gateway(args: argparse.Namespace) -> Gateway:
    host, _, port = args.gateway.rpartition(":")
    if args.protocol in _HTTP:
        return HttpGateway(host, int(port), tls=args.protocol == "https")
    return GrpcGateway(args.gateway, tls=args.protocol == "grpcs")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the program's arguments."""
    made = argparse.ArgumentParser(prog="python -m sidecar.forwarder")
    made.add_argument("--gateway", required=True, metavar="HOST:PORT")
    made.add_argument("--protocol", choices=("grpc", "grpcs", *_HTTP), default="grpc")
    made.add_argument("--token-file", type=Path, required=True, metavar="FILE")
    made.add_argument("--host", default="0.0.0.0")  # noqa: S104 - inside its own network
    made.add_argument("--port", type=int, default=GRPC_PORT)
    made.add_argument("--state-port", type=int, default=STATE_PORT)
    made.add_argument("--calls", type=int, default=_CALLS, help="at a time")
    made.add_argument(
        "--stay", type=float, default=0.0, metavar="S", help="after SIGTERM, for collectors"
    )
    made.add_argument("--successor", default="", metavar="URL", help="state of what takes over")
    return made


if __name__ == "__main__":
    sys.exit(main())
