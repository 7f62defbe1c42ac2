"""The agents of a Helm release or of selected pods, read through kubectl's port-forward."""

from __future__ import annotations

import base64
import binascii
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sidecar.errors import SidecarError
from sidecar.kubernetes.errors import ForbiddenError, KubernetesError
from sidecar.kubernetes.fixes import placed
from sidecar.kubernetes.forward import forwarded
from sidecar.kubernetes.pods import (
    AGENT,
    GATEWAY,
    INSTANCE,
    Pod,
    admin_of,
    compact_port_of,
    pods_of,
    trouble_of,
)
from sidecar.rules.watch import NOT_RUNNING, WITHOUT_AGENT, WITHOUT_POD, unreadable
from sidecar.tokens.check import check_agent_data, token_of
from sidecar.tokens.secret_store import KEY
from sidecar.verify.kubernetes.causes import Causes
from sidecar.verify.kubernetes.groups import Groups, job_of
from sidecar.verify.kubernetes.selection import (
    is_looked_at,
    not_found,
    subject_of,
)
from sidecar.verify.kubernetes.shared import troubles
from sidecar.verify.kubernetes.stated import Stated
from sidecar.verify.kubernetes.unfit import has_agent
from sidecar.verify.kubernetes.workloads import lacking
from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.reader import agent_counts
from sidecar.verify.times import seconds_of
from sidecar.watch import rendered
from sidecar.watch.agents import MISSING, RUNNING, AgentState, Token
from sidecar.watch.evidence import LOG_BYTES, shown_variables
from sidecar.watch.found import Found, last_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.watch.evidence import Evidence

_AT_ONCE = 8
_ANSWER_SECONDS = 2.0
_TABLES = ("/proc/net/udp", "/proc/net/udp6")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_WORKLOADS = "pods,deployments,statefulsets,daemonsets"
Object = dict[str, Any]


