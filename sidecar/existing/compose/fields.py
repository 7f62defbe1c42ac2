"""The smaller settings of a Compose service: build, volumes, health check, limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.existing.compose import syntax
from sidecar.existing.compose.nodes import scalar, sequence
from sidecar.rules import composefiles
from sidecar.spec import Build, HealthCheck, Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.existing.compose.service_reader import Reader

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]")
_HEALTH_SECONDS = {
    "interval": "interval_s",
    "timeout": "timeout_s",
    "start_period": "start_period_s",
}


def build(reader: Reader, node: yaml.Node | None) -> Build | None:
    """Return how the image is built, from the short or the long syntax."""
    if node is None:
        return None
    if isinstance(node, yaml.ScalarNode):
        context = reader.plain(node)
        reader.complete(node, "build.context")
        return Build(context) if context else None
    items = reader.tree.items(node)
    args = _build_args(reader, items.get("args"))
    for key in ("context", "dockerfile", "target"):
        reader.complete(items.get(key), f"build.{key}")
    return Build(
        context=reader.plain(items.get("context")) or ".",
        dockerfile=reader.plain(items.get("dockerfile")) or None,
        target=reader.plain(items.get("target")) or None,
        args={key: value for key, value in args.items() if value},
    )


def _build_args(reader: Reader, node: yaml.Node | None) -> dict[str, str]:
    """Return the arguments that have a value in the file; those in .env are often secrets."""
    given = reader.pairs(node)
    missing = [name for name, text in given.items() if not text.complete]
    if node is not None and missing:
        cause = f"build.args {', '.join(missing)}: the value comes from outside the file"
        fix = "Give it in the spec, unless it is a secret: an image's history shows it"
        reader.keep(node, composefiles.NEEDS_OUTSIDE_VALUE.problem(cause, fix))
    return {name: text.text for name, text in given.items() if text.complete}


def env_files(reader: Reader, node: yaml.Node | None) -> list[str]:
    """Return the paths of env_file: one, a list, or maps with a path."""
    nodes = sequence(node) or ([node] if node is not None else [])
    paths = (reader.tree.items(child).get("path", child) for child in nodes)
    complete = [path for path in paths if reader.complete(path, "env_files")]
    return [text for text in map(reader.plain, complete) if text]


def volumes(reader: Reader, node: yaml.Node | None) -> list[Volume]:
    """Return binds and named volumes; anonymous and other volumes become findings."""
    found = []
    for child in sequence(node):
        parts = (child, *reader.tree.items(child).values())
        if not all(reader.complete(part, "volumes") for part in parts):
            continue
        long = isinstance(child, yaml.MappingNode)
        volume = _long_volume(reader, child) if long else _short_volume(reader.plain(child))
        if volume and volume.source and volume.target.startswith("/"):
            found.append(volume)
        else:
            cause = "a volume has neither a name nor a path on this host"
            reader.unreadable(child, cause, "Write SOURCE:TARGET")
    return found


def _short_volume(text: str) -> Volume | None:
    if _WINDOWS.match(text):
        return None
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    return Volume(source if target else "", target or source, "ro" in mode.split(","))


def _long_volume(reader: Reader, node: yaml.Node) -> Volume | None:
    items = reader.tree.items(node)
    if reader.plain(items.get("type")) not in ("bind", "volume"):
        return None
    read_only = reader.plain(items.get("read_only")).casefold() in ("true", "yes", "on")
    return Volume(reader.plain(items.get("source")), reader.plain(items.get("target")), read_only)


def memory(reader: Reader, node: yaml.Node | None) -> int | None:
    """Return a memory limit in MiB."""
    text = reader.plain(node)
    if node is None or text in ("", "0"):
        return None
    size = syntax.mebibytes(text)
    if size is None:
        reader.unreadable(node, "its memory limit is not a size", "Give one such as 256m")
    return size


def cpus(reader: Reader, node: yaml.Node | None) -> float | None:
    """Return a limit of processors."""
    if node is None:
        return None
    try:
        return float(reader.plain(node) or 0) or None
    except ValueError:
        reader.unreadable(node, "its limit of CPUs is not a number", "Give one such as 0.5")
        return None


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


def health(reader: Reader, node: yaml.Node | None) -> HealthCheck | None:
    """Return a health check; None where there is none or it is disabled."""
    items = reader.tree.items(node)
    command = _test(reader, items.get("test"))
    if not command or reader.plain(items.get("disable")).casefold() == "true":
        return None
    given: dict[str, Any] = {"retries": replicas(reader, items.get("retries"))}
    for key, name in _HEALTH_SECONDS.items():
        given[name] = syntax.seconds(reader.plain(items.get(key)))
    return HealthCheck(command=command, **{name: value for name, value in given.items() if value})


def _test(reader: Reader, node: yaml.Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    found = [text for child in sequence(node) or [node] if (text := reader.text(child))]
    missing = [name for text in found for name in text.resolved.missing]
    problem = composefiles.outside_value("healthcheck", missing, "Give `health` with the value")
    if problem:
        reader.keep(node, problem)
        return ()
    texts = [text.text for text in found]
    if texts[:1] == ["CMD"]:
        return tuple(texts[1:])
    if texts[:1] == ["CMD-SHELL"]:
        return ("/bin/sh", "-c", *texts[1:2])
    return ("/bin/sh", "-c", *texts) if scalar(node) else ()
