"""The argument that chooses the form of a result."""

from __future__ import annotations

TYPE_CHECKING = False  # as in cli.py
if TYPE_CHECKING:
    import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add --output."""
    parser.add_argument(
        "--output", choices=("text", "json"), default="text", help="form of the result"
    )
