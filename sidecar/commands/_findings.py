"""Reads the ids that --ignore names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.errors import UsageError
from sidecar.rules import catalogue

if TYPE_CHECKING:
    import argparse


def ignored_ids(args: argparse.Namespace) -> list[str]:
    """Return the ids of --ignore. Raises UsageError for the first that cannot be ignored."""
    for problem in catalogue.not_ignorable(args.ignore):
        raise UsageError("--ignore", problem.cause, problem.fix, id=problem.rule.id)
    return list(args.ignore)
