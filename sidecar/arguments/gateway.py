"""Run the stand-in for a region's gateway: it takes spans, by Jaeger's protocol and OTLP.

It checks their token. A page and an API show what arrived.
"""

from __future__ import annotations

import argparse
from pathlib import Path

EXAMPLES = """examples:
  sidecar gateway --token-file secrets/agent.yaml
  sidecar gateway --token-file secrets/agent.yaml --grpc 127.0.0.1:0 --http 127.0.0.1:0
  sidecar gateway --token-file secrets/agent.yaml --udp 127.0.0.1:6831
  sidecar gateway --token-file secrets/agent.yaml --grpc 0.0.0.0:1883    in a container
  sidecar gateway --probe --http 127.0.0.1:16686
  sidecar gateway --set-faults '{"fail_with": "UNAVAILABLE", "share": 0.7}'
  sidecar gateway --set-faults '{}'                                      end all faults

The first line of standard output shows the addresses with their real ports. The exit code is 0
after SIGTERM, 130 after Ctrl-C.
"""

_GRPC = "127.0.0.1:1883"
_HTTP = "127.0.0.1:16686"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    _add_addresses(parser)
    _add_tokens(parser)
    _add_faults(parser)
    _add_limits(parser)
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="FILE",
        help="write the addresses into this file, as JSON, as soon as all are open",
    )
    parser.add_argument(
        "--probe",
        action="store_true",
        help="only ask the stand-in at --http whether it is healthy; exit code 0 or 1",
    )
    parser.add_argument(
        "--output", choices=("text", "json"), default="text", help="form of the first line"
    )


def _add_addresses(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grpc",
        default=_GRPC,
        metavar="HOST:PORT",
        help="where agents and collectors report (default: %(default)s)",
    )
    parser.add_argument(
        "--http",
        default=_HTTP,
        metavar="HOST:PORT",
        help="API, page and OTLP over HTTP (default: %(default)s)",
    )
    parser.add_argument(
        "--otlp",
        metavar="HOST:PORT",
        help="a second port like --grpc; a region's gateway has 8090 for OTLP",
    )
    parser.add_argument(
        "--udp",
        metavar="HOST:PORT",
        help="also take jaeger-client's datagrams, for use without an agent",
    )


def _add_tokens(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        action="append",
        help="the agent's token file; no other token is accepted; may be repeated (rotation)",
    )
    parser.add_argument(
        "--agent-config",
        type=Path,
        metavar="FILE",
        help="token file of the --udp side (default: --token-file)",
    )
    parser.add_argument(
        "--on-bad-token",
        choices=("refuse", "drop"),
        default="refuse",
        help="refuse: answer UNAUTHENTICATED; drop: answer OK and keep nothing "
        "(default: %(default)s)",
    )


def _add_faults(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--latency", type=int, default=0, metavar="MS", help="delay the answer to each call"
    )
    parser.add_argument(
        "--fail-with",
        metavar="STATUS",
        help="answer each call with this gRPC status, e.g. UNAVAILABLE",
    )
    parser.add_argument(
        "--fail-calls", type=int, metavar="N", help="with --fail-with: only the first N calls"
    )
    parser.add_argument("--black-hole", action="store_true", help="never answer a call")
    parser.add_argument("--reset", action="store_true", help="reset the connection of each call")
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        metavar="S",
        help="the share of calls that fail, are reset or never answered, 0 to 1 (default: 1)",
    )
    parser.add_argument(
        "--set-faults",
        action="append",
        metavar="JSON",
        help="only replace the faults of the stand-in at --http, and print the active ones; "
        "{} ends all; may be repeated, for one after the other",
    )
    parser.add_argument(
        "--show-faults",
        action="store_true",
        help="only print the active faults of the stand-in at --http",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-spans",
        type=int,
        default=100_000,
        metavar="N",
        help="spans kept (default: %(default)s)",
    )
    parser.add_argument(
        "--max-mib",
        type=int,
        default=256,
        metavar="N",
        help="memory for traces, MiB (default: %(default)s)",
    )
