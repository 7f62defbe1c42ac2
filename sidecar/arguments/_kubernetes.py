"""The arguments that name a Helm release in a cluster."""

from __future__ import annotations

TYPE_CHECKING = False  # as in cli.py
if TYPE_CHECKING:
    import argparse


def add_release(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the group of these arguments, and return it."""
    group = parser.add_argument_group("kubernetes")
    group.add_argument("--release", metavar="NAME", help="the Helm release")
    group.add_argument(
        "-n", "--namespace", metavar="NAME", help="default: the namespace of the context"
    )
    group.add_argument(
        "--context", metavar="NAME", help="of your kubeconfig (default: the current one)"
    )
    group.add_argument(
        "--image", help="the gateway image for containers in the pods (default: the release's)"
    )
    return group
