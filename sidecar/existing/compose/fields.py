"""The smaller settings of a Compose service: build, env files, limits, health check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from sidecar.existing.compose import syntax
from sidecar.existing.compose.nodes import sequence
from sidecar.spec import Build

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.existing.compose.service_reader import Reader


def build(reader: Reader, node: yaml.Node | None) -> Build | None:
    """Return how the image is built, from the short or the long syntax."""
    if isinstance(node, yaml.ScalarNode):
        context = reader.plain(node)
        return Build(context) if context else None
    if node is None:
        return None
    items = reader.tree.items(node)
    args = reader.pairs(items.get("args")).items()
    return Build(
        context=reader.plain(items.get("context")) or ".",
        dockerfile=reader.plain(items.get("dockerfile")) or None,
        target=reader.plain(items.get("target")) or None,
        args={key: text.text for key, text in args if text.text and text.complete},
    )


def env_files(reader: Reader, node: yaml.Node | None) -> list[str]:
    """Return the paths of env_file: one, a list, or maps with a path."""
    nodes = sequence(node) or ([node] if node is not None else [])
    paths = (reader.tree.items(child).get("path", child) for child in nodes)
    texts = (reader.text(path, dotenv=True) for path in paths)
    return [found.text for found in texts if found and found.text and found.complete]


def memory(reader: Reader, node: yaml.Node | None) -> int | None:
    """Return a memory limit in MiB."""
    text = reader.plain(node)
    if node is None or text in ("", "0", "-1"):
        return None
    size = syntax.mebibytes(text)
    if size is None:
        reader.unreadable(node, "its memory limit is not a size", "Give one such as 256m")
    return size


def replicas(reader: Reader, node: yaml.Node | None) -> int | None:
    """Return how many containers run."""
    text = reader.plain(node)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None


def restart_policy(reader: Reader, deploy: Mapping[str, yaml.Node]) -> str:
    """Return deploy's restart policy; `any` is its default where the section is given."""
    node = deploy.get("restart_policy")
    if node is None:
        return ""
    return reader.plain(reader.tree.items(node).get("condition")) or "any"


def healthcheck(reader: Reader, node: yaml.Node | None) -> tuple[str, ...]:
    """Return the words of a health check's test; empty where there is none or it is disabled."""
    items = reader.tree.items(node)
    if reader.plain(items.get("disable")).casefold() == "true" or "test" not in items:
        return ()
    found = sequence(items["test"]) or [items["test"]]
    return tuple(text.text for child in found if (text := reader.text(child)))