class ReleaseAgents:
    """The agents of one Helm release, or of the pods that labels select."""

    def __init__(self, kubectl: Kubectl, release: str, selector: str = "") -> None:
        self._kubectl = kubectl
        self._selector = selector or f"{INSTANCE}={release}"
        self._stated, self._causes = Stated(kubectl, self._selector), Causes(kubectl)
        self.name = subject_of(release, selector)

    def read(self) -> Sequence[AgentState]:
        """Return the agents with their counts."""
        found = self._found()
        return self._states(found, {}, {})

    def read_all(self) -> Sequence[AgentState]:
        """Return the agents with all that is known of them."""
        found = self._found()
        lacks = [*found.lacks, *self._stated.without_run(found.groups.name_of)]
        if not found.traced and not lacks:
            raise not_found(self._kubectl, self.name, self._stated)
        with ThreadPoolExecutor(2) as pool:
            tokens = pool.submit(self._tokens, found.traced)
            spans = pool.submit(last_spans, self._kubectl, found)
            return self._states(replace(found, lacks=lacks), tokens.result(), spans.result())

    def collect(self, evidence: Evidence) -> None:
        """Add what runs, the events, the logs of agents and stand-in, and the tokens."""
        evidence.add_data("cluster.json", lambda: self._kubectl.json("version", "--output=json"))
        evidence.add_data("events.json", self._events)
        evidence.add_data("plan.json", lambda: rendered.of_workloads(self._workloads()))
        pods = self._found().pods
        evidence.add_data("deployment.json", lambda: [_shown(pod.data) for pod in pods])
        for pod in pods:
            for name in (AGENT, GATEWAY):
                if pod.container(name):
                    self._add_logs(evidence, pod, name)
        for secret in {_secret(pod) for pod in pods} - {""}:
            config = self._config(secret)
            evidence.tokens |= {token_of(config[0])} - {""} if config else set()

    def _workloads(self) -> list[Object]:
        kinds = _WORKLOADS.partition(",")[2]
        items: list[Object] = self._kubectl.get(kinds, f"--selector={self._selector}")["items"]
        return items

    def _add_logs(self, evidence: Evidence, pod: Pod, container: str) -> None:
        limits = (f"--limit-bytes={LOG_BYTES}", "--tail=5000")
        words = ("logs", pod.name, f"--container={container}", *limits)
        evidence.add(f"logs/{pod.name}.log", partial(self._kubectl.run, *words))
        if pod.status_of(container).get("restartCount"):
            previous = partial(self._kubectl.run, *words, "--previous")
            evidence.add(f"logs/{pod.name}.previous.log", previous)

    def _events(self) -> list[Object]:
        names = ("type", "reason", "message", "count", "lastTimestamp", "involvedObject")
        items = self._kubectl.get("events")["items"]
        return [{name: item.get(name) for name in names} for item in items]

    def _found(self) -> Found:
        """Return the pods, and what should run and does not."""
        selector = f"--selector={self._selector}"
        try:
            answer = self._kubectl.get(_WORKLOADS, selector)
        except ForbiddenError:  # a user who may read pods only
            answer = self._kubectl.get("pods", selector)
        items: list[Object] = answer["items"]
        pods = pods_of({"items": [item for item in items if item.get("kind", "Pod") == "Pod"]})
        others = [item for item in items if item.get("kind", "Pod") != "Pod"]
        traced = [pod for pod in pods if is_looked_at(pod)]
        groups = Groups(traced, runs=self._runs(traced))
        away = troubles(others, pods, self._causes, self._stated.refusal_of)
        lacks = lacking(others, groups.name_of, self._stated.refusal_of)
        return Found(pods, traced, groups, [*lacks], away)

    def _runs(self, traced: Iterable[Pod]) -> dict[str, str]:
        """Return the known Jobs, each with its CronJob, where there is a pod of one."""
        return self._stated.runs() if any(map(job_of, traced)) else {}

    def _states(
        self, found: Found, tokens: Mapping[str, Token], spans: Mapping[str, float]
    ) -> list[AgentState]:
        names = found.names
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            states = list(
                pool.map(lambda pod: self._state(pod, names[pod.name], tokens, spans), found.traced)
            )
        away = [
            AgentState(each.part, MISSING, NOT_RUNNING, problem=each.problem) for each in found.away
        ]
        missing = [
            AgentState(each.service, MISSING, WITHOUT_POD, problem=each.problem)
            for each in found.lacks
        ]
        every = (_placed(each, self._kubectl) for each in (*states, *missing, *away))
        return sorted(every, key=lambda state: (state.service, state.name))

    def _state(
        self, pod: Pod, service: str, tokens: Mapping[str, Token], spans: Mapping[str, float]
    ) -> AgentState:
        agent = replace(
            _described(pod, service),
            problem=self._causes.of(pod) if has_agent(pod.data) else None,
            token=_stale(tokens.get(_secret(pod)), _started(pod)) if has_agent(pod.data) else None,
            last_span=spans.get(pod.name),
        )
        is_readable = pod.data["status"].get("phase") == "Running" or not agent.problem
        return self._read(pod, agent) if agent.runs and is_readable else agent

    def _read(self, pod: Pod, agent: AgentState) -> AgentState:
        """Return an agent with its counts, or with why they cannot be read."""
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(self._tables, pod)
            try:
                metrics = self._metrics(pod)
            except (OSError, SidecarError) as error:
                return _unread(agent, error)
            tables = reading.result()
        counts = agent_counts(metrics, tables, compact_port_of(pod))
        return replace(agent, counts=counts, kernel_known=bool(tables))

    def _metrics(self, pod: Pod) -> str:
        admin = urlsplit(admin_of(pod))
        if admin.hostname in _LOOPBACK and admin.port:
            with forwarded(self._kubectl, pod, admin.port) as url:
                return fetch(f"{url}/metrics", _ANSWER_SECONDS)
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}:{admin.port}/proxy/metrics"
        return self._kubectl.run("get", f"--raw={path}")

    def _tables(self, pod: Pod) -> list[str]:
        """Return the kernel's tables, through a container of the pod; none where it has no cat."""
        names = [str(each["name"]) for each in pod.data["spec"]["containers"]]
        name = next((name for name in names if name != AGENT), "")
        words = ("exec", pod.name, f"--container={name}", "--", "cat", *_TABLES)
        try:
            return [self._kubectl.run(*words, seconds=_ANSWER_SECONDS)] if name else []
        except KubernetesError:
            return []

    def _tokens(self, pods: Iterable[Pod]) -> dict[str, Token]:
        """Return what each Secret holds; none where this user may not read it."""
        names = {_secret(pod) for pod in pods} - {""}
        found = {name: self._token(name) for name in sorted(names)}
        return {name: token for name, token in found.items() if token}

    def _token(self, secret: str) -> Token | None:
        found = self._config(secret)
        if found is None:
            return None
        checked = check_agent_data(found[0], "agent.tags", "")
        return Token(checked.fingerprint, found[1]) if checked.fingerprint else None

    def _config(self, secret: str) -> tuple[bytes, str] | None:
        """Return an agent's config file, and when it was written; None without the right."""
        try:
            data = self._kubectl.get("secret", secret, "--show-managed-fields")
            content = base64.b64decode(data["data"][KEY])
        except (KubernetesError, KeyError, TypeError, binascii.Error):
            return None
        times = [each.get("time", "") for each in data["metadata"].get("managedFields", [])]
        return content, max(times, default=data["metadata"].get("creationTimestamp", ""))


