from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.demo import processes
from sidecar.demo.deployment import ProcessDeployment
from sidecar.errors import UsageError
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.verify import report as reports
from sidecar.verify.compose import deployment_of
from sidecar.verify.kubernetes import ReleaseDeployment
from sidecar.verify.run import verify

if TYPE_CHECKING:
    import argparse

    from sidecar.verify.deployment import Deployment

_CLUSTER = ("release", "selector", "namespace", "context", "every_pod", "image")


def run(args: argparse.Namespace) -> int:
    """Verify and print the report; 1 where a hop fails."""
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
    if args.target == "process" or (
        args.target is None and args.out is None and processes.is_running()
    ):
        return ProcessDeployment(args.out or processes.DEFAULT_FOLDER)
    folder = args.out or Path()
    if not (folder / "docker-compose.yml").is_file():
        raise UsageError(
            str(folder), "holds no docker-compose.yml", "Give --out FOLDER, or --target process"
        )
    return deployment_of(folder)


def _cluster(args: argparse.Namespace) -> Deployment:
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
