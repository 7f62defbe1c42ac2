"""What maps and named entries are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from sidecar.spec.values import Source, Value, below

if TYPE_CHECKING:
    from collections.abc import Iterator


def entries(
    node: yaml.Node, source: Source, path: str, fix: str
) -> Iterator[tuple[yaml.ScalarNode, str, yaml.Node]]:
    """Yield (key's node, key, value's node) of a map whose keys are scalars, each given once; all else is reported."""
    if not isinstance(node, yaml.MappingNode):
        source.fail(node, path, "is not a map", fix)
        return
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            source.fail(key, path, "has a key that is not text", fix)
        elif key.tag == "tag:yaml.org,2002:merge":
            source.fail(
                key,
                below(path, "<<"),
                "merges maps, which not every YAML does",
                "Write the keys out",
            )
        elif key.value in seen:
            source.fail(key, below(path, key.value), "is given twice", "Keep one")
        else:
            seen.add(key.value)
            yield key, key.value, value


def name_of(value: Value) -> str:
    """Return the name of a list's entry; empty where it has none that could be read."""
    name = value.data.get("name") if isinstance(value.data, dict) else None
    return name.data if name and isinstance(name.data, str) else ""
