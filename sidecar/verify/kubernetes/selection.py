"""Which pods of a release verify looks at, and what is wrong where it finds none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.kubernetes.errors import ForbiddenError, NotFoundError
from sidecar.kubernetes.fixes import placed
from sidecar.kubernetes.pods import (
    AGENT,
    EVERY_POD,
    GATEWAY,
    INSTANCE,
    is_injected,
    pods_of,
)
from sidecar.verify.kubernetes.groups import job_of
from sidecar.verify.kubernetes.unfit import lacks_agent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Object, Pod
    from sidecar.verify.kubernetes.stated import Stated

_TEST = "delivery-test"


@dataclass(frozen=True)
class Selected:
    """The pods that are asked for, by what verify does with them."""

    traced: Sequence[Pod]
    """They have an agent, or should have one."""
    done: Sequence[Pod]
    """Of jobs: they have done their work."""
    failed: Sequence[Pod]
    """Of jobs."""


def select(pods: Iterable[Pod], selector: str) -> Selected:
    """Return which pods are asked for, of those that labels select."""
    meant = [pod for pod in pods if is_meant(pod.data, selector)]
    return Selected(
        traced=[pod for pod in meant if is_looked_at(pod)],
        done=[pod for pod in meant if _has_ended(pod, "Succeeded")],
        failed=[pod for pod in meant if _has_ended(pod, "Failed")],
    )


def is_traced(pod: Pod) -> bool:
    """Tell whether a pod has an agent, and is neither a test nor finished."""
    finished = pod.data["status"].get("phase") in ("Succeeded", "Failed")
    return pod.container(AGENT) is not None and pod.service != _TEST and not finished


def is_looked_at(pod: Pod) -> bool:
    """Tell whether a pod has an agent, or should have one."""
    return is_traced(pod) or _should_be(pod)


def is_meant(workload: Object, selector: str) -> bool:
    """Tell whether a pod, or the template of some, that labels select is also asked for."""
    return selector != EVERY_POD or is_injected(workload)


def subject_of(release: str, selector: str) -> str:
    """Return what is asked for, for messages."""
    if selector == EVERY_POD:
        return "sidecar inject"
    return f"selector {selector}" if selector else f"release {release}"


def is_gateway(pod: Pod) -> bool:
    """Tell whether a pod is the release's stand-in, and runs."""
    return pod.alive and pod.service == GATEWAY and pod.container(GATEWAY) is not None


def _has_ended(pod: Pod, phase: str) -> bool:
    """Tell whether a pod with an agent is that of a job, and has ended so."""
    ended: bool = pod.data["status"].get("phase") == phase
    return ended and bool(job_of(pod)) and pod.container(AGENT) is not None


def _should_be(pod: Pod) -> bool:
    """Tell whether a pod that runs or starts lacks its agent."""
    ended = "deletionTimestamp" in pod.data["metadata"]
    finished = pod.data["status"].get("phase") in ("Succeeded", "Failed")
    return lacks_agent(pod.data) and pod.service != _TEST and not ended and not finished


def not_found(kubectl: Kubectl, subject: str, stated: Stated) -> SidecarError:
    """Return why there is nothing to look at: what should run does not, or nothing should."""
    for lack in stated.lacks(lambda service, _: service):
        problem = replace(lack.problem, fix=placed(lack.problem.fix, kubectl))
        return SidecarError.from_problem(f"{subject}, {lack.service}", problem)
    return _absent(kubectl, subject)


def _absent(kubectl: Kubectl, subject: str) -> SidecarError:
    namespace = kubectl.namespace
    if namespace:
        try:
            kubectl.get("namespace", namespace)
        except NotFoundError:
            fix = placed("See `kubectl get namespaces`", kubectl)
            return SidecarError(f"namespace {namespace}", "does not exist", fix)
        except ForbiddenError:
            pass  # a user of one namespace may not ask; the empty list is all that is known
    releases = _releases(pods_of(kubectl.get("pods")))
    fix = placed("See `helm list --all-namespaces`", kubectl)
    if releases:
        fix = f"Releases with agents there: {', '.join(releases)}"
    where = f"namespace {namespace}" if namespace else "the context's namespace"
    return SidecarError(subject, f"has no traced pod in {where}", fix)


def _releases(pods: Iterable[Pod]) -> list[str]:
    found = set()
    for pod in pods:
        release = pod.data["metadata"].get("labels", {}).get(INSTANCE)
        if release and is_traced(pod):
            found.add(release)
    return sorted(found)
