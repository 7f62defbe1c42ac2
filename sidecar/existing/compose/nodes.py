"""A YAML file as nodes: merge keys are followed, each value has its line, no value is built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from sidecar import yamlio
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from pathlib import Path

_MERGE = "tag:yaml.org,2002:merge"
_MAX_MERGES = 20
_MAX_KEYS = 5
"""Levels of keys whose places are kept: Compose's answers name no deeper ones."""
_STANDARD = "tag:yaml.org,2002:"
RESET = "!reset"
OWN_TAGS = (RESET, "!override")
"""Compose's own; it passes over every other tag."""
FOR_MANIFESTS = "Name a Compose file; `sidecar inject` and `sidecar validate` read manifests"
_MANIFEST = re.compile(r"^(?:apiVersion|kind):", re.MULTILINE)


class Tree:
    """One YAML file.

    Raises SidecarError "FILE:LINE" where it does not parse; `check` finds the rest.
    """

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        text = yamlio.read_text(path)
        try:
            self.root = yamlio.compose(text, self.file)
        except SidecarError as error:
            raise _broken(error, text) from None
        self._merged: dict[int, dict[str, yaml.Node]] = {}

    def check(self) -> None:
        """Raise SidecarError for duplicate keys, keys that are not text, and too many aliases."""
        if self.root:
            yamlio.check_size(self.root, self.file)
        for node in yamlio.nodes(self.root) if self.root else []:
            if isinstance(node, yaml.MappingNode):
                self._check_keys(node)

    def place(self, node: yaml.Node) -> str:
        """Return FILE:LINE."""
        return f"{self.file}:{yamlio.line_of(node)}"

    def places(self) -> dict[str, str]:
        """Return the place of each key by its dotted path, but for what is below `services`."""
        found: dict[str, str] = {}
        waiting = [("", self.root, 0)]
        while waiting:
            above, node, depth = waiting.pop()
            if not isinstance(node, yaml.MappingNode) or depth > _MAX_KEYS or above == "services.":
                continue
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    found[f"{above}{key.value}"] = self.place(key)
                    waiting.append((f"{above}{key.value}.", value, depth + 1))
        return found

    def items(self, node: yaml.Node | None, depth: int = 0) -> dict[str, yaml.Node]:
        """Return a map's values by key, its own over those of its merge keys.

        Empty for other nodes, and for what `!reset` takes out. Raises SidecarError where merge
        keys are nested too deeply.
        """
        if not isinstance(node, yaml.MappingNode) or node.tag == RESET:
            return {}
        if depth > _MAX_MERGES:
            cause = f"merges maps that merge maps, more than {_MAX_MERGES} levels deep"
            raise SidecarError(self.place(node), cause, "Flatten it")
        if id(node) not in self._merged:
            self._merged[id(node)] = self._merge(node, depth)
        return self._merged[id(node)]

    def _merge(self, node: yaml.MappingNode, depth: int) -> dict[str, yaml.Node]:
        own: dict[str, yaml.Node] = {}
        merged: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.tag != _MERGE:
                own[key.value] = value
                continue
            for source in sequence(value) or [value]:
                if not isinstance(source, yaml.MappingNode):
                    cause = "`<<` merges a value that is not a map"
                    raise SidecarError(self.place(key), cause, "Name a map's anchor")
                merged = {**self.items(source, depth + 1), **merged}  # of several, the first wins
        return {**merged, **own}

    def _check_keys(self, node: yaml.MappingNode) -> None:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                cause = "has a key that is not text"
                raise SidecarError(self.place(key), cause, "Write KEY: VALUE")
            if key.value in seen:
                cause = f"the key {key.value[:60]!r} is given twice"
                fix = "Write <<: [*ONE, *OTHER]" if key.tag == _MERGE else "Keep one"
                raise SidecarError(self.place(key), cause, fix)
            seen.add(key.value)


def _broken(error: SidecarError, text: str) -> SidecarError:
    """Return an error of YAML's syntax, in better words for a usual mistake."""
    if "found another document" in error.cause:
        fix = "Put each into a file of its own, and name them in order"
        if _MANIFEST.search(text):
            fix = FOR_MANIFESTS
        return SidecarError(error.subject, "begins a second document", fix)
    if template := re.search(r"\{\{|\{%", text):
        cause = f"holds `{template[0]}`: it is a template, not yet rendered"
        line = text.count("\n", 0, template.start()) + 1
        subject = re.sub(r":\d+$", "", error.subject)
        return SidecarError(f"{subject}:{line}", cause, "Render it first, and name the result")
    return error


def scalar(node: yaml.Node | None) -> str | None:
    """Return a scalar as it was typed; None for null and for other nodes."""
    if not isinstance(node, yaml.ScalarNode) or node.tag in (f"{_STANDARD}null", RESET):
        return None
    return str(node.value)


def sequence(node: yaml.Node | None) -> list[yaml.Node]:
    """Return a list's nodes, without those that `!reset` takes out; empty for other nodes."""
    if not isinstance(node, yaml.SequenceNode) or node.tag == RESET:
        return []
    return [child for child in node.value if child.tag != RESET]
