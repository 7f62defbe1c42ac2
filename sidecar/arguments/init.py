"""Write a commented sidecar.yaml: from answers on a terminal, from defaults elsewhere, or from a Compose file.

--from reads a docker-compose.yml (and what it extends), and never changes it. It takes over the services that are
traced, or can be, and says what is wrong with an agent that was set up by hand. The token of such an agent is not
taken over, and not shown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from sidecar.arguments import _findings

EXAMPLES = """examples:
  sidecar init                                         asks on a terminal; Enter takes the default
  sidecar init --region cn-shanghai --network vpc
  sidecar init --from docker-compose.yml --region cn-shanghai
  sidecar init --from docker-compose.yml --dry-run     prints the spec; findings go to standard error
  sidecar init --from docker-compose.yml --diff        what a new one would change; exit 1 if anything
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--from", dest="compose", type=Path, metavar="FILE", help="a Compose file; it is only read"
    )
    parser.add_argument(
        "--region",
        metavar="ID",
        help="region id (default: the found agent's gateway's, else local)",
    )
    parser.add_argument("--network", choices=("public", "vpc"), help="which host of the region")
    parser.add_argument(
        "--regions", type=Path, metavar="FILE", help="a file that adds or overrides regions"
    )
    parser.add_argument(
        "--spans-per-second",
        type=_whole(1_000_000),
        metavar="N",
        help="peak rate of one replica (default: 2000)",
    )
    parser.add_argument(
        "--round-trip-ms",
        type=_whole(60_000),
        metavar="N",
        help="time of a call to the gateway (default: 200)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("sidecar.yaml"),
        metavar="FILE",
        help="default: sidecar.yaml",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--dry-run", action="store_true", help="write nothing, print the spec")
    only.add_argument("--diff", action="store_true", help="write nothing, show what would change")
    _findings.add_ignore(parser)
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _whole(highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= highest):
            raise argparse.ArgumentTypeError(f"give a whole number from 1 to {highest}")
        return int(text)

    return read
