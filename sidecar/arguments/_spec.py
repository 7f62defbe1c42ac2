"""The arguments of the commands that plan a deployment."""

from __future__ import annotations

import argparse
from pathlib import Path


def folder(text: str) -> Path:
    """Return an argument as a folder; argparse prints the error.

    An empty text comes from a variable that is not set.
    """
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a folder, or . for this one")
    return Path(text)


_ENVIRONMENT = """\
flags override these variables, and they override the files; an empty one counts as not set:
SIDECAR_REGION, SIDECAR_NAME, SIDECAR_NETWORK, SIDECAR_GATEWAY_PORT, SIDECAR_GATEWAY_TLS,
SIDECAR_GATEWAY_PROTOCOL, SIDECAR_GATEWAY_HOST, SIDECAR_AGENT_KIND, SIDECAR_AGENT_VERSION,
SIDECAR_IMAGES_PREFIX, SIDECAR_IMAGES_SOURCE, SIDECAR_CAPACITY_SPANS_PER_SECOND,
SIDECAR_CAPACITY_ROUND_TRIP_MS, SIDECAR_WATCH, SIDECAR_MONITORING, SIDECAR_REGIONS (as --regions)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --region, --network, --file and --regions."""
    parser.add_argument("--region", metavar="ID", help="region id, see `sidecar regions`")
    parser.add_argument(
        "--network", choices=("public", "vpc"), help="which host of the region (default: public)"
    )
    parser.add_argument(
        "--file",
        type=Path,
        action="append",
        metavar="FILE",
        help="the spec, e.g. sidecar.yaml; may be repeated, later files override earlier ones",
    )
    add_regions(parser)
    parser.add_argument_group("environment", _ENVIRONMENT)


def add_regions(parser: argparse._ActionsContainer) -> None:
    """Add --regions."""
    parser.add_argument(
        "--regions", type=Path, metavar="FILE", help="a file that adds or overrides regions"
    )
