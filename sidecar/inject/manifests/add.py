"""Adds an agent to a workload, and keeps what is right already."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    texts_at,
    value_at,
)
from sidecar.inject.manifests.changes import is_empty
from sidecar.inject.manifests.choose import agents_in
from sidecar.inject.manifests.data import data_of, is_there
from sidecar.inject.manifests.giving_way import INIT, PLAIN, GivingWay
from sidecar.inject.manifests.marks import CHECKSUM, INJECTED, UNDO
from sidecar.inject.manifests.own import own_names
from sidecar.inject.manifests.variables import Variables
from sidecar.rules import injections, tracers
from sidecar.rules.agents import COMPACT_PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.existing.manifests.nodes import Node, Pair
    from sidecar.existing.manifests.tree import Document
    from sidecar.existing.manifests.workloads import Container, Workload
    from sidecar.inject.manifests.shared import Shares
    from sidecar.targets.manifests import Additions
    from sidecar.targets.manifests.parts import Data


GRACE_SECONDS = 30
"""How long a pod has to end that names no time."""


class Injection(Variables):
    """The edits that give one workload its agent, and what is to be said about them.

    Raises SidecarError for a place that cannot be edited.
    """

    def __init__(
        self, document: Document, workload: Workload, additions: Additions, shares: Shares
    ) -> None:
        super().__init__(document, workload, additions, shares)
        replaces = bool(agents_in(workload) or self._memory.containers)
        self._pod = workload.pod
        self._own = own_names(workload)
        agent = additions.successor if replaces else additions.agent
        self._agents = additions.around(agent, self._grace())
        self.editor.list_offset = self._offset()

    def run(self) -> None:
        """Collect all edits."""
        self._say_instrumented()
        self._replace_agents()
        for container in self._served():  # at one place, what is deeper comes first
            self.say_past_the_agent(container)
            self.set_variables(container)
            self.say_config_maps(container)
        self._add_agent()
        self._add_volumes()
        self._annotate()
        if other := self._shares.outside(self.editor.edited):
            raise self._shared(other)

    def _say_instrumented(self) -> None:
        annotations = texts_at(self._workload.template, "metadata", "annotations")
        inherited = self._shares.config_maps.annotations(self._workload.namespace)
        if problem := tracers.instrumented(annotations, inherited):
            self._say(problem.rule, self._workload.kind_node, problem.cause)

    # The agent --------------------------------------------------------------------------------

    def _grace(self) -> int:
        text = text_at(self._pod, "terminationGracePeriodSeconds")
        return int(text) if text.isdecimal() else GRACE_SECONDS

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
        return container.name in self._own.containers

    def _add_agent(self) -> None:
        section = INIT if self._additions.native else PLAIN
        ours = [one for one in self._workload.containers if self._is_own(one)]
        here = {one.index: one.node for one in ours if one.section == section}
        self._drop_own([one for one in ours if one.section != section])
        target = value_at(self._pod, section)
        if target is not None and here:
            self._settle(target, here, self._agents)
        else:
            self._add_items(section, self._agents, last=section == PLAIN)

    def _drop_own(self, ours: list[Container]) -> None:
        target = value_at(self._pod, ours[0].section) if ours else None
        if target is None or not self._first(target):
            return
        if len(target.value) == len(ours):
            self.editor.drop_pairs(self._pod, [ours[0].section])
        else:
            self.editor.drop_items(target, [one.index for one in ours])

    def _settle(self, target: Node, ours: dict[int, Node], wanted: Sequence[Data]) -> None:
        """Make of a list's items what is wanted: each takes the place of one, in their order."""
        for node, data in zip(ours.values(), wanted, strict=False):
            if not is_there(data_of(node), data) and self._first(node):
                self.editor.replace_value(node, node, data)
        places = list(ours)
        gone, more = places[len(wanted) :], list(wanted[len(places) :])
        if gone and self._first(target, "gone"):
            self.editor.drop_items(target, gone)
        if more and self._first(target, "more"):
            self.editor.add_behind(target, places[-1], more)

    def _add_items(self, key: str, data: Sequence[Data], *, last: bool = False) -> None:
        pair = pair_at(self._pod, key)
        if pair is None:
            if self._first(self._pod, key):
                self.editor.add_pair(self._pod, key, list(data), before=PLAIN)
            return
        if self._first(resolved(pair.value) or pair.value):
            self._remember_empty(key, pair)
            self.editor.add_to_list(self._pod, pair, list(data), last=last)

    def _add_volumes(self) -> None:
        there = list(enumerate(items(value_at(self._pod, "volumes"))))
        named = [(i, one) for i, one in there if text_at(one, "name") in self._own.volumes]
        ours = {index: resolved(item) or item for index, item in named}
        target = value_at(self._pod, "volumes")
        if target is not None and ours:
            self._settle(target, ours, self._additions.volumes)
        else:
            self._add_items("volumes", self._additions.volumes)

    def _replace_agents(self) -> None:
        gone = [self._workload.containers[index] for index in agents_in(self._workload)]
        for container in gone:
            if self._shares.is_named(container.item):
                raise self._shared(container.node)
        way = GivingWay(self._document, self.editor, gone, self._first)
        way.run(self._pod, self._agents if self._additions.native else ())
        self._memory.containers += way.entries
        for container in gone:
            self._say_replaced(container)

    def _say_replaced(self, container: Container) -> None:
        was = "native sidecar" if text_at(container.item, "restartPolicy") else "plain container"
        now = "native sidecar" if self._additions.native else "plain container"
        cause = f"container {container.name} is replaced ({was} -> {now})"
        self._say(injections.REPLACED, container.node, cause)
        if (port := agents.other_port(container)) is not None:
            cause = f"it listened on {port}, and the new agent listens on {COMPACT_PORT}"
            self._say(injections.REPLACED, container.node, cause)
        for item in items(value_at(container.item, "ports")):
            if host_port := text_at(item, "hostPort"):
                cause = f"its port {host_port} of the node is removed with it"
                self._say(injections.REPLACED, item, cause)
        for node in agents.token_places(container.node):
            cause = "its token is not copied or shown; whoever has read the manifest knows it"
            self._say(injections.TOKEN_SHOWN, node, cause)
        for node in all_nodes(container.node):
            text = node.value if isinstance(node.value, str) else ""
            if agents.is_gateway_flag(text) and "dns:///" in text:
                cause = f"dns:/// is not kept; the gateway is {self._additions.gateway}"
                self._say(injections.REPLACED, node, cause)

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
        if CHECKSUM in there and CHECKSUM not in marks:
            self.editor.drop_pairs(target, [CHECKSUM])

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
        if self._additions.shared:
            marks[CHECKSUM] = self._additions.shared.checksum
        if text := self._memory.as_text():
            marks[UNDO] = text
        return marks
