"""Every state of a pod that the API tells, from a moment on."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubernetes_cluster import environment, find, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubernetes_cluster import Namespace


@dataclass(frozen=True)
class State:
    """What one state says."""

    ready: bool
    """Of the pod."""
    service_ready: bool
    service_restarts: int
    agent_ready: bool
    agent_restarts: int


def state(pod: dict[str, Any]) -> State:
    """Return the state of a pod that runs one service beside a native agent."""
    (service,) = pod["status"]["containerStatuses"]
    (agent,) = pod["status"]["initContainerStatuses"]
    ready = {one["type"]: one["status"] for one in pod["status"]["conditions"]}["Ready"] == "True"
    return State(
        ready, service["ready"], service["restartCount"], agent["ready"], agent["restartCount"]
    )


def state_now(space: Namespace, name: str) -> State:
    """Return a pod's present state."""
    return state(json.loads(space.kubectl("get", "pod", name, "-o", "json")))


@contextmanager
def watched(space: Namespace, name: str) -> Iterator[list[State]]:
    """Yield a list that holds, once the watch has ended, every state from its begin on."""
    states: list[State] = []
    command = [find("kubectl"), "-n", space.name, "get", "pod", name, "--watch", "-o", "json"]
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
