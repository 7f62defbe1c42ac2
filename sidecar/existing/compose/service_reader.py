"""Reads the values of one service of a Compose file, and keeps a finding for each that it cannot read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.nodes import Tree, scalar, sequence
from sidecar.existing.compose.records import Text
from sidecar.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Reader:
    """Reads the values of one service; keeps a finding for each that it cannot read."""

    tree: Tree
    service: str
    dotenv: Mapping[str, str]
    """What image, build, ports and volumes may use besides defaults; without secrets, for a spec is committed."""
    findings: list[Finding] = field(default_factory=list)

    def note(self, node: yaml.Node, cause: str, fix: str) -> None:
        """Keep a warning."""
        self.findings.append(
            Finding(Severity.WARNING, self.service, self.tree.place(node), cause, fix)
        )

    def text(self, node: yaml.Node, *, dotenv: bool = False) -> Text | None:
        """Return a scalar with its variables resolved."""
        raw = scalar(node)
        if raw is None:
            return None
        return Text(raw, self.tree.place(node), resolve(raw, self.dotenv if dotenv else {}))

    def plain(self, node: yaml.Node | None) -> str:
        """Return a scalar's text with the .env file's values too; empty where there is none."""
        found = self.text(node, dotenv=True) if node is not None else None
        return found.text if found else ""

    def complete(self, node: yaml.Node | None, what: str) -> bool:
        """Tell whether every variable of a value has one; else keep a warning."""
        found = self.text(node, dotenv=True) if node is not None else None
        if node is None or found is None or found.complete:
            return True
        cause = f"{what}: ${', $'.join(found.resolved.missing)} has no value in the file, or a secret's in .env"
        self.note(node, cause, f"Complete `{what}`")
        return False

    def texts(self, node: yaml.Node | None) -> list[str]:
        """Return the texts of a list, or of the one scalar that stands for it."""
        nodes = sequence(node) or ([node] if isinstance(node, yaml.ScalarNode) else [])
        return [text for text in map(self.plain, nodes) if text]

    def pairs(self, node: yaml.Node | None) -> dict[str, Text]:
        """Return KEY → value of a map or of a list of KEY=VALUE, without .env's values.

        A key without a value resolves to a missing variable.
        """
        pairs: list[tuple[str, yaml.Node, str | None]] = []
        for child in sequence(node):
            key, equals, value = (scalar(child) or "").partition("=")
            pairs.append((key.strip(), child, value if equals else None))
        pairs += [(key, child, scalar(child)) for key, child in self.tree.items(node).items()]
        found = {}
        for key, child, raw in pairs:
            shown = f"${{{key}}}" if raw is None else raw
            found[key] = Text(shown, self.tree.place(child), resolve(shown, {}))
        return {key: text for key, text in found.items() if key}
