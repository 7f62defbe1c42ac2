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
    """Verify, and print the report; return 1 if a hop fails."""
    report = verify(_deployment(args), args.spans, args.seconds)
    print(reports.as_json(report) if args.output == "json" else reports.as_text(report))
    return 0 if report.ok else 1


def _deployment(args: argparse.Namespace) -> Deployment:
    target = args.target or _default_target(args)
    if target == "kubernetes":
        return _release(args)
    if named := [name for name in _CLUSTER if getattr(args, name)]:
        flags = ", ".join("--" + name.replace("_", "-") for name in named)
        cause = f"{flags} needs --target kubernetes"
        raise UsageError("verify", cause, "See `sidecar verify --help`")
    if target == "process":
        return ProcessDeployment(args.out or processes.DEFAULT_FOLDER)
    folder = args.out or Path()
    if not (folder / "docker-compose.yml").is_file():
        fix = "Give --out FOLDER, or --target process"
        raise UsageError(str(folder), "holds no docker-compose.yml", fix)
    return deployment_of(folder)


def _default_target(args: argparse.Namespace) -> str:
    if args.release or args.selector:
        return "kubernetes"
    if args.out is None and processes.is_running():
        return "process"
    return "compose"


def _release(args: argparse.Namespace) -> Deployment:
    if bool(args.release) == bool(args.selector):
        cause = "--target kubernetes needs the release, or the labels of its pods"
        fix = "Give --release NAME (`helm list` shows it), or --selector LABELS"
        raise UsageError("verify", cause, fix)
    if args.out:
        fix = "A release has no folder: give --namespace and --release"
        raise UsageError("verify", "--out is for Compose only", fix)
    kubectl = Kubectl(args.namespace or "", args.context or "")
    chosen = {"selector": args.selector or "", "every_pod": args.every_pod}
    return ReleaseDeployment(kubectl, args.release or "", args.image or "", **chosen)
