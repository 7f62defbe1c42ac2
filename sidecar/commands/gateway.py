from __future__ import annotations

import asyncio
import json
import logging
import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.errors import SidecarError, UsageError
from sidecar.rules.parts import words_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from sidecar.stand_in.faults import Faults
    from sidecar.stand_in.server import Addresses, Settings
    from sidecar.stand_in.sockets import Address


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM (0) or SIGINT (130). Raises SidecarError, UsageError."""
    if args.probe:
        return _probe(args.http)
    if args.set_faults or args.show_faults:
        return _faults_of_running(args.http, args.set_faults or ())
    _require_extra()
    settings = _settings(args)
    logging.basicConfig(format="%(asctime)s gateway %(message)s", level=logging.WARNING)
    return asyncio.run(_serve(settings, args))


def _require_extra() -> None:
    missing = [name for name in ("grpc", "aiohttp") if find_spec(name) is None]
    if missing:
        raise SidecarError(
            "gateway", f"needs {', '.join(missing)}", "pip install 'sidecar-kit[gateway]'"
        )


def _settings(args: argparse.Namespace) -> Settings:
    from sidecar.stand_in.keep.credentials import read_token
    from sidecar.stand_in.keep.intake import BadToken
    from sidecar.stand_in.server import Settings
    from sidecar.stand_in.sockets import Address

    if args.token_file is None:
        raise UsageError("gateway", "--token-file is missing", "See `sidecar gateway --help`")
    try:
        return Settings(
            token=read_token(*args.token_file),
            grpc=Address.parse(args.grpc),
            http=Address.parse(args.http),
            otlp=Address.parse(args.otlp) if args.otlp else None,
            udp=Address.parse(args.udp) if args.udp else None,
            agent_token=read_token(args.agent_config) if args.agent_config else None,
            on_bad_token=BadToken(args.on_bad_token),
            faults=_faults(args),
            max_spans=_positive("--max-spans", args.max_spans),
            max_bytes=_positive("--max-mib", args.max_mib) * 1024 * 1024,
        )
    except ValueError as error:
        raise UsageError("gateway", str(error), "See `sidecar gateway --help`") from error


def _faults(args: argparse.Namespace) -> Faults:
    from sidecar.stand_in.faults import Faults

    return Faults(
        latency_ms=args.latency,
        fail_with=args.fail_with,
        fail_calls=args.fail_calls,
        black_hole=args.black_hole,
        share=args.share,
        reset=args.reset,
    )


def _positive(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name} is less than 1")
    return value


async def _serve(settings: Settings, args: argparse.Namespace) -> int:
    from sidecar.stand_in.server import StandIn, serve

    loop, stop, codes = asyncio.get_running_loop(), asyncio.Event(), [0]

    def on_signal(code: int) -> None:
        codes.append(code)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, on_signal, 0)
    loop.add_signal_handler(signal.SIGINT, on_signal, 130)
    await serve(StandIn(settings), lambda addresses: _announce(addresses, args), stop)
    return codes[-1]


def _announce(addresses: Addresses, args: argparse.Namespace) -> None:
    known = addresses.as_dict()
    text = ", ".join(f"{side} {address}" for side, address in known.items() if address)
    print(json.dumps(known) if args.output == "json" else f"gateway: {text}", flush=True)
    if args.ready_file:
        with files.writing(args.ready_file, "Name a writable path"):
            files.write(args.ready_file, (json.dumps(known) + "\n").encode())


def _probe(http: str) -> int:
    from sidecar.stand_in.client import fetch

    try:
        fetch(_local(http), "/healthz")
    except OSError as error:
        raise _no_answer(http, error) from error
    return 0


def _faults_of_running(http: str, changes: Sequence[str]) -> int:
    from sidecar.stand_in.client import RefusedError, active_faults, set_faults

    address = _local(http)
    try:
        for change in changes:
            set_faults(address, change)
        print(json.dumps(active_faults(address)))
    except RefusedError as error:
        raise UsageError("--set-faults", str(error), "See `sidecar gateway --help`") from error
    except OSError as error:
        raise _no_answer(http, error) from error
    return 0


def _no_answer(http: str, error: OSError) -> SidecarError:
    cause = f"the stand-in does not answer: {words_of(error)}"
    return SidecarError(http, cause, "Start it, or name the address of its page with --http")


def _local(http: str) -> Address:
    """Return the address at which this machine reaches a listener at HOST:PORT."""
    from sidecar.stand_in.sockets import Address

    try:
        address = Address.parse(http)
    except ValueError as error:
        raise UsageError("gateway", str(error), "See `sidecar gateway --help`") from error
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
    return Address(loopback.get(address.host, address.host), address.port)
