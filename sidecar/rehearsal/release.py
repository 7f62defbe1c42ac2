"""A rehearsal on a Helm release: programs in its pods, and its stand-in's Service, disturb it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.kubernetes.errors import ClusterUnreachableError, KubernetesError
from sidecar.kubernetes.fixes import placed
from sidecar.kubernetes.pods import (
    COMPONENT,
    COPIER,
    GATEWAY,
    REGION,
    admin_of,
    agent_of,
    is_collector,
    pods_of,
    reporter_of,
)
from sidecar.kubernetes.posts import Posts
from sidecar.regions import LOCAL
from sidecar.rehearsal.pods import PodAgents
from sidecar.rehearsal.stage import (
    KILL,
    LEAVE,
    OTHER_STAND_IN,
    PAUSE,
    ByCommand,
    Sent,
    real_gateway,
)
from sidecar.rules import rehearsals
from sidecar.verify.counts import agent_counts_of, client_counts
from sidecar.verify.kubernetes.release import CLOCK_SKEW, ReleaseDeployment
from sidecar.verify.kubernetes.unfit import problem_of, state_of
from sidecar.verify.network.marked import PROBE_SECONDS, probe_argv
from sidecar.verify.network.printed import last_line
from sidecar.verify.network.reader import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod
    from sidecar.verify.counts import AgentCounts, ClientCounts
    from sidecar.verify.look import Look, Task

_AT_ONCE = 8
_REPORTED_SECONDS = 10.0
"""An agent answers before its node reports that it was started again, and is ready."""
FORWARDER = "forwarder"
"""The component of the collectors' forwarder."""
_GATEWAY = "--gateway="
_PTRACE = """
import json, pathlib
scope = pathlib.Path("/proc/sys/kernel/yama/ptrace_scope")
print(json.dumps({"scope": int(scope.read_text()) if scope.exists() else 0}))
"""
_NO_SERVICES = "this user may not patch services"
_NO_PTRACE = "the nodes' kernel does not let one program stop another (kernel.yama.ptrace_scope)"
_SHARED = "the pods' containers share their processes"


