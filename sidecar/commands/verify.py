from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.arguments import _preflight
from sidecar.arguments.verify import EVERY_SERVICE
from sidecar.commands import _read_back, _target, _watch
from sidecar.commands._kept import kept
from sidecar.demo.deployment import ProcessDeployment
from sidecar.errors import UsageError
from sidecar.kubernetes.fixes import placed
from sidecar.verify import report as reports
from sidecar.verify.asking import parsed
from sidecar.verify.compose import canary as of_compose
from sidecar.verify.compose.deployment import ComposeDeployment, deployment_of
from sidecar.verify.kubernetes import canary as of_release
from sidecar.verify.kubernetes.release import ReleaseDeployment
from sidecar.verify.run import verify

if TYPE_CHECKING:
    import argparse

    from sidecar.verify.asking import Ask
    from sidecar.verify.deployment import Deployment
    from sidecar.verify.hops import Proof


def run(args: argparse.Namespace) -> int:
    """Verify, and print the report; return 1 if a hop fails."""
    if args.pre:
        from sidecar.commands import _preflight as preflight  # noqa: PLC0415 - reads specs

        return preflight.run(args)
    _preflight.refuse_without_pre(args)
    if _watch.wanted(args):
        return _watch.run(args)
    close, asks = _read_back.closing(args), _asks(args)
    with kept(args) as keep:
        report = close(_proof(args, asks))
        print(reports.as_json(report) if args.output == "json" else reports.as_text(report))
        keep(report)
    return 0 if report.ok else 1


def _proof(args: argparse.Namespace, asks: list[Ask]) -> Proof:
    deployment = _deployment(args)
    path_only = EVERY_SERVICE in args.path_only or args.path_only
    proof = verify(deployment, args.spans, args.seconds, asks=asks, path_only=path_only)
    if isinstance(deployment, ComposeDeployment):
        return of_compose.compared(proof, deployment, args.seconds)
    if isinstance(deployment, ReleaseDeployment):
        proof = of_release.compared(proof, deployment, args.seconds)
    return proof.with_fixes(lambda fix: placed(fix, _target.kubectl_of(args)))


def _asks(args: argparse.Namespace) -> list[Ask]:
    if args.request and EVERY_SERVICE in args.path_only:
        cause = "--path-only leaves out what --request is for"
        raise UsageError("verify", cause, "Give one of them")
    try:
        return [parsed(text) for text in args.request]
    except ValueError as error:
        fix = "Give [SERVICE=]http://HOST[:PORT]/PATH"
        raise UsageError("--request", str(error), fix) from None


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
