from __future__ import annotations

from typing import TYPE_CHECKING

import shtab

from sidecar.cli import build_parser

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace) -> int:
    """Print the script for the whole command line."""
    print(shtab.complete(build_parser(), shell=args.shell))
    return 0
