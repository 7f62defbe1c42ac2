"""What a cluster said of containers that did not start, or were not ready, for each rule."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import parts, starts
from sidecar.rules.parts import PodState


def pod(**fields: str) -> Example:
    """Return the example of a container in a pod that does not run."""
    bad = PodState(trouble="container web ended: Error, exit code 137")._replace(**fields)
    return example(parts.pod, Call(bad, "fix"), Call(PodState(""), "fix"))


EXAMPLES = {
    "part-without-image": pod(reason="ImagePullBackOff"),
    "image-of-other-machine": pod(reason="CrashLoopBackOff", message="exec format error"),
    "secret-missing": pod(message='secret "tracing" not found'),
    "config-map-missing": pod(message='configmap "web" not found'),
    "volume-not-mounted": pod(message='MountVolume.SetUp failed for volume "data" : rpc error'),
    "container-as-root": pod(
        reason="CreateContainerConfigError",
        message="container has runAsNonRoot and image will run as root",
    ),
    "container-not-created": pod(
        reason="CreateContainerConfigError", message="failed to prepare subPath for volumeMount"
    ),
    "part-cannot-start": pod(reason="CrashLoopBackOff", last_reason="StartError"),
    "part-fails-its-probe": pod(reason="Error", message="Liveness probe failed: 500"),
    "service-ends": pod(trouble="container web ended: Completed, exit code 0", reason="Completed"),
    "init-container-runs": example(
        starts.waits_for, Call("web-1", "migrate", 90), Call("web-1", "")
    ),
    "service-not-ready": example(
        starts.not_ready, Call("container web runs, and is not ready"), Call("")
    ),
}
