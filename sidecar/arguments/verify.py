"""Prove, hop by hop, that spans arrive.

Send marked spans from each service's network, and count them at the client, at the agent, in the
kernel below the agent, and at the gateway. The first hop that fails is reported with its cause.
"""

from __future__ import annotations

import argparse
from contextlib import suppress

from sidecar.arguments import _kubernetes, _output, _preflight, _read_back, _spec, _watch

EVERY_SERVICE = "*"
"""What --path-only without a name means."""

EXAMPLES = """examples:
  sidecar verify                                       the docker-compose.yml of this folder
  sidecar verify --out build/cn-shanghai
  sidecar verify --request http://localhost:8080/      sends a request, so that the service reports
  sidecar verify --path-only migrate                   a job that has ended proves nothing itself
  sidecar verify --output json | jq '.hops[] | select(.ok == false)'
  sidecar verify --target kubernetes --namespace shop --release demo
  sidecar verify --injected --namespace shop           pods that `sidecar inject` changed
  sidecar verify --status                              agents' states and counters, no span is sent
  sidecar verify --watch --every 10s --budget 0        until a span is lost
  sidecar verify --junit proof.xml --bundle help.tar.gz
  sidecar verify --target process                      a `sidecar demo` without containers
  sidecar verify --pre --region cn-shanghai            before anything runs
  sidecar verify --read-back cn-shanghai               the last hop too, by the vendor's API
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--target",
        choices=("compose", "process", "kubernetes"),
        help="default: kubernetes with --release, --selector or --injected, process if a demo "
        "of processes runs here, else compose",
    )
    parser.add_argument(
        "--out",
        type=_spec.folder,
        metavar="FOLDER",
        help="the rendered folder (default: the current one)",
    )
    parser.add_argument(
        "--spans",
        type=_count,
        default=200,
        metavar="N",
        help="marked spans per service (default: 200)",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=15.0,
        metavar="S",
        help="how long to wait for them (default: 15)",
    )
    _add_service(parser)
    _add_kubernetes(parser)
    _watch.add(parser)
    _preflight.add_preflight(parser)
    _read_back.add(parser)
    _output.add(parser)


def _add_service(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the services' own spans")
    group.add_argument(
        "--request",
        action="append",
        default=[],
        metavar="[SERVICE=]URL",
        help="send GET requests from the service's network, where localhost is the service; may "
        "be repeated",
    )
    group.add_argument(
        "--path-only",
        nargs="?",
        action="append",
        const=EVERY_SERVICE,
        default=[],
        metavar="SERVICE",
        help="do not prove that the services themselves report, or that this one does; may be "
        "repeated",
    )


def _add_kubernetes(parser: argparse.ArgumentParser) -> None:
    group = _kubernetes.add_release(parser)
    group.add_argument(
        "--selector",
        metavar="LABELS",
        help="instead of --release: the labels of the pods of another chart",
    )
    group.add_argument(
        "--injected",
        dest="selector",
        action="store_const",
        const="!sidecar-kit/no-pod",  # kubernetes.pods.EVERY_POD
        help="instead of --release: pods to which `sidecar inject` added an agent",
    )
    group.add_argument(
        "--every-pod", action="store_true", help="check each pod (default: one per service)"
    )


def _count(text: str) -> int:
    if text.isdecimal() and 0 < int(text[:9]) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a count (1-100000)")


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 <= float(text) <= 600:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a time (0-600 s)")
