"""The argument of the commands that report findings."""

from __future__ import annotations

import argparse


def add_ignore(parser: argparse.ArgumentParser) -> None:
    """Add --ignore."""
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="ID",
        help="ignore the warnings with this id, see docs/checks.md; may be repeated",
    )
