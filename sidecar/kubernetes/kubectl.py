"""kubectl behind a small port: argument lists, its answers as data, its failures as the kit's errors."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from sidecar.kubernetes.errors import (
    SUBJECT,
    ClusterUnreachableError,
    KubectlAbsentError,
    KubernetesError,
    error_of,
)
from sidecar.secrecy import child_environment

PROGRAM = "kubectl"
ANSWER_SECONDS = 20
"""For one request; a look that runs inside a pod is given more."""


@dataclass(frozen=True)
class Kubectl:
    """One namespace of one cluster."""

    namespace: str = ""
    """Empty: the context's own."""
    context: str = ""
    """Empty: the kubeconfig's current one."""

    def get(self, *words: str) -> dict[str, Any]:
        """Return objects as data. Raises KubernetesError."""
        return self.json("get", *words, "--output=json")

    def json(self, *words: str, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Return what a command prints as data. Raises KubernetesError."""
        printed = self.run(*words, seconds=seconds)
        try:
            data = json.loads(printed)
        except ValueError:
            data = None
        if isinstance(data, dict):
            return data
        cause = f"kubectl {words[0]} printed no JSON object"
        raise KubernetesError(SUBJECT, cause, "Is it kubectl, or something before it on PATH?")

    def run(self, *words: str, stdin: str | None = None, seconds: float = ANSWER_SECONDS) -> str:
        """Run a kubectl command and return its standard output. Raises KubernetesError."""
        argv = kubectl_argv(*words, namespace=self.namespace, context=self.context)
        try:
            done = subprocess.run(
                argv,
                check=False,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL if stdin is None else None,
                input=stdin,
                env=child_environment(),
                timeout=seconds,
            )
        except FileNotFoundError:
            raise KubectlAbsentError(
                PROGRAM, "is not on PATH", "Install it: https://kubernetes.io/docs/tasks/tools/"
            ) from None
        except OSError as error:
            raise KubectlAbsentError(
                PROGRAM, f"cannot be started: {error.strerror}", "Install it again"
            ) from None
        except subprocess.TimeoutExpired:
            cause = f"kubectl {words[0]} had no answer within {seconds:g} s"
            raise ClusterUnreachableError(
                SUBJECT, cause, "Check the cluster and the way to it"
            ) from None
        if done.returncode:
            raise error_of(done.stderr or done.stdout)
        return done.stdout


def kubectl_argv(*words: str, namespace: str = "", context: str = "") -> list[str]:
    """Return the argument list of a kubectl command; flags of the kit come first, so that words may end in `--`."""
    place = [
        *([f"--context={context}"] if context else []),
        *([f"--namespace={namespace}"] if namespace else []),
    ]
    return [PROGRAM, *place, *words]