def _placed(agent: AgentState, kubectl: Kubectl) -> AgentState:
    """Return an agent whose fix names the namespace that it is in."""
    if not agent.problem:
        return agent
    fix = placed(agent.problem.fix, kubectl)
    return replace(agent, problem=replace(agent.problem, fix=fix))


def _unread(agent: AgentState, error: OSError | SidecarError) -> AgentState:
    """Return an agent with why it cannot be read: what keeps its pod from running, else this."""
    if not isinstance(error, SidecarError):
        return replace(agent, cause=str(error))
    problem = unreadable(f"cannot be read: {error.cause}", error.fix)
    return replace(agent, cause=error.cause, problem=agent.problem or problem)


def _described(pod: Pod, service: str) -> AgentState:
    """Return what the cluster knows of a pod's agent."""
    status = pod.status_of(AGENT)
    ended = [status.get(name, {}).get("terminated") for name in ("state", "lastState")]
    return AgentState(
        service=service,
        name=pod.name,
        state=_state_of(pod),
        identity=str(pod.data["metadata"].get("uid", pod.name)),
        restarts=status.get("restartCount", 0),
        oom_killed=any(each and each.get("reason") == "OOMKilled" for each in ended),
        started=_started(pod),
        per_replica=True,
    )


def _state_of(pod: Pod) -> str:
    if not has_agent(pod.data):
        return WITHOUT_AGENT
    status = pod.status_of(AGENT)
    if "running" in status.get("state", {}):
        return RUNNING
    return trouble_of(status, may_end=False) or "not started"


def _started(pod: Pod) -> float:
    running = pod.status_of(AGENT).get("state", {}).get("running") or {}
    return seconds_of(running.get("startedAt") or "")


def _shown(pod: Mapping[str, Any]) -> Object:
    """Return a pod's specification and state; of variables that are not the kit's, the names."""
    spec = dict(pod["spec"])
    for group in ("containers", "initContainers", "ephemeralContainers"):
        spec[group] = [_container(each) for each in spec.get(group) or []]
    return {"name": pod["metadata"]["name"], "spec": spec, "status": pod["status"]}


def _container(container: Object) -> Object:
    """Return a container as specified, without the values of others' variables."""
    variables = {each["name"]: each.get("value", "") for each in container.get("env") or []}
    return {**container, "env": shown_variables(variables)}


def _stale(token: Token | None, started: float) -> Token | None:
    """Return a token with why its agent may have another one: `stale` is when it was written."""
    if token is None:
        return None
    changed = started and seconds_of(token.stale) > started
    return Token(token.fingerprint, "the Secret was changed after it started" if changed else "")


def _secret(pod: Pod) -> str:
    """Return the Secret that the pod's agent reads; empty where it mounts none with the key."""
    for volume in pod.data["spec"].get("volumes") or []:
        secret = volume.get("secret") or {}
        if any(item.get("key") == KEY for item in secret.get("items") or []):
            return str(secret.get("secretName", ""))
    return ""
