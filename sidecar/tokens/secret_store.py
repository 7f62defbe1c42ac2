"""The token in a cluster: a Secret with an agent's config file, and the bare token of a collector.

kubectl gets it on its standard input, so that no argument list holds it.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.kubernetes.errors import ConflictError, KubernetesError, NotFoundError
from sidecar.kubernetes.fixes import placed_command
from sidecar.kubernetes.pods import GATEWAY, INSTANCE, service_of
from sidecar.rules import token_files
from sidecar.tokens import check
from sidecar.tokens.store import NoAgents
from sidecar.verify.kubernetes.release import ReleaseDeployment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.tokens.store import Agents, Say

KEY, BARE_KEY = "agent.yaml", "token"
"""What a jaeger-agent reads, and what a collector does."""
ROLLOUT_SECONDS = 300
_MANAGER = "sidecar-kit"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_KINDS = ("deployments", "statefulsets", "daemonsets")
_MORE = {
    token_files.UNREADABLE.id: "",
    token_files.NOT_A_TOKEN_FILE.id: "",
    token_files.OTHER_KEY.id: " --agent-version VERSION",
}
"""Rule of a file's content → what the command that writes the Secret again needs, too."""


class SecretStore:
    """One Secret of a namespace, read by the agents of the pods that mount it."""

    written = "applied"

    def __init__(self, kubectl: Kubectl, secret: str) -> None:
        self._kubectl = kubectl
        self.secret = checked_name(secret)
        where = f" in namespace {kubectl.namespace}" if kubectl.namespace else ""
        self.name = f"secret {secret}{where}"

    def locked(self, say: Say) -> nullcontext[None]:  # noqa: ARG002 - the API server keeps order
        """Lock nothing."""
        return nullcontext()

    def read(self) -> bytes | None:
        """Return what the Secret has under the key; None where there is no such Secret.

        Raises SidecarError where it has no such key, KubernetesError where it cannot be read.
        """
        try:
            data = self._kubectl.get("secret", self.secret).get("data") or {}
        except NotFoundError:
            return None
        if KEY in data:
            return base64.b64decode(data[KEY])
        keys = ", ".join(sorted(data)) or "none"
        raise SidecarError(self.name, f"has no key {KEY}; its keys: {keys}", self._fix())

    def write(self, config: bytes) -> None:
        """Create the Secret or change its two keys.

        By server-side apply: client-side apply keeps a copy of the data in an annotation. What
        somebody made with kubectl is taken over. What a program keeps is not: it would change it
        back. Raises ConflictError then, and KubernetesError where the Secret cannot be written.
        """
        data = secret_of(self.secret, self._kubectl.namespace, config)
        del data["type"]  # an existing Secret of another type keeps it
        try:
            self._apply(json.dumps(data))
        except KubernetesError as error:
            if "immutable" not in error.cause:
                raise
            fix = "Make one of another name, and give the chart that as existingSecret"
            raise KubernetesError(f"secret {self.secret}", "is immutable", fix) from None

    def restore(self, before: bytes | None) -> bool:
        """Put a former config file back; a Secret that is new stays."""
        if before is None:
            return False
        self.write(before)
        return True

    def check(self, key: str) -> check.Checked:
        """Judge what the Secret holds. Raises SidecarError where it cannot be read."""
        config = self.read()
        if config is None:
            raise SidecarError(self.name, "does not exist", self._fix())
        checked = check.check_agent_data(config, key, self.name)
        found = (
            replace(each, fix=self._fix(_MORE[each.id])) if each.id in _MORE else each
            for each in checked.findings
        )
        return replace(checked, findings=tuple(found))

    def agents(self) -> Agents:
        """Return the workloads whose pods mount the Secret."""
        found = self._kubectl.get(",".join(_KINDS))["items"]
        mounting = [item for item in found if self._is_mounted_by(item)]
        if not mounting:
            return NoAgents("no workload mounts it")
        releases = {_workload(item): _release(item) for item in mounting}
        gateways = frozenset(_workload(item) for item in mounting if _is_gateway(item))
        return PodAgents(self._kubectl, releases, gateways)

    def _is_mounted_by(self, item: Mapping[str, Any]) -> bool:
        volumes = item["spec"]["template"]["spec"].get("volumes") or []
        return self.secret in _mounted(volumes)

    def _fix(self, more: str = "") -> str:
        """Return the fix that writes the Secret again, instead of a file."""
        command = f"sidecar token set --kubernetes-secret {self.secret} --apply{more}"
        return f"Run `{placed_command(command, self._kubectl)}`"

    def _apply(self, data: str) -> None:
        words = ("apply", "--server-side", f"--field-manager={_MANAGER}", "--filename=-")
        try:
            self._kubectl.run(*words, stdin=data)
        except ConflictError as error:
            keepers = [name for name in error.managers if not name.startswith("kubectl")]
            if keepers or not error.managers:
                cause = f"its key {KEY} is kept by {', '.join(keepers) or 'another manager'}"
                fix = "Change it there, or choose another Secret"
                raise ConflictError(f"secret {self.secret}", cause, fix) from None
            self._kubectl.run(*words, "--force-conflicts", stdin=data)


