"""Run the stand-in for a region's gateway: it takes spans over gRPC, checks the token, and shows what arrived."""

from __future__ import annotations

import argparse
from pathlib import Path

EXAMPLES = """examples:
  sidecar gateway --token-file secrets/agent.yaml
  sidecar gateway --token-file secrets/agent.yaml --grpc 127.0.0.1:0 --http 127.0.0.1:0 --output json
  sidecar gateway --token-file secrets/agent.yaml --udp 127.0.0.1:6831
  sidecar gateway --token-file secrets/agent.yaml --grpc 0.0.0.0:1883 --http 0.0.0.0:16686   (in a container)
  sidecar gateway --probe --http 127.0.0.1:16686

The first line of standard output tells the addresses, with real ports. SIGTERM ends it with exit 0, Ctrl-C with 130.
"""

_GRPC = "127.0.0.1:1883"
_HTTP = "127.0.0.1:16686"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("--token-file", type=Path, metavar="FILE", action="append",
        help="the agent's token file; only its token is accepted. Given twice: both are, as in a rotation")  # fmt: skip
    add(
        "--grpc",
        default=_GRPC,
        metavar="HOST:PORT",
        help="where agents report (default: %(default)s)",
    )
    add("--http", default=_HTTP, metavar="HOST:PORT", help="API and page (default: %(default)s)")
    add(
        "--udp",
        metavar="HOST:PORT",
        help="also take jaeger-client's datagrams, where no agent runs",
    )
    add(
        "--agent-config",
        type=Path,
        metavar="FILE",
        help="token file of the --udp side (default: --token-file)",
    )
    add("--on-bad-token", choices=("refuse", "drop"), default="refuse",
        help="refuse answers UNAUTHENTICATED; drop answers OK and keeps nothing (default: %(default)s)")  # fmt: skip
    add("--latency", type=int, default=0, metavar="MS", help="answer each call this much later")
    add(
        "--fail-with",
        metavar="STATUS",
        help="answer each call with this gRPC status, e.g. UNAVAILABLE",
    )
    add("--fail-calls", type=int, metavar="N", help="with --fail-with: only the first N calls")
    add("--black-hole", action="store_true", help="never answer a call")
    add(
        "--max-spans",
        type=int,
        default=100_000,
        metavar="N",
        help="spans kept (default: %(default)s)",
    )
    add(
        "--max-mib",
        type=int,
        default=256,
        metavar="N",
        help="memory for traces, MiB (default: %(default)s)",
    )
    add(
        "--ready-file",
        type=Path,
        metavar="FILE",
        help="write the addresses here, as JSON, when all listen",
    )
    add(
        "--probe",
        action="store_true",
        help="only ask the gateway at --http for its health; exit 0 or 1",
    )
    add("--output", choices=("text", "json"), default="text", help="form of the first line")
