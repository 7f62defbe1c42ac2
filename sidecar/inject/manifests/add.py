"""Adds an agent to a workload: whatever of it is there already, as it should be, stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from sidecar.existing.manifests import agents
from sidecar.existing.manifests.nodes import (
    all_nodes,
    is_flow,
    items,
    own_pairs,
    pair_at,
    pairs,
    resolved,
    text_at,
    value_at,
)
from sidecar.inject.manifests.changes import is_empty
from sidecar.inject.manifests.choose import agents_in
from sidecar.inject.manifests.data import data_of, is_there
from sidecar.inject.manifests.giving_way import INIT, PLAIN, GivingWay
from sidecar.inject.manifests.marks import INJECTED, UNDO
from sidecar.inject.manifests.variables import Variables
from sidecar.rules import manifests as rules
from sidecar.rules.agents import COMPACT_PORT
from sidecar.targets.manifests import AGENT, VOLUME

if TYPE_CHECKING:
    from sidecar.existing.manifests.nodes import Node, Pair
    from sidecar.existing.manifests.tree import Document
    from sidecar.existing.manifests.workloads import Container, Workload
    from sidecar.inject.manifests.shared import Shares
    from sidecar.targets.manifests import Additions


class Injection(Variables):
    """The edits that give one workload its agent, and what is to be said about them.

    Raises SidecarError for a place that cannot be edited.
    """

    def __init__(
        self, document: Document, workload: Workload, additions: Additions, shares: Shares
    ) -> None:
        super().__init__(document, workload, additions, shares)
        replaces = bool(agents_in(workload) or self._memory.containers)
        self._agent = additions.successor if replaces else additions.agent
        self._pod = workload.pod
        self.editor.list_offset = self._offset()

    def run(self) -> None:
        """Collect all edits."""
        self._replace_agents()
        for container in self._served():  # at one place, what is deeper comes first
            self.say_past_the_agent(container)
            self.set_variables(container)
            self.say_config_maps(container)
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
        if (port := agents.other_port(container)) is not None:
            cause = f"it listened on {port}, and the new agent listens on {COMPACT_PORT}"
            self._say(rules.REPLACED, container.node, cause)
        for item in items(value_at(container.item, "ports")):
            if host_port := text_at(item, "hostPort"):
                cause = f"its port {host_port} of the node goes with it"
                self._say(rules.REPLACED, item, cause)
        for node in agents.token_places(container.node):
            cause = "the token is not carried on, and not shown; whoever read the manifest has it"
            self._say(rules.TOKEN_SHOWN, node, cause)
        for node in all_nodes(container.node):
            text = node.value if isinstance(node.value, str) else ""
            if agents.is_gateway_flag(text) and "dns:///" in text:
                cause = f"dns:/// is not carried on; the gateway is {self._additions.gateway}"
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
        if is_empty(node):
            data = {"annotations": self._marks()}
            self.editor.add_to_map(self._workload.template, metadata, data)
        else:
            self.editor.add_pair(node, "annotations", self._marks())

    def _marks(self) -> dict[str, str]:
        marks = {INJECTED: self._additions.kit_version}
        if text := self._memory.as_text():
            marks[UNDO] = text
        return marks