@dataclass(frozen=True)
class PodAgents:
    """The agents in the pods of workloads that mount a Secret."""

    kubectl: Kubectl
    releases: Mapping[str, str]
    """Workload, as "deployment/NAME" → its Helm release, which may be empty."""
    gateways: frozenset[str] = frozenset()
    """The workloads that are stand-ins."""
    idle: str = ""
    replaced: str = "rolled"

    @property
    def names(self) -> tuple[str, ...]:
        """The workloads."""
        return tuple(self.releases)

    def replace(self, say: Say) -> None:
        """Restart the workloads, and wait for each: stand-ins first.

        An agent that connected to the old one would wait between two attempts to reach the new one.
        """
        gateways = [name for name in self.releases if name in self.gateways]
        for names in (gateways, [name for name in self.releases if name not in self.gateways]):
            self._restart(names)
            for name in names:
                words = ("rollout", "status", name, f"--timeout={ROLLOUT_SECONDS}s")
                self.kubectl.run(*words, seconds=ROLLOUT_SECONDS + 10)
                say(f"{name}: its pods run with the new token")

    def deployments(self) -> Iterator[tuple[str, ReleaseDeployment]]:
        """Yield each Helm release that the workloads are of."""
        for release in sorted(set(filter(None, self.releases.values()))):
            yield f"release {release}", ReleaseDeployment(self.kubectl, release)

    def retire(self, say: Say) -> None:
        """End nothing: Kubernetes ended the old pods while it replaced them."""

    def put_back(self, *, restored: bool) -> str:
        """Restart the workloads with the old token, and do not wait."""
        if not restored:
            return ""
        try:
            self._restart(self.releases)
        except SidecarError as error:
            return f"The pods could not be restarted with it: {error.cause}"
        return "The pods restart with it"

    def _restart(self, names: Iterable[str]) -> None:
        for name in names:
            self.kubectl.run("rollout", "restart", name)


def checked_name(name: str) -> str:
    """Return a Secret's name. Raises SidecarError without the name, which may be a token."""
    if _NAME.fullmatch(name):
        return name
    fix = "Use lower-case letters, digits, `-` and `.`"
    raise SidecarError("--kubernetes-secret", "is not a Secret's name", fix)


def secret_of(name: str, namespace: str, config: bytes) -> dict[str, Any]:
    """Return the Secret as data; an empty namespace leaves it to whoever applies it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "type": "Opaque",
        # not stringData, which server-side apply does not follow
        "data": {key: base64.b64encode(content).decode() for key, content in _forms(config)},
    }


def _forms(config: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each key with its form of the token; only the first of a file that has none."""
    yield KEY, config
    if token := check.token_of(config):
        yield BARE_KEY, token.encode()


def manifest(name: str, namespace: str, config: bytes) -> str:
    """Return the Secret as YAML."""
    lines = []
    for key, value in secret_of(name, namespace, config).items():
        if isinstance(value, dict):
            lines.append(f"{key}:")
            lines += [f"  {inner}: {yamlio.flow(text)}" for inner, text in value.items()]
        else:
            lines.append(f"{key}: {value}")
    return "\n".join(lines) + "\n"


def _workload(item: Mapping[str, Any]) -> str:
    return f"{item['kind'].lower()}/{item['metadata']['name']}"


def _is_gateway(item: Mapping[str, Any]) -> bool:
    return service_of(item, "") == GATEWAY


def _release(item: Mapping[str, Any]) -> str:
    release: str = item["metadata"].get("labels", {}).get(INSTANCE, "")
    return release


def _mounted(volumes: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the Secrets that volumes mount, as their own volume or in a projected one."""
    for volume in volumes:
        yield volume.get("secret", {}).get("secretName", "")
        for source in volume.get("projected", {}).get("sources") or []:
            yield source.get("secret", {}).get("name", "")
