"""Prove, hop by hop, that spans arrive.

Marked spans from each service's own place are counted at the client, at the agent and in the kernel below it, and
at the gateway. The first hop that fails is named with its cause.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import _spec
from sidecar.errors import UsageError

if TYPE_CHECKING:
    from sidecar.verify.deployment import Deployment

_CLUSTER = ("release", "selector", "namespace", "context", "every_pod", "image")

EXAMPLES = """examples:
  sidecar verify                                       the docker-compose.yml of this folder
  sidecar verify --out build/cn-shanghai
  sidecar verify --output json | jq '.hops[] | select(.ok == false)'
  sidecar verify --target kubernetes --namespace shop --release demo
  sidecar verify --target process                      what `sidecar demo` started without containers
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--target",
        choices=("compose", "process", "kubernetes"),
        help="default: kubernetes with --release or --selector, else compose, unless a demo of processes runs here",
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
        help="marked spans a service (default: 200)",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=15.0,
        metavar="S",
        help="wait for them so long (default: 15)",
    )
    cluster = parser.add_argument_group("kubernetes")
    cluster.add_argument("--release", metavar="NAME", help="the Helm release")
    cluster.add_argument(
        "--selector", metavar="LABELS", help="in place of --release: the pods of a foreign chart"
    )
    cluster.add_argument(
        "-n", "--namespace", metavar="NAME", help="where it is (default: the context's own)"
    )
    cluster.add_argument(
        "--context", metavar="NAME", help="of your kubeconfig (default: the current one)"
    )
    cluster.add_argument(
        "--every-pod", action="store_true", help="look into each pod (default: one a service)"
    )
    cluster.add_argument(
        "--image", help="the kit's gateway image, to look with (default: the release's)"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(args: argparse.Namespace) -> int:
    """Verify and print the report; 1 where a hop fails."""
    from sidecar.verify import report as reports
    from sidecar.verify.run import verify

    report = verify(_place(args), args.spans, args.seconds)
    print(reports.as_json(report) if args.output == "json" else reports.as_text(report))
    return 0 if report.ok else 1


def _place(args: argparse.Namespace) -> Deployment:
    if args.target == "kubernetes" or (args.target is None and (args.release or args.selector)):
        return _cluster(args)
    if named := [name for name in _CLUSTER if getattr(args, name)]:
        flags = ", ".join("--" + name.replace("_", "-") for name in named)
        raise UsageError(
            "verify", f"{flags} belongs to --target kubernetes", "See `sidecar verify --help`"
        )
    from sidecar.demo import processes

    if args.target == "process" or (
        args.target is None and args.out is None and processes.is_running()
    ):
        from sidecar.demo.deployment import ProcessDeployment

        return ProcessDeployment(args.out or processes.DEFAULT_FOLDER)
    from sidecar.verify.compose import deployment_of

    folder = args.out or Path()
    if not (folder / "docker-compose.yml").is_file():
        raise UsageError(
            str(folder), "holds no docker-compose.yml", "Give --out FOLDER, or --target process"
        )
    return deployment_of(folder)


def _cluster(args: argparse.Namespace) -> Deployment:
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.verify.kubernetes import ReleaseDeployment

    if bool(args.release) == bool(args.selector):
        fix = "Give --release NAME (helm list), or --selector LABELS"
        raise UsageError(
            "verify", "--target kubernetes needs the release, or the labels of its pods", fix
        )
    if args.out:
        raise UsageError(
            "verify", "--out belongs to Compose", "A release has no folder: --namespace, --release"
        )
    kubectl = Kubectl(args.namespace or "", args.context or "")
    chosen = {"selector": args.selector or "", "every_pod": args.every_pod}
    return ReleaseDeployment(kubectl, args.release or "", args.image or "", **chosen)


def _count(text: str) -> int:
    if text.isdecimal() and 0 < int(text[:9]) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a count (1-100000)")


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 <= float(text) <= 600:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a time (0-600 s)")
