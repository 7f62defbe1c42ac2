"""What the programs that run inside a pod take: whom to report as, and where the agent is."""

from __future__ import annotations

import argparse

from sidecar.verify.reader import ADMIN

AGENT = "127.0.0.1:6831"


def parser_of(program: str, seconds: float) -> argparse.ArgumentParser:
    """Return the parser of the arguments that they share; `seconds` is the default of how long one waits."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    parser.add_argument("--service", required=True, help="name to report as")
    parser.add_argument("--agent", default=AGENT, metavar="HOST:PORT", help="default: %(default)s")
    parser.add_argument(
        "--admin", default=ADMIN, type=bracketed, metavar="URL", help="default: %(default)s"
    )
    parser.add_argument("--spans", type=int, default=200, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=seconds, metavar="S", help="default: %(default)s"
    )
    return parser


def bracketed(url: str) -> str:
    """Return an http URL whose IPv6 host has brackets: a pod's address comes without them."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else url
