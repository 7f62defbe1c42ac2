"""Pauses and kills the agents of pods, by a program beside an agent that has its user."""

from __future__ import annotations

import signal
import time
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.kubernetes.ephemeral import (
    START_SECONDS,
    beside,
    end_container,
    run_container,
    start_container,
)
from sidecar.kubernetes.pods import AGENT, pods_of
from sidecar.verify.kubernetes.unfit import restarts_of
from sidecar.verify.network.printed import last_line
from sidecar.verify.network.reader import wait_for
from sidecar.verify.times import seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod

_KILLS = 2
"""The first time an agent ends, its node starts it again at once; after that it waits."""
_NODE_SECONDS = 60.0
"""A busy node may take as long to report an end, or to start an agent again at once."""
_REMEMBERED_SECONDS = 500.0
"""A node knows for ten minutes that a container ended, and waits after its next end."""
_HOLD_SECONDS = 50
"""An agent whose liveness probe fails for longer is started again."""
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
            before = self._now(pod)
            container = beside(pod, AGENT, self._image_for(pod), command)
            if printed := run_container(self._kubectl, pod, container, _NODE_SECONDS).strip():
                raise _refused(pod, "killed", printed)
            if self._waits(before):
                return

    def _waits(self, before: Pod) -> bool:
        """Tell whether the node of an agent that was killed waits before it starts it again."""
        read = partial(self._now, before)
        now = wait_for(read, lambda now: _has_ended(now, before), _NODE_SECONDS)
        if not _has_ended(now, before):
            raise _refused(before, "killed", "its node reports no end")
        if _ended_lately(before):
            return not _is_back(now, before)
        now = wait_for(read, lambda now: _is_back(now, before) or _is_told(now), _NODE_SECONDS)
        return not _is_back(now, before)

    def hold(self, pod: Pod) -> None:
        """Stop an agent where it is. Raises SidecarError where the node refuses that."""
        program = resources.files(__package__).joinpath("hold.py").read_text(encoding="utf-8")
        command = ("python", "-c", program, str(_HOLD_SECONDS), _MARK)
        container = beside(pod, AGENT, self._image_for(pod), command)
        self._held[pod.name] = container["name"]
        start_container(self._kubectl, pod, container)
        words = ("logs", pod.name, f"--container={container['name']}")
        printed = wait_for(lambda: self._kubectl.run(*words).strip(), bool, START_SECONDS)
        if not printed.isdecimal():
            raise _refused(pod, "held", printed)

    def let_go(self, pod: Pod) -> None:
        """Let a held agent go on; where this cannot be said to it, it soon does so by itself."""
        if holder := self._held.pop(pod.name, ""):
            end_container(self._kubectl, pod.name, holder, ("python", "-c", _LET_GO))

    def _now(self, pod: Pod) -> Pod:
        return pods_of({"items": [self._kubectl.get("pod", pod.name)]})[0]


def _has_ended(now: Pod, before: Pod) -> bool:
    """Tell whether an agent has ended since, whether it runs again or not."""
    return not now.runs(AGENT) or _is_back(now, before)


def _is_back(now: Pod, before: Pod) -> bool:
    """Tell whether an agent runs again."""
    return now.runs(AGENT) and restarts_of(now) > restarts_of(before)


def _is_told(pod: Pod) -> bool:
    """Tell whether the node says that it waits; often it only says how the agent ended."""
    waiting = pod.status_of(AGENT).get("state", {}).get("waiting") or {}
    return bool(waiting.get("reason") == "CrashLoopBackOff")


def _ended_lately(pod: Pod) -> bool:
    """Tell whether a node still knows of an end before: it starts no such container at once."""
    ended = pod.status_of(AGENT).get("lastState", {}).get("terminated") or {}
    when = seconds_of(str(ended.get("finishedAt") or ""))
    return bool(when) and time.time() - when < _REMEMBERED_SECONDS


def _refused(pod: Pod, what: str, printed: str) -> SidecarError:
    fix = "Leave this fault out: name the others by --fault"
    return SidecarError(pod.name, f"its agent cannot be {what}: {last_line(printed)}", fix)
