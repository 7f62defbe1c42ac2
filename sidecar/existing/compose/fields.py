"""The smaller fields of a Compose service: build, volumes, health, limits."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.existing.compose import secrets, syntax
from sidecar.existing.compose.nodes import scalar, sequence
from sidecar.spec import Build, HealthCheck, Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.existing.compose.records import ComposeService
    from sidecar.existing.compose.service_reader import Reader
    from sidecar.findings import Finding

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]")
_HEALTH_SECONDS = {
    "interval": "interval_s",
    "timeout": "timeout_s",
    "start_period": "start_period_s",
}


def with_findings(service: ComposeService, findings: list[Finding]) -> ComposeService:
    """Return the service with more findings."""
    return replace(service, findings=(*service.findings, *findings))


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
    """Return the arguments whose value the file gives: what .env gives is often a secret, and stays there."""
    given = reader.pairs(node)
    if node is None:
        return {}
    if missing := [name for name, text in given.items() if not text.complete]:
        cause = f"build.args {', '.join(missing)}: the value comes from outside the file; not taken over"
        reader.note(
            node, cause, "Give it in the spec, unless it is a secret: an image's history shows it"
        )
    args = {name: text.text for name, text in given.items() if text.complete}
    if clear := [name for name, value in args.items() if secrets.is_secret(name, value)]:
        cause = f"build.args {', '.join(clear)}: in clear, as in the Compose file"
        reader.note(node, cause, "Take it out: an image's history shows it")
    return args


def env_files(reader: Reader, node: yaml.Node | None) -> list[str]:
    """Return the paths of env_file: one, a list, or maps with a path."""
    nodes = sequence(node) or ([node] if node is not None else [])
    named = [reader.tree.items(child).get("path", child) for child in nodes]
    return [
        path for one in named if reader.complete(one, "env_files") and (path := reader.plain(one))
    ]


def volumes(reader: Reader, node: yaml.Node | None) -> list[Volume]:
    """Return binds and named volumes; anonymous ones and other kinds become findings."""
    found = []
    for child in sequence(node):
        if not all(
            reader.complete(part, "volumes") for part in (child, *reader.tree.items(child).values())
        ):
            continue
        volume = (
            _long_volume(reader, child)
            if isinstance(child, yaml.MappingNode)
            else _volume(reader.plain(child))
        )
        if volume and volume.source and volume.target.startswith("/"):
            found.append(volume)
        else:
            reader.note(
                child,
                "a volume that is neither named nor a path here is not taken over",
                "Write SOURCE:TARGET",
            )
    return found


def _volume(text: str) -> Volume:
    if _WINDOWS.match(text):
        return Volume("", "")
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
    """Return a limit of memory in MiB."""
    text = reader.plain(node)
    if node is None or not text or text == "0":
        return None
    size = syntax.mebibytes(text)
    if size is None:
        reader.note(node, "its memory limit is not a size; not taken over", "Give one such as 256m")
    return size


def cpus(reader: Reader, node: yaml.Node | None) -> float | None:
    """Return a limit of processors."""
    if node is None:
        return None
    try:
        return float(reader.plain(node) or 0) or None
    except ValueError:
        reader.note(
            node, "its limit of CPUs is not a number; not taken over", "Give one such as 0.5"
        )
        return None


def replicas(reader: Reader, node: yaml.Node | None) -> int | None:
    """Return how many containers run."""
    text = reader.plain(node)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None


def restart_policy(reader: Reader, deploy: Mapping[str, yaml.Node]) -> str:
    """Return deploy's restart policy; its default, where the section is there, is `any`."""
    node = deploy.get("restart_policy")
    return (
        (reader.plain(reader.tree.items(node).get("condition")) or "any")
        if node is not None
        else ""
    )


def health(reader: Reader, node: yaml.Node | None) -> HealthCheck | None:
    """Return a health check; None where there is none, or it is switched off."""
    items = reader.tree.items(node)
    command = _test(reader, items.get("test"))
    if not command or reader.plain(items.get("disable")).casefold() == "true":
        return None
    times = {
        name: syntax.seconds(reader.plain(items.get(key))) for key, name in _HEALTH_SECONDS.items()
    }
    retries = replicas(reader, items.get("retries"))
    given: dict[str, Any] = {
        name: value for name, value in {**times, "retries": retries}.items() if value
    }
    return HealthCheck(command=command, **given)


def _test(reader: Reader, node: yaml.Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    found = [text for child in sequence(node) or [node] if (text := reader.text(child))]
    if missing := list(dict.fromkeys(name for text in found for name in text.resolved.missing)):
        cause = f"${', $'.join(missing)} of its health check has no default; not taken over"
        reader.note(node, cause, "Give `health` with the value")
        return ()
    texts = [text.text for text in found]
    if texts[:1] == ["CMD"]:
        return tuple(texts[1:])
    if texts[:1] == ["CMD-SHELL"]:
        return ("/bin/sh", "-c", *texts[1:2])
    return ("/bin/sh", "-c", *texts) if scalar(node) else ()
