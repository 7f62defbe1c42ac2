"""`sidecar token` on a Secret of a cluster."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar.commands import _token_source
from sidecar.errors import SidecarError, UsageError
from sidecar.image_names import AGENT_VERSION

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.tokens.check import Checked

_PROOF_SPANS = 20


def set_(args: argparse.Namespace) -> int:
    """Print the Secret's manifest, or apply it."""
    from sidecar import agent
    from sidecar.tokens import check, cluster

    name = cluster.checked_name(args.kubernetes_secret)
    if not args.apply and sys.stdout.isatty():
        fix = "Redirect it, pipe it into kubectl apply -f -, or give --apply"
        raise UsageError("token", "the manifest would show it on this terminal", fix)
    token = _token_source.new(args)
    config = agent.config_text(token, agent.tags_key(args.agent_version or AGENT_VERSION))
    if not args.apply:
        print(cluster.manifest(cluster.secret(name, args.namespace or "", config)), end="")
        return 0
    kubectl = _kubectl(args)
    cluster.apply(kubectl, name, config)
    print(f"secret {name}{_where(kubectl)}: applied, fingerprint {check.fingerprint(token)}")
    if mounting := _users(kubectl, name):
        print(
            f"running pods keep the old token until they are replaced: kubectl rollout restart {' '.join(mounting)}"
        )
    return 0


def checked(args: argparse.Namespace) -> tuple[Checked, str]:
    """Return what can be told of the Secret's token, and the Secret's name."""
    from sidecar import agent
    from sidecar.tokens import check, cluster

    name = cluster.checked_name(args.kubernetes_secret)
    kubectl = _kubectl(args)
    text = cluster.fetch(kubectl, name)
    if text is None:
        fix = f"sidecar token set --kubernetes-secret {name} --apply"
        raise SidecarError(f"secret {name}{_where(kubectl)}", "is not there", fix)
    place = f"secret {name}{_where(kubectl)}"
    return check.check_agent_text(
        text, agent.tags_key(args.agent_version or AGENT_VERSION), place
    ), place


def rotate(args: argparse.Namespace) -> int:
    """Apply the Secret, roll the pods that mount it, and prove their releases; put the old one back if that fails."""
    from sidecar import agent
    from sidecar.tokens import check, cluster

    name = cluster.checked_name(args.kubernetes_secret)
    kubectl = _kubectl(args)
    new = _token_source.new(args)
    before = cluster.fetch(kubectl, name)
    found = check.check_agent_text(before, "", "").key if before else None
    key = (
        agent.tags_key(args.agent_version)
        if args.agent_version
        else found or agent.tags_key(AGENT_VERSION)
    )
    mounting = cluster.users(kubectl, name)
    mark = f"fingerprint {check.fingerprint(new)}"
    if args.dry_run:
        print(f"secret {name}{_where(kubectl)}: would be applied, {mark}")
        print(f"would be rolled: {', '.join(mounting) or 'nothing, no workload mounts it'}")
        return 0
    _roll(kubectl, name, (before, agent.config_text(new, key)), mounting, prove=not args.no_verify)
    print(
        f"secret {name}{_where(kubectl)}: applied, {mark}. Rolled: {', '.join(mounting) or 'nothing mounts it'}"
    )
    return 0


def _roll(
    kubectl: Kubectl,
    name: str,
    configs: tuple[str | None, str],
    mounting: dict[str, str],
    *,
    prove: bool,
) -> None:
    """Change the Secret from the old config to the new one, and roll and prove its pods; or put the old one back."""
    from sidecar.tokens import cluster

    before, new = configs
    applied = False
    try:
        cluster.apply(kubectl, name, new)
        applied = True
        cluster.restart(kubectl, mounting, _token_source.say)
        if prove:
            _prove(kubectl, sorted(set(filter(None, mounting.values()))))
    except SidecarError as error:
        if not applied:
            raise
        said = _put_back(kubectl, name, before, mounting)
        raise SidecarError(
            error.subject, error.cause, ". ".join(part for part in (error.fix, said) if part)
        ) from None
    except BaseException:
        _token_source.say(_put_back(kubectl, name, before, mounting))
        raise


def _prove(kubectl: Kubectl, releases: list[str]) -> None:
    from sidecar.verify.kubernetes import ReleaseDeployment
    from sidecar.verify.run import verify

    for release in releases:
        failure = verify(ReleaseDeployment(kubectl, release), _PROOF_SPANS).first_failure
        if failure:
            cause = f"is not proven: {failure.service}, {failure.hop}: {failure.cause}"
            raise SidecarError("token", cause, failure.fix)
        _token_source.say(
            f"release {release}: proven, {_PROOF_SPANS} spans through each service's agent"
        )


def _put_back(kubectl: Kubectl, name: str, before: str | None, mounting: Iterable[str]) -> str:
    """Put the old token back, roll the pods again without waiting, and return what is to be said of it."""
    from sidecar.tokens import cluster

    if before is None:
        return "There was no token before: the new one stays"
    try:
        cluster.apply(kubectl, name, before)
        for workload in mounting:
            kubectl.run("rollout", "restart", workload)
    except SidecarError as second:
        return f"The old token could not be put back: {second.cause}"
    return "The old token is back, and the pods roll to it"


def _users(kubectl: Kubectl, name: str) -> list[str]:
    """Return the workloads that mount the Secret; none where this user may not look."""
    from sidecar.tokens import cluster

    with suppress(SidecarError):
        return list(cluster.users(kubectl, name))
    return []


def _where(kubectl: Kubectl) -> str:
    return f" in namespace {kubectl.namespace}" if kubectl.namespace else ""


def _kubectl(args: argparse.Namespace) -> Kubectl:
    from sidecar.kubernetes.kubectl import Kubectl

    return Kubectl(args.namespace or "", args.context or "")
