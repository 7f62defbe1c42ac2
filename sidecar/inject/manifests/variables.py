"""The variables by which the containers of a pod find their agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.existing.manifests.nodes import (
    items,
    own_pairs,
    pair_at,
    pairs,
    resolved,
    text_at,
    value_at,
)
from sidecar.inject.manifests.changes import Changes
from sidecar.rules import agent_settings, clients, injections, tracers
from sidecar.rules.recognition import holds_token
from sidecar.targets.manifests import OTEL

if TYPE_CHECKING:
    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.workloads import Container


class Variables(Changes):
    """The edits that give containers their variables."""

    def set_variables(self, container: Container) -> None:
        """Give a container the agent's address."""
        path = f"{container.section}/{container.name}/env"
        wanted = self._wanted(container)
        pair = pair_at(container.node, "env")
        if pair is None:
            if self._first(container.node, "env"):
                variables = [_variable(*item) for item in wanted.items()]
                self.editor.add_pair(container.node, "env", variables)
            return
        target = resolved(pair.value) or pair.value
        if not self._first(target):
            return
        there = {text_at(item, "name"): item for item in items(target)}
        missing = [_variable(*item) for item in wanted.items() if item[0] not in there]
        if missing:
            self._remember_empty(path, pair)
            self.editor.add_to_list(container.node, pair, missing)
        for name in (name for name in wanted if name in there):
            self._set(f"{path}/{name}", resolved(there[name]) or there[name], wanted[name])
        self._say_elsewhere(container, there)
        if clients.AGENT_PORT in there:
            self._say_port(container, there[clients.AGENT_PORT])

    def _wanted(self, container: Container) -> dict[str, str]:
        """Return the variables; those of OpenTelemetry's Jaeger exporter where it has them."""
        wanted = self._additions.environment
        there = {text_at(item, "name") for item in items(value_at(container.item, "env"))}
        return {**wanted, **{name: wanted[of] for name, of in OTEL.items() if name in there}}

    def _set(self, path: str, item: Node, wanted: str) -> None:
        """Give a variable that is there the agent's value."""
        found = pairs(item)
        pair = found.get("value") or found.get("valueFrom")
        if "valueFrom" not in found and text_at(item, "value") == wanted:
            if not self._again:
                self._memory.kept.append(path)
            return
        if pair is None:
            self._memory.texts[path] = ""
            self.editor.add_pair(item, "value", wanted)
            return
        if self._shares.is_named(pair.value) or pair.key.value not in own_pairs(item):
            raise self._shared(pair.key)
        text = self.editor.replace_pair(item, pair, self.editor.pair_text("value", wanted))
        if holds_token(text):
            raise self.editor.uneditable(pair.key)
        self._memory.texts.setdefault(path, text)

    def say_past_the_agent(self, container: Container) -> None:
        """Say where a container's variables or command show that it reports by other ways."""
        taken = self._shares.config_maps.variables(self._workload.namespace, container.node)
        variables = {name: "" for _, _, _, names in taken for name in names}
        for one in items(value_at(container.item, "env")):
            variables[text_at(one, "name")] = text_at(one, "value")
        past = tracers.past_the_agent(tracers.way_of_variables(variables))
        for problem in filter(None, (past, tracers.in_a_command(container.words))):
            self._say(problem.rule, container.node, f"{container.name}: {problem.cause}")

    def say_config_maps(self, container: Container) -> None:
        """Say which variables come from ConfigMaps of the stream."""
        taken = self._shares.config_maps.variables(self._workload.namespace, container.node)
        for node, name, place, names in taken:
            cause = (
                f"{container.name} takes {', '.join(names)} from ConfigMap {name} ({place}); "
                "the agent's address in env wins, the others stay"
            )
            self._say(injections.ELSEWHERE, node, cause)

    def _say_port(self, container: Container, item: Node) -> None:
        """Say where a port gets another that stands for another protocol."""
        value, name = text_at(item, "value"), self._workload.name
        if problem := agent_settings.replaced_port(value, name):
            cause = f"{container.name}: {problem.cause}"
            self._say(problem.rule, item, cause, problem.fix)

    def _say_elsewhere(self, container: Container, there: dict[str, Node]) -> None:
        for name, item in there.items():
            source = next(iter(own_pairs(value_at(item, "valueFrom"))), "")
            if not name.startswith("JAEGER_") or name == clients.SERVICE_NAME or not source:
                continue  # what a service is called has nothing to do with its agent
            kind = {"configMapKeyRef": "a ConfigMap", "secretKeyRef": "a Secret"}.get(source, "")
            replaced = name in self._additions.environment
            kept = "and is replaced" if replaced else "which is not read; the variable stays"
            cause = f"{container.name}: {name} comes from {kind or 'a field of the pod'}, {kept}"
            self._say(injections.ELSEWHERE, item, cause)


def _variable(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}
