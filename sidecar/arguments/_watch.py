"""Flags of `sidecar verify` that look at a deployment without marked spans."""

from __future__ import annotations

import argparse
import re
from contextlib import suppress
from pathlib import Path

from sidecar.rules.watch import BUDGET

_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(s|m|h|)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    group = parser.add_argument_group("without marked spans")
    chosen = group.add_mutually_exclusive_group()
    chosen.add_argument(
        "--status",
        action="store_true",
        help="show each agent's state, counters, age and token's fingerprint, and exit",
    )
    chosen.add_argument(
        "--watch",
        action="store_true",
        help="read the agents' counters repeatedly, one line per change; stop when a loss exceeds "
        "the budget, and name the hop",
    )
    group.add_argument(
        "--every",
        type=_duration,
        default=60.0,
        metavar="TIME",
        help="from one reading to the next, such as 10s or 5m (default: 60s)",
    )
    group.add_argument(
        "--budget",
        type=_share,
        default=BUDGET,
        metavar="PERCENT",
        help="how much of an hour's packets or spans may be lost on a hop (default: "
        f"{BUDGET * 100:g}%%)",
    )
    group.add_argument(
        "--for",
        dest="period",
        type=_duration,
        metavar="TIME",
        help="stop the watch after this time (default: only at a loss)",
    )
    _add_kept(parser.add_argument_group("files for a pipeline and for support"))


def _add_kept(kept: argparse._ArgumentGroup) -> None:
    kept.add_argument(
        "--junit",
        type=Path,
        metavar="FILE",
        help="write the proof as JUnit XML, one test case per hop",
    )
    kept.add_argument(
        "--bundle",
        type=Path,
        metavar="FILE.tar.gz",
        help="write an archive for support: versions, proof, states, files, agents' logs; "
        "it holds no token",
    )


def _duration(text: str) -> float:
    if found := _DURATION.fullmatch(text):
        seconds = float(found[1]) * _SECONDS[found[2]]
        if 1 <= seconds <= 86400:
            return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is not a time (1s-24h)")


def _share(text: str) -> float:
    with suppress(ValueError):
        if (text.endswith("%") or text == "0") and 0 <= float(text.rstrip("%")) <= 100:
            return float(text.rstrip("%")) / 100
    raise argparse.ArgumentTypeError(f"{text!r} is not a share (0%-100%)")
