"""`sidecar verify --read-back`: adds the last hop to a proof, if the arguments ask for it."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

from sidecar.console import findings_text, say
from sidecar.errors import UsageError
from sidecar.regions import LOCAL, find_region, load_regions
from sidecar.rules import read_back as rules

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from sidecar.verify.hops import Proof

    Close = Callable[[Proof], Proof]


def closing(args: argparse.Namespace) -> Close:
    """Return what closes a proof: the vendor's API where it is asked for, else nothing.

    The access key leaves the environment before any program is started. Raises SidecarError where
    there is no key or library.
    """
    if not args.read_back:
        if args.read_back_key or args.read_back_endpoint:
            cause = "--read-back-key and --read-back-endpoint need --read-back REGION"
            raise UsageError("verify", cause, "See `sidecar verify --help`")
        return lambda proof: proof
    # a proof without it must not wait for the vendor's library
    from sidecar.read_back.api import TraceApi  # noqa: PLC0415
    from sidecar.read_back.key import take_key  # noqa: PLC0415
    from sidecar.read_back.proof import closed  # noqa: PLC0415

    if not args.read_back_endpoint:
        _check_region(args.read_back)
    key = take_key(args.read_back_key)
    _warn(args.read_back_key)
    api = TraceApi(args.read_back, key, args.read_back_endpoint)
    return lambda proof: closed(proof, api, say, args.read_back_seconds)


def _warn(file: Path | None) -> None:
    """Warn of a key file that others can read."""
    problem = rules.key_file(stat.S_IMODE(file.stat().st_mode)) if file else None
    if problem:
        warning = problem.at("access key", str(file))
        print(findings_text([warning], stream=sys.stderr), file=sys.stderr)


def _check_region(region: str) -> None:
    """Raise SidecarError for a region whose API the kit cannot name."""
    known = load_regions()
    find_region(known, region)
    if region == LOCAL:
        fix = "The stand-in shows its counts: leave --read-back out"
        raise UsageError("--read-back", "the region local has no such API", fix)