class ReleaseStage(ByCommand, ReleaseDeployment):
    """One pod per service of a release, with posts in them."""

    def __init__(self, kubectl: Kubectl, release: str, image: str = "") -> None:
        """Find the pods of a release. Raises UsageError where its gateway is real."""
        super().__init__(kubectl, release, image)
        self._check_gateway(release)
        self._posts = Posts(kubectl)
        self._agents = PodAgents(kubectl, self._image_for)
        self.notes = tuple(
            f"{name}: one of {len(group)} pods is rehearsed"
            for name, group in self._groups.items()
            if len(group) > 1
        )
        self.sent: list[Sent] = []
        self._left: dict[str, str] = {}
        """Service that the stand-in left → the component that it selects."""

    def _check_gateway(self, release: str) -> None:
        """Raise SidecarError where an agent reports elsewhere, or not alone."""
        several = rehearsals.stand_ins(len(self.stand_ins.by_chart))
        copied = any(pod.container(COPIER) for pod in self.pods)
        if problem := several or rehearsals.canary(is_there=copied):
            raise SidecarError.from_problem(f"release {release}", problem)
        for pod in self._pods.values():
            region = pod.data["metadata"]["labels"].get(REGION, LOCAL)
            reporter = self._forwarded if is_collector(pod) else reporter_of(pod)
            host = reporter.rpartition(":")[0]
            if region != LOCAL or "." in host:
                raise real_gateway(f"release {release}")
            workload = host.partition(".")[0]
            if not any(one.name.startswith(f"{workload}-") for one in self.stand_ins.pods):
                cause = f"no stand-in runs that its agents report to ({reporter})"
                fix = placed("See `kubectl get pods`", self._kubectl)
                raise SidecarError(f"release {release}", cause, fix)

    @cached_property
    def _forwarded(self) -> str:
        """HOST:PORT that the collectors' forwarder reports to; empty where there is none."""
        pods = self._kubectl.get("pods", f"{self._selector},{COMPONENT}={FORWARDER}")["items"]
        containers = (each for pod in pods for each in pod["spec"]["containers"])
        words = (str(word) for each in containers for word in each.get("args", ()))
        return next((word[len(_GATEWAY) :] for word in words if word.startswith(_GATEWAY)), "")

    @cached_property
    def lacks(self) -> Mapping[str, str]:
        """What this cluster does not let the user do → why."""
        found = {}
        if not self._may("patch", "services"):
            found[LEAVE] = _NO_SERVICES
        if self.stand_in(["python", "-c", _PTRACE])["scope"]:
            found[PAUSE] = _NO_PTRACE
        if any(pod.data["spec"].get("shareProcessNamespace") for pod in self._pods.values()):
            found |= {KILL: _SHARED, PAUSE: _SHARED}
        return found

    def _may(self, *words: str) -> bool:
        try:
            self._kubectl.run("auth", "can-i", *words)
        except ClusterUnreachableError:
            raise
        except KubernetesError:
            return False
        return True

    def services(self) -> Sequence[str]:
        """Return the services whose pods run: a job that has ended has no agent to strike."""
        return list(self._pods)

    def begin(self) -> None:
        """Read the agents' logs from now on only, and take an earlier restart for no cause."""
        self._began = datetime.now(timezone.utc) - CLOCK_SKEW
        self._pods = wait_for(self._reread, _are_fit, _REPORTED_SECONDS)

    def _reread(self) -> dict[str, Pod]:
        now = {pod.name: pod for pod in pods_of(self._kubectl.get("pods", self._selector))}
        return {name: now.get(pod.name, pod) for name, pod in self._pods.items()}

    def agents(self) -> Sequence[str]:
        """Return the services: each pod has its own agent."""
        return self.services()

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts:
        """Return the agent's counts once `settled` packets are settled, or after `seconds`."""
        pod = self._pods[service]
        reader = ("python", "-m", "sidecar.verify.network.reader", "agent")
        waiting = (f"--settled={settled}", f"--seconds={seconds}")
        command = (*reader, f"--url={admin_of(pod)}", *waiting)
        return agent_counts_of(self._counts(pod, command, seconds))

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from inside the service's pod, and record them."""
        pod = self._pods[service]
        command = ("python", *probe_argv(service, marker, spans, agent_of(pod)))
        client = client_counts(self._counts(pod, command, PROBE_SECONDS))
        self.sent.append(Sent(service, marker, client))
        return client

    def look(self, task: Task) -> Look:
        """Look from inside the service's pod, and record what was sent."""
        look = super().look(task)
        if look.client:
            self.sent.append(Sent(task.service, task.marker, look.client))
        return look

    def _counts(self, pod: Pod, command: Sequence[str], seconds: float) -> dict[str, Any]:
        """Return the JSON object that is one line of what a program in a pod prints."""
        printed = self._inside(pod, command, seconds)
        for line in printed.splitlines():
            if line.startswith("{"):
                counts: dict[str, Any] = json.loads(line)
                return counts
        raise SidecarError(pod.name, f"cannot be counted: {last_line(printed)}", OTHER_STAND_IN)

    def _inside(self, pod: Pod, command: Sequence[str], seconds: float) -> str:
        return self._posts.run(pod, self._image_for(pod), command, seconds)

    def stand_in(self, command: Sequence[str]) -> dict[str, Any]:
        """Run a command in the stand-in's pod, and return the JSON that it prints."""
        printed: dict[str, Any] = self.stand_ins.run(*command, seconds=0)
        return printed

    def kill_agents(self) -> None:
        """End the agents at once, until their node waits before it starts them again."""
        self._each(self._agents.kill)

    def start_agents(self) -> None:
        """Nothing: only the agents' node starts them, when its wait is over."""

    def pause_agents(self) -> None:
        """Stop the agents where they are."""
        self._each(self._agents.hold)

    def resume_agents(self) -> None:
        """Let paused agents go on."""
        self._each(self._agents.let_go)

    def _each(self, do: Callable[[Pod], None]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(do, self._pods.values()))

    def leave(self) -> None:
        """Let the stand-in's Service select no pod."""
        for service in self._kubectl.get("services", f"{self._selector},{COMPONENT}={GATEWAY}")[
            "items"
        ]:
            name = service["metadata"]["name"]
            self._left[name] = service["spec"]["selector"][COMPONENT]
            self._select(name, f"{GATEWAY}-away")

    def rejoin(self) -> None:
        """Let it select the stand-in's pod again."""
        for name in [*self._left]:
            self._select(name, self._left[name])
            del self._left[name]

    def _select(self, service: str, component: str) -> None:
        patch = json.dumps({"spec": {"selector": {COMPONENT: component}}})
        self._kubectl.run("patch", "service", service, "--type=merge", f"--patch={patch}")

    def close(self) -> None:
        """End the posts."""
        self._posts.close()


def _are_fit(pods: Mapping[str, Pod]) -> bool:
    """Tell whether nothing that is reported of the pods keeps them from being looked into."""
    return not any(problem_of(pod, state_of(pod)) for pod in pods.values())
