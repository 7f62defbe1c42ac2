"""A port of a pod on this machine's loopback, as `kubectl port-forward` makes it.

It reaches what listens on the pod's own loopback, and starts nothing in the pod.
"""

from __future__ import annotations

import re
import selectors
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sidecar.kubernetes.errors import (
    SUBJECT,
    ClusterUnreachableError,
    KubectlAbsentError,
    error_of,
)
from sidecar.kubernetes.kubectl import PROGRAM, kubectl_argv
from sidecar.secrecy import child_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod

_START_SECONDS = 5.0
_END_SECONDS = 5.0
_BEGUN = re.compile(r"Forwarding from (127\.0\.0\.1:\d+)")


@contextmanager
def forwarded(kubectl: Kubectl, pod: Pod, port: int) -> Iterator[str]:
    """Yield the URL of a pod's port until the end of the block. Raises KubernetesError."""
    words = ("port-forward", "--address=127.0.0.1", f"pod/{pod.name}", f":{port}")
    argv = kubectl_argv(*words, namespace=kubectl.namespace, context=kubectl.context)
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=child_environment(),
        )
    except OSError as error:
        cause = f"cannot be started: {error.strerror}"
        raise KubectlAbsentError(PROGRAM, cause, "Install it again") from None
    with process:
        try:
            yield f"http://{_address(process)}"
        finally:
            process.kill()
            process.wait(_END_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    """Return where kubectl listens, as it prints it in its first line."""
    if process.stdout is None:
        raise AssertionError
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(_START_SECONDS):
            cause = f"kubectl port-forward did not start within {_START_SECONDS:g} s"
            fix = "Check the cluster and the network to it"
            raise ClusterUnreachableError(SUBJECT, cause, fix)
    line = process.stdout.readline()
    if begun := _BEGUN.search(line):
        return begun[1]
    process.kill()
    raise error_of(line + process.stdout.read())
