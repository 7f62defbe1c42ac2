"""Every state of a pod that the API reports while a block runs."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubernetes_cluster import environment, wait_until
from programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubernetes_cluster import Namespace


@dataclass(frozen=True)
class PodState:
    """One state of a pod with a service and a native agent."""

    ready: bool
    """Of the pod."""
    service_ready: bool
    service_restarts: int
    agent_ready: bool
    agent_restarts: int


def agent_of(containers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the agent's among containers of a pod, or among their states."""
    return next(each for each in containers if each["name"] == "jaeger-agent")


def state(pod: dict[str, Any]) -> PodState:
    """Return the state of a pod with one service and a native agent."""
    (service,) = pod["status"]["containerStatuses"]
    agent = agent_of(pod["status"]["initContainerStatuses"])
    conditions = {each["type"]: each["status"] for each in pod["status"]["conditions"]}
    return PodState(
        ready=conditions["Ready"] == "True",
        service_ready=service["ready"],
        service_restarts=service["restartCount"],
        agent_ready=agent["ready"],
        agent_restarts=agent["restartCount"],
    )


def state_now(space: Namespace, name: str) -> PodState:
    """Return a pod's present state."""
    return state(json.loads(space.kubectl("get", "pod", name, "-o", "json")))


@contextmanager
def watched(space: Namespace, name: str) -> Iterator[list[PodState]]:
    """Yield a list that is filled at the end of the block with every state since its start."""
    states: list[PodState] = []
    kubectl = [find_program("kubectl"), "-n", space.name]
    command = [*kubectl, "get", "pod", name, "--watch", "-o", "json"]
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(command, stdout=output, env=environment()) as process,
    ):
        try:
            wait_until(lambda: output.seek(0, 2) > 0, 30, "the watch shows the pod")
            yield states
        finally:
            process.terminate()
            process.wait(10)
            output.seek(0)
            states.extend(map(state, _objects(output.read())))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        found, end = decoder.raw_decode(text)
        yield found
        text = text[end:]
