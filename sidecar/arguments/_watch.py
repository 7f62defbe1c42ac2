"""Flags of `sidecar verify` that look at a deployment without marked spans."""

from __future__ import annotations

TYPE_CHECKING = False  # as in cli.py
if TYPE_CHECKING:
    import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    group = parser.add_argument_group("without marked spans")
    group.add_argument(
        "--status",
        action="store_true",
        help="show each agent's state, counters, age and token's fingerprint, and end",
    )
