"""Write a commented sidecar.yaml, from your answers, from defaults, or from a Compose file.

On a terminal, init asks; elsewhere it takes the defaults. With --from, the spec names your Compose
files and the services to trace, as `sidecar inject` finds them; `sidecar render` then writes an
overlay over the files, which stay as they are. What is wrong with an agent that was set up by hand
is reported; its token is not shown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from sidecar.arguments import _findings, _output, _spec

EXAMPLES = """examples:
  sidecar init                                      ask on a terminal; Enter takes the default
  sidecar init --region cn-shanghai --network vpc
  sidecar init --from docker-compose.yml --region cn-shanghai
  sidecar init --from docker-compose.yml --dry-run  print the spec; findings go to standard error
  sidecar init --from docker-compose.yml --diff     what a new spec would change; exit 1 if anything
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--from",
        dest="compose",
        type=Path,
        action="append",
        metavar="FILE",
        help="a Compose file; it is only read; may be repeated, as -f of Compose",
    )
    parser.add_argument(
        "--service",
        action="append",
        default=[],
        metavar="NAME",
        help="with --from: trace this service; may be repeated (default: those that show it)",
    )
    _add_answers(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("sidecar.yaml"),
        metavar="FILE",
        help="default: sidecar.yaml",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--dry-run", action="store_true", help="write nothing, print the spec")
    only.add_argument("--diff", action="store_true", help="write nothing, show what would change")
    _findings.add_ignore(parser)
    _output.add(parser)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--region",
        metavar="ID",
        help="region id (default: that of the found agent's gateway, else local)",
    )
    parser.add_argument("--network", choices=("public", "vpc"), help="which host of the region")
    _spec.add_regions(parser)
    parser.add_argument(
        "--spans-per-second",
        type=_whole_number(1_000_000),
        metavar="N",
        help="peak rate of one replica (default: 2000)",
    )
    parser.add_argument(
        "--round-trip-ms",
        type=_whole_number(60_000),
        metavar="N",
        help="duration of a call to the gateway (default: 200)",
    )


def _whole_number(highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= highest:
            return int(text)
        raise argparse.ArgumentTypeError(f"give a whole number from 1 to {highest}")

    return read
