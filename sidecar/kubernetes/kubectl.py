"""kubectl behind a small port: argument lists, answers as data, failures as the kit's errors."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from sidecar import programs
from sidecar.kubernetes.errors import (
    SUBJECT,
    ClusterUnreachableError,
    KubectlAbsentError,
    KubernetesError,
    error_of,
)

PROGRAM = "kubectl"
ANSWER_SECONDS = 20
"""For one request; a look that runs inside a pod gets more."""


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
        raise KubernetesError(SUBJECT, cause, "Check that `kubectl` on PATH is kubectl itself")

    def run(self, *words: str, stdin: str | None = None, seconds: float = ANSWER_SECONDS) -> str:
        """Run a kubectl command and return its standard output. Raises KubernetesError."""
        argv = kubectl_argv(*words, namespace=self.namespace, context=self.context)
        try:
            done = programs.run(argv, seconds, stdin=stdin)
        except FileNotFoundError:
            fix = "Install it: https://kubernetes.io/docs/tasks/tools/"
            raise KubectlAbsentError(PROGRAM, "is not on PATH", fix) from None
        except OSError as error:
            cause = f"cannot be started: {error.strerror}"
            raise KubectlAbsentError(PROGRAM, cause, "Install it again") from None
        except subprocess.TimeoutExpired:
            cause = f"kubectl {words[0]} got no answer within {seconds:g} s"
            fix = "Check the cluster and the network to it"
            raise ClusterUnreachableError(SUBJECT, cause, fix) from None
        if done.returncode:
            raise error_of(done.stderr or done.stdout)
        return done.stdout


def kubectl_argv(*words: str, namespace: str = "", context: str = "") -> list[str]:
    """Return the argument list of a kubectl command; the kit's flags come first.

    So the words may hold `--`, after which kubectl reads no flags.
    """
    argv = [PROGRAM]
    if context:
        argv.append(f"--context={context}")
    if namespace:
        argv.append(f"--namespace={namespace}")
    return [*argv, *words]
