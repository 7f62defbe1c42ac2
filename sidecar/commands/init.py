"""Write a commented sidecar.yaml: from answers on a terminal, from defaults elsewhere, or from a Compose file.

--from reads a docker-compose.yml (and what it extends), and never changes it. It takes over the services that are
traced, or can be, and says what is wrong with an agent that was set up by hand. The token of such an agent is not
taken over, and not shown.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sidecar.init.proposal import Proposal
    from sidecar.regions import Region

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
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _whole(highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= highest):
            raise argparse.ArgumentTypeError(f"give a whole number from 1 to {highest}")
        return int(text)

    return read


def run(args: argparse.Namespace) -> int:
    """Propose, then write, print or compare."""
    from sidecar.init import report, writing
    from sidecar.regions import find_region, gateway_of, load_regions

    writes = not (args.dry_run or args.diff)
    if writes and not args.force:
        writing.check_free(args.out)
        writing.check_schema_free(args.out)
    regions = load_regions(args.regions)
    if args.region:
        find_region(regions, args.region)
    proposal = _propose(args, regions)
    gateway_of(regions[proposal.region], proposal.network)  # says where the region has no such host
    changes = writing.diff(args.out, proposal.text) if args.diff else ""
    files = writing.files(args.out, proposal.text)
    if writes:
        writing.check_not_read(files, proposal.sources)
        writing.write(files)
    if args.output == "json":
        print(report.as_json(proposal, args.out, written=writes))
    elif writes:
        print(report.text(proposal, args.out, list(files)))
    else:
        print(report.findings_text(proposal), end="", file=sys.stderr)
        print(changes if args.diff else proposal.text, end="")
    return 1 if changes else 0


def _propose(args: argparse.Namespace, regions: Mapping[str, Region]) -> Proposal:
    from sidecar.existing.compose.load import load
    from sidecar.init import questions
    from sidecar.init.proposal import Wish, from_compose, plain

    sizes = {"spans_per_second": args.spans_per_second, "round_trip_ms": args.round_trip_ms}
    wish = Wish(
        args.region or "", args.network or "", {key: size for key, size in sizes.items() if size}
    )
    asks = (
        sys.stdin.isatty()
        and sys.stdout.isatty()
        and args.output == "text"
        and not (args.dry_run or args.diff)
    )
    if args.compose is None:
        return plain(questions.ask_all(wish, regions, args.out) if asks else wish, args.out)
    file = load(args.compose)
    proposal = from_compose(file, wish, regions, args.out)
    if proposal.region_is_known or not asks:
        return proposal
    return from_compose(
        file, replace(wish, region=questions.ask_region(regions)), regions, args.out
    )
