"""Strikes the agents of pods: a program beside an agent sees its process, and has its user."""

from __future__ import annotations

import signal
import time
from importlib import resources
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.kubernetes.ephemeral import beside, end_container, run_container, start_container
from sidecar.kubernetes.pods import AGENT, pods_of
from sidecar.verify.kubernetes.unfit import restarts_of
from sidecar.verify.network.printed import last_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod

_KILLS = 2
"""The first time an agent ends, its node starts it again at once; after that it waits."""
_BACK_SECONDS = 5.0
_HOLD_SECONDS = 50
"""An agent whose liveness probe fails for longer is started again."""
_POLL_SECONDS = 0.3
# process 1 takes no SIGKILL from inside; at SIGQUIT, a Go program ends without its usual end
_QUIT = f"import os; os.kill(1, {signal.SIGQUIT:d})"
_MARK = "sidecar-hold"
_LET_GO = f"""
import os, pathlib
for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    if line.read_bytes().endswith(b"\\0{_MARK}\\0"):
        os.kill(int(line.parent.name), {signal.SIGTERM:d})
"""


class PodAgents:
    """The processes of agents in pods."""

    def __init__(self, kubectl: Kubectl, image_for: Callable[[Pod], str]) -> None:
        self._kubectl = kubectl
        self._image_for = image_for
        self._held: dict[str, str] = {}
        """Pod → the container that holds its agent."""

    def kill(self, pod: Pod) -> None:
        """End an agent at once, until its node waits before the next start."""
        command = ("python", "-c", _QUIT)
        for _ in range(_KILLS):
            before = restarts_of(self._now(pod))
            container = beside(pod, AGENT, self._image_for(pod), command)
            printed = run_container(self._kubectl, pod, container, _BACK_SECONDS)
            if not self._is_back(pod, before, printed):
                return

    def _is_back(self, pod: Pod, restarts: int, printed: str) -> bool:
        """Tell whether an agent that was killed runs again soon."""
        end = time.monotonic() + _BACK_SECONDS
        while time.monotonic() < end:
            now = self._now(pod)
            runs = "running" in now.status_of(AGENT).get("state", {})
            if runs and restarts_of(now) > restarts:
                return True
            time.sleep(_POLL_SECONDS)
        if runs:
            raise _refused(pod, "killed", printed)
        return False

    def hold(self, pod: Pod) -> None:
        """Stop an agent where it is. Raises SidecarError where the node refuses that."""
        program = resources.files(__package__).joinpath("hold.py").read_text(encoding="utf-8")
        command = ("python", "-c", program, str(_HOLD_SECONDS), _MARK)
        container = beside(pod, AGENT, self._image_for(pod), command)
        self._held[pod.name] = container["name"]
        start_container(self._kubectl, pod, container)
        if (printed := self._printed(pod)) and not printed.isdecimal():
            raise _refused(pod, "held", printed)

    def _printed(self, pod: Pod) -> str:
        words = ("logs", pod.name, f"--container={self._held[pod.name]}")
        end = time.monotonic() + _BACK_SECONDS
        while not (printed := self._kubectl.run(*words).strip()) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
        return printed

    def let_go(self, pod: Pod) -> None:
        """Let a held agent go on; where this cannot be said to it, it soon does so by itself."""
        if holder := self._held.pop(pod.name, ""):
            end_container(self._kubectl, pod.name, holder, ("python", "-c", _LET_GO))

    def _now(self, pod: Pod) -> Pod:
        return pods_of({"items": [self._kubectl.get("pod", pod.name)]})[0]


def _refused(pod: Pod, what: str, printed: str) -> SidecarError:
    fix = "Leave this fault out: name the others by --fault"
    return SidecarError(pod.name, f"its agent cannot be {what}: {last_line(printed)}", fix)
