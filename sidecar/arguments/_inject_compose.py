"""The arguments of `sidecar inject` for Compose files only."""

from __future__ import annotations

import argparse

NAMES = ("profile", "activate", "as_override", "remove")
"""The arguments that mean nothing for manifests."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group("compose")
    group.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help="trace services of this profile, too; may be repeated",
    )
    group.add_argument(
        "--activate",
        action="store_true",
        help="list the overlay in COMPOSE_FILE of the project's .env: `docker compose up` uses it",
    )
    group.add_argument(
        "--as-override",
        action="store_true",
        help="write docker-compose.override.yml, which Compose reads by itself",
    )
    group.add_argument(
        "--remove", action="store_true", help="remove the overlay, and take it out of .env"
    )
