"""Where an agent will run: a process of this host, a container, a pod. A program looks from there.

The program is sent as text, so that no image must hold it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from sidecar import programs
from sidecar.engine.errors import RunTimeoutError
from sidecar.engine.short_lived import RunRequest
from sidecar.errors import SidecarError
from sidecar.kubernetes.ephemeral import run_inside
from sidecar.kubernetes.short_lived import pod_of, run_pod
from sidecar.rules.machines import unfinished
from sidecar.verify.network.printed import last_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.engine.client import Engine
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod


class Place(Protocol):
    """Where a short program can be run."""

    @property
    def name(self) -> str:
        """The place, as messages show it."""
        ...

    @property
    def has_gateway(self) -> bool:
        """Whether the stand-in of the deployment answers there, if it has one."""
        ...

    def run(self, image: str, command: tuple[str, ...], seconds: float) -> str:
        """Run a command of an image to its end and return its output. Raises SidecarError."""
        ...


@dataclass(frozen=True)
class Host:
    """This host; there is no image."""

    name: str = "this host"
    has_gateway: bool = False

    def run(self, image: str, command: tuple[str, ...], seconds: float) -> str:  # noqa: ARG002
        """Run the command with this Python."""
        argv = [sys.executable, *command[1:]]
        try:
            done = programs.run(argv, seconds)
        except subprocess.TimeoutExpired:
            raise SidecarError.from_problem(self.name, unfinished(seconds)) from None
        return done.stdout or done.stderr


@dataclass(frozen=True)
class PodPlace:
    """A short-lived pod of its own."""

    kubectl: Kubectl
    name: str = "a short-lived pod"
    has_gateway: bool = False
    resources: Mapping[str, Any] = field(default_factory=dict)
    """Its requests and limits; empty: small ones."""

    def run(self, image: str, command: tuple[str, ...], seconds: float) -> str:
        """Run the command in the pod."""
        pod = pod_of(image, command, self.resources)
        return run_pod(self.kubectl, pod, seconds)


@dataclass(frozen=True)
class AgentPod:
    """A pod in which an agent runs already: an ephemeral container of it looks."""

    kubectl: Kubectl
    pod: Pod
    has_gateway: bool = True

    @property
    def name(self) -> str:
        """The pod's name."""
        return f"pod {self.pod.name}"

    def run(self, image: str, command: tuple[str, ...], seconds: float) -> str:
        """Run the command in the pod."""
        return run_inside(self.kubectl, self.pod, image, command, seconds)


@dataclass(frozen=True)
class EngineNetwork:
    """A container of the engine, in another one's network or in one of its own."""

    engine: Engine
    name: str
    network_mode: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    has_gateway: bool = False

    def run(self, image: str, command: tuple[str, ...], seconds: float) -> str:
        """Run the command in a short-lived container."""
        request = RunRequest(
            image=image,
            entrypoint=command[:1],
            argv=command[1:],
            network_mode=self.network_mode,
            environment=self.environment,
            seconds=seconds,
        )
        try:
            result = self.engine.short_lived.run(request)
        except RunTimeoutError:  # its message shows the whole program
            raise SidecarError.from_problem(self.name, unfinished(seconds)) from None
        return result.stdout or result.stderr


def ask(
    place: Place, image: str, program: str, request: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Run a program of this package in a place with a request; return what it prints.

    Raises SidecarError where it cannot run there, or prints no JSON.
    """
    text = resources.files(__package__).joinpath(program).read_text(encoding="utf-8")
    printed = place.run(image, ("python3", "-c", text, json.dumps(request)), seconds)
    last = last_line(printed)
    try:
        answer: dict[str, Any] = json.loads(last)
    except ValueError:
        raise SidecarError(place.name, f"cannot run the checks: {last}") from None
    return answer
