"""Idle ephemeral containers, one per pod, in which programs of the kit run by `kubectl exec`."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.ephemeral import START_SECONDS, end_container, named, start_container
from sidecar.kubernetes.errors import ForbiddenError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod

_IDLE = (
    *("python", "-c"),
    "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, {15}); s.sigtimedwait({15}, 3600)",
)
"""Waits for SIGTERM; it ends by itself if it is left behind."""
_END = (
    *("python", "-c"),
    # in a pod whose containers share their processes, process 1 is another one
    "import os; b'sigtimedwait' in open('/proc/1/cmdline', 'rb').read() and os.kill(1, 15)",
)
_PRINTED = ("sh", "-c", '"$@" 2>&1 || true', "post")
"""Runs a command to its end, and prints what its container's log would hold."""
_AT_ONCE = 8


class Posts:
    """Runs programs in one idle container per pod, which `close` ends.

    A program starts there sooner than in a container of its own, and adds no entry to the record of
    the pod. A post has processes of its own, so it outlives those of the pod's other containers.
    """

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self._names: dict[str, str] = {}
        self._made: list[tuple[str, str]] = []
        """Pod and container of each post that may run, also one that an interrupt left half-way."""
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def run(self, pod: Pod, image: str, command: Sequence[str], seconds: float) -> str:
        """Run a command, which may take `seconds`, in a pod's post; return what it printed.

        Raises SidecarError where the pod, its namespace or this user does not allow it, or the
        command does not end.
        """
        with self._locks[pod.name]:
            if pod.name not in self._names:
                self._names[pod.name] = self._start(pod, named(image, _IDLE))
        place = ("exec", pod.name, f"--container={self._names[pod.name]}", "--")
        return self._kubectl.run(*place, *_PRINTED, *command, seconds=START_SECONDS + seconds)

    def _start(self, pod: Pod, post: dict[str, Any]) -> str:
        name = str(post["name"])
        self._made.append((pod.name, name))
        try:
            start_container(self._kubectl, pod, post)
        except (ForbiddenError, RefusedError):  # it was never made
            self._made.remove((pod.name, name))
            raise
        return name

    def close(self) -> None:
        """End the posts."""
        made = [*self._made]
        self._made.clear()
        self._names.clear()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._end, made))

    def _end(self, post: tuple[str, str]) -> None:
        end_container(self._kubectl, *post, _END)
