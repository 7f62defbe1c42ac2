"""Adds an agent to a workload: whatever of it is there already, as it should be, stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from sidecar.existing.manifests import agents
from sidecar.existing.manifests.nodes import (
    all_nodes,
    is_flow,
    is_null,
    items,
    own_pairs,
    pair_at,
    pairs,
    resolved,
    text_at,
    value_at,
)
from sidecar.inject.manifests.choose import agents_in, is_injected
from sidecar.inject.manifests.data import data_of, is_there
from sidecar.inject.manifests.giving_way import INIT, PLAIN, GivingWay
from sidecar.inject.manifests.insertions import Editor
from sidecar.inject.manifests.marks import INJECTED, UNDO, memory
from sidecar.rules import manifests as rules
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.recognition import holds_token
from sidecar.targets.manifests import AGENT, VOLUME

if TYPE_CHECKING:
    from sidecar.existing.manifests.nodes import Node, Pair
    from sidecar.existing.manifests.tree import Document
    from sidecar.existing.manifests.workloads import Container, Workload
    from sidecar.findings import Finding
    from sidecar.inject.manifests.shared import Shares
    from sidecar.targets.manifests import Additions


class Injection:
    """The edits that give one workload its agent, and what is to be said about them.

    Raises SidecarError for a place that cannot be edited.
    """

    def __init__(
        self, document: Document, workload: Workload, additions: Additions, shares: Shares
    ) -> None:
        self._document = document
        self._workload = workload
        self._additions = additions
        self._shares = shares
        self.done = set(shares.done)
        """Nodes that are edited already: an alias leads to them again."""
        self._memory = memory(workload.annotations.get(UNDO, ""))
        self._again = is_injected(workload)
        replaces = bool(agents_in(workload) or self._memory.containers)
        self._agent = additions.successor if replaces else additions.agent
        self.editor = Editor(document)
        self.findings: list[Finding] = []
        self._pod = workload.pod
        self.editor.list_offset = self._offset()

    def run(self) -> None:
        """Collect all edits."""
        self._replace_agents()
        for container in self._served():  # at one place, what is deeper comes first
            self._set_variables(container)
            self._say_config_maps(container)
        self._add_agent()
        self._add_volume()
        self._annotate()
        if other := self._shares.outside(self.editor.edited):
            raise self._shared(other)

    # The agent --------------------------------------------------------------------------------

    def _offset(self) -> int:
        pair = own_pairs(self._pod).get(PLAIN)
        target = resolved(pair.value) if pair else None
        if pair is None or not isinstance(target, yaml.SequenceNode) or is_flow(target):
            return 0
        dash = self._document.dash(target, 0)
        column = dash - (self._document.text.rfind("\n", 0, dash) + 1)
        return max(0, min(8, column - int(pair.key.start_mark.column)))

    def _served(self) -> list[Container]:
        """Return the containers that report to the agent: init containers to one that runs then."""
        own = {id(self._workload.containers[index].node) for index in agents_in(self._workload)}
        sections = (INIT, PLAIN) if self._additions.native else (PLAIN,)
        return [
            one
            for one in self._workload.containers
            if one.section in sections and id(one.node) not in own and not self._is_own(one)
        ]

    def _is_own(self, container: Container) -> bool:
        return self._again and container.name == AGENT

    def _add_agent(self) -> None:
        section = INIT if self._additions.native else PLAIN
        ours = next((one for one in self._workload.containers if self._is_own(one)), None)
        if ours and ours.section == section:
            there = is_there(data_of(ours.node), self._agent)
            if not there and self._first(ours.node):
                self.editor.replace_value(ours.node, ours.node, self._agent)
            return
        if ours:
            target = value_at(self._pod, ours.section)
            if target is not None and self._first(target):
                self._drop_own(target, ours)
        self._add_item(section, self._agent, last=section == PLAIN)

    def _drop_own(self, target: Node, ours: Container) -> None:
        if len(target.value) == 1:
            self.editor.drop_pairs(self._pod, [ours.section])
        else:
            self.editor.drop_items(target, [ours.index])

    def _add_item(self, key: str, data: dict[str, Any], *, last: bool = False) -> None:
        pair = pair_at(self._pod, key)
        if pair is None:
            if self._first(self._pod, key):
                self.editor.add_pair(self._pod, key, [data], before=PLAIN)
            return
        if self._first(resolved(pair.value) or pair.value):
            self._remember_empty(key, pair)
            self.editor.add_to_list(self._pod, pair, [data], last=last)

    def _add_volume(self) -> None:
        for item in items(value_at(self._pod, "volumes")):
            if text_at(item, "name") == VOLUME:
                node = resolved(item) or item
                there = is_there(data_of(node), self._additions.volume)
                if not there and self._first(node):
                    self.editor.replace_value(node, node, self._additions.volume)
                return
        self._add_item("volumes", self._additions.volume)

    # The services' variables ------------------------------------------------------------------

    def _set_variables(self, container: Container) -> None:
        path = f"{container.section}/{container.name}/env"
        wanted = self._additions.environment
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

    def _say_config_maps(self, container: Container) -> None:
        taken = self._shares.config_maps.variables(self._workload.namespace, container.node)
        for node, name, place, names in taken:
            cause = (
                f"{container.name} takes {', '.join(names)} from ConfigMap {name} ({place}); "
                "the agent's address in env wins, the others stay"
            )
            self._say(rules.ELSEWHERE, node, cause)

    def _say_elsewhere(self, container: Container, there: dict[str, Node]) -> None:
        for name, item in there.items():
            source = next(iter(own_pairs(value_at(item, "valueFrom"))), "")
            if not name.startswith("JAEGER_") or not source:
                continue
            kind = {"configMapKeyRef": "a ConfigMap", "secretKeyRef": "a Secret"}.get(source, "")
            replaced = name in self._additions.environment
            kept = "is replaced" if replaced else "is not read, and stays"
            cause = (
                f"{container.name}: {name} comes from {kind or 'a field of the pod'}, and {kept}"
            )
            self._say(rules.ELSEWHERE, item, cause)

    def _replace_agents(self) -> None:
        gone = [self._workload.containers[index] for index in agents_in(self._workload)]
        for container in gone:
            if self._shares.is_named(container.item):
                raise self._shared(container.node)
        agent = self._agent if self._additions.native else None
        way = GivingWay(self._document, self.editor, gone, self._first)
        way.run(self._pod, agent)
        self._memory.containers += way.entries
        for container in gone:
            self._say_replaced(container)

    def _say_replaced(self, container: Container) -> None:
        was = "native sidecar" if text_at(container.item, "restartPolicy") else "plain container"
        now = "native sidecar" if self._additions.native else "plain container"
        cause = f"container {container.name} is replaced ({was} -> {now})"
        self._say(rules.REPLACED, container.node, cause)
        for node in agents.token_places(container.node):
            cause = "the token is not carried on, and not shown; whoever read the manifest has it"
            self._say(rules.TOKEN_SHOWN, node, cause)
        for node in all_nodes(container.node):
            text = node.value if isinstance(node.value, str) else ""
            if agents.is_gateway_flag(text) and "dns:///" in text:
                cause = f"dns:/// is not carried on; the gateway is {self._additions.gateway}"
                self._say(rules.REPLACED, node, cause)
            if (port := agents.other_port(text)) is not None:
                cause = f"it listened on {port}, and the new agent listens on {COMPACT_PORT}"
                self._say(rules.REPLACED, node, cause)

    # Annotations ------------------------------------------------------------------------------

    def _annotate(self) -> None:
        template = self._workload.template
        metadata = pair_at(template, "metadata")
        if metadata is None:
            if self._first(template, "metadata"):
                data = {"annotations": self._marks()}
                self.editor.add_pair(template, "metadata", data, before="spec")
            return
        annotations = pair_at(metadata.value, "annotations")
        if annotations is None:
            self._add_annotations(metadata)
            return
        target = resolved(annotations.value) or annotations.value
        if not self._first(target):
            return
        self._remember_empty("metadata/annotations", annotations)
        marks, there = self._marks(), pairs(target)
        missing = {key: text for key, text in marks.items() if key not in there}
        if missing:
            node = resolved(metadata.value) or metadata.value
            self.editor.add_to_map(node, annotations, missing)
        for key in (key for key in marks if key in there):
            if text_at(there[key].value) != marks[key]:
                self.editor.replace_value(target, there[key].value, marks[key])

    def _add_annotations(self, metadata: Pair) -> None:
        node = resolved(metadata.value) or metadata.value
        if not self._first(node, "annotations"):
            return
        self._remember_empty("metadata", metadata)
        if _is_empty(node):
            data = {"annotations": self._marks()}
            self.editor.add_to_map(self._workload.template, metadata, data)
        else:
            self.editor.add_pair(node, "annotations", self._marks())

    def _marks(self) -> dict[str, str]:
        marks = {INJECTED: self._additions.kit_version}
        if text := self._memory.as_text():
            marks[UNDO] = text
        return marks

    # Shared parts -----------------------------------------------------------------------------

    def _first(self, node: Node, what: str = "") -> bool:
        """Tell whether a node is edited for the first time, and remember it."""
        mark = hash((id(node), what))
        if mark in self.done:
            return False
        self.done.add(mark)
        return True

    def _remember_empty(self, path: str, pair: Pair) -> None:
        if self._again or not _is_empty(pair.value):
            return
        node = pair.value
        text = self._document.text[node.start_mark.index : node.end_mark.index]
        if is_null(node) and text:
            self._memory.texts[path] = text
        else:
            self._memory.empty.append(path)

    def _shared(self, node: Node) -> Exception:
        cause = "what must change is also part of something else, by an alias: left as it is"
        return self._document.refusal(node.start_mark.line, rules.SHARED.problem(cause))

    def _say(self, rule: Any, node: Node, cause: str) -> None:  # noqa: ANN401
        subject = self._workload.subject
        self.findings.append(rule.finding(subject, self._document.place(node), cause))


def _variable(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _is_empty(node: Node) -> bool:
    target = resolved(node)
    return is_null(target) or (
        isinstance(target, (yaml.MappingNode, yaml.SequenceNode)) and not target.value
    )
