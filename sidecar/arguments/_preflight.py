"""The arguments of `sidecar verify --pre`."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from sidecar.arguments import _spec
from sidecar.errors import UsageError

NAMES = ("region", "network", "file", "regions", "only", "wait")
"""The arguments that mean nothing without --pre."""
_OF_SPEC = ("region", "network", "file", "regions")
"""Those that name a plan, which a bundle holds, too."""
_OTHERS = ("status", "watch", "junit", "bundle", "read_back")


def add_preflight(parser: argparse.ArgumentParser) -> None:
    """Add --pre, and what belongs to it."""
    group = parser.add_argument_group("preflight")
    group.add_argument(
        "--pre",
        action="store_true",
        help="before anything runs, check what would keep it from working; send no spans",
    )
    group.add_argument("--region", metavar="ID", help="of a deployment that is not rendered yet")
    group.add_argument("--network", choices=("public", "vpc"), help="which host of the region")
    group.add_argument(
        "--file",
        type=Path,
        action="append",
        metavar="FILE",
        help="the spec; may be repeated; its plan goes into --bundle, too",
    )
    _spec.add_regions(group)
    group.add_argument(
        "--only",
        action="append",
        metavar="ID",
        help="run this check or category only, see docs/preflight.md; may be repeated",
    )
    group.add_argument(
        "--wait",
        type=wait_seconds,
        nargs="?",
        const=60.0,
        metavar="S",
        help="repeat what fails until it passes, or until S seconds have passed (default: 60)",
    )


def refuse_others(args: argparse.Namespace) -> None:
    """Raise UsageError for an argument that means nothing with --pre."""
    if named := [name for name in _OTHERS if getattr(args, name, None)]:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in named)
        cause = f"--pre sends no spans: {flags} needs a proof"
        raise UsageError("verify", cause, "See `sidecar verify --help`")


def refuse_without_pre(args: argparse.Namespace) -> None:
    """Raise UsageError for an argument that means nothing without --pre."""
    kept = _OF_SPEC if args.bundle else ()
    named = [name for name in NAMES if name not in kept and getattr(args, name) is not None]
    if named:
        flags = ", ".join(f"--{name}" for name in named)
        raise UsageError("verify", f"{flags} needs --pre", "See `sidecar verify --help`")


def wait_seconds(text: str) -> float:
    """Return an argument as a time; argparse prints the error."""
    with suppress(ValueError):
        if 0 < float(text) <= 3600:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a time (up to 3600 s)")
