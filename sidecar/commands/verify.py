from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.arguments import _preflight
from sidecar.commands import _read_back, _target, _watch
from sidecar.commands._kept import kept
from sidecar.demo.deployment import ProcessDeployment
from sidecar.verify import report as reports
from sidecar.verify.compose import deployment_of
from sidecar.verify.kubernetes import ReleaseDeployment
from sidecar.verify.run import verify

if TYPE_CHECKING:
    import argparse

    from sidecar.verify.deployment import Deployment


def run(args: argparse.Namespace) -> int:
    """Verify, and print the report; return 1 if a hop fails."""
    if args.pre:
        from sidecar.commands import _preflight as preflight  # noqa: PLC0415 - reads specs

        return preflight.run(args)
    _preflight.refuse_without_pre(args)
    if _watch.wanted(args):
        return _watch.run(args)
    close = _read_back.closing(args)
    with kept(args) as keep:
        report = close(verify(_deployment(args), args.spans, args.seconds))
        print(reports.as_json(report) if args.output == "json" else reports.as_text(report))
        keep(report)
    return 0 if report.ok else 1


def _deployment(args: argparse.Namespace) -> Deployment:
    target = _target.target_of(args)
    if target == "kubernetes":
        return _release(args)
    if target == "process":
        return ProcessDeployment(_target.process_folder(args))
    return deployment_of(_target.compose_folder(args))


def _release(args: argparse.Namespace) -> Deployment:
    chosen = {"selector": args.selector or "", "every_pod": args.every_pod}
    kubectl = _target.kubectl_of(args)
    return ReleaseDeployment(kubectl, args.release or "", args.image or "", **chosen)
