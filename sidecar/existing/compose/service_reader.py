"""Reads the values of one service of a Compose file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.nodes import Tree, scalar, sequence
from sidecar.existing.compose.records import Text
from sidecar.rules import composefiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.findings import Finding, Problem


@dataclass
class Reader:
    """Reads the values of one service; a value that it cannot read becomes a finding."""

    tree: Tree
    service: str
    dotenv: Mapping[str, str]
    """Variables for images, builds and ports; no secrets, for findings show values."""
    findings: list[Finding] = field(default_factory=list)

    def keep(self, node: yaml.Node, problem: Problem) -> None:
        """Keep a problem of the value at a node."""
        self.findings.append(problem.at(self.service, self.tree.place(node)))

    def unreadable(self, node: yaml.Node, cause: str, fix: str) -> None:
        """Keep the problem of a value that cannot be read."""
        self.keep(node, composefiles.UNREADABLE_VALUE.problem(cause, fix))

    def text(self, node: yaml.Node | None, *, dotenv: bool = False) -> Text | None:
        """Return a scalar with its variables expanded; None where there is none."""
        raw = scalar(node)
        if node is None or raw is None:
            return None
        return Text(raw, self.tree.place(node), resolve(raw, self.dotenv if dotenv else {}))

    def plain(self, node: yaml.Node | None) -> str:
        """Return a scalar's text, with .env's values, too; empty where there is none."""
        found = self.text(node, dotenv=True)
        return found.text if found else ""

    def texts(self, node: yaml.Node | None) -> list[str]:
        """Return the texts of a list, or of a scalar as a list of one."""
        nodes = sequence(node) or ([node] if isinstance(node, yaml.ScalarNode) else [])
        return [text for text in map(self.plain, nodes) if text]

    def pairs(self, node: yaml.Node | None) -> dict[str, Text]:
        """Return KEY → value of a map, or of a list of KEY=VALUE, without .env's values.

        A key without a value is a variable without one.
        """
        found = {}
        for key, child, raw in self._typed_pairs(node):
            shown = f"${{{key}}}" if raw is None else raw
            if key:
                found[key] = Text(shown, self.tree.place(child), resolve(shown, {}))
        return found

    def _typed_pairs(self, node: yaml.Node | None) -> list[tuple[str, yaml.Node, str | None]]:
        pairs: list[tuple[str, yaml.Node, str | None]] = []
        for child in sequence(node):
            key, equals, value = (scalar(child) or "").partition("=")
            pairs.append((key.strip(), child, value if equals else None))
        pairs += [(key, child, scalar(child)) for key, child in self.tree.items(node).items()]
        return pairs
