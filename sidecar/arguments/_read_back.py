"""The arguments of `sidecar verify --read-back`."""

from __future__ import annotations

from pathlib import Path

from sidecar.arguments._preflight import wait_seconds

TYPE_CHECKING = False  # as in cli.py
if TYPE_CHECKING:
    import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    group = parser.add_argument_group(
        "read-back", "the last hop of a real region, by the vendor's API; see docs/read-back.md"
    )
    group.add_argument(
        "--read-back",
        metavar="REGION",
        help="read each service's marked trace back from this region; "
        "the key is in ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    )
    group.add_argument(
        "--read-back-key",
        type=Path,
        metavar="FILE",
        help="a file that sets the two variables instead",
    )
    group.add_argument(
        "--read-back-seconds",
        type=wait_seconds,
        default=60.0,
        metavar="S",
        help="how long the region may take to store a trace (default: 60)",
    )
    group.add_argument(
        "--read-back-endpoint",
        default="",
        metavar="HOST",
        help="the host of the API (default: xtrace.REGION.aliyuncs.com)",
    )
