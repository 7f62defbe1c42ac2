"""One service of a Compose file, from its nodes to a record.

What cannot be read becomes a finding, not an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from sidecar.existing.compose import fields, syntax
from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.nodes import OWN_TAGS, scalar, sequence
from sidecar.existing.compose.records import ComposeService, Port, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.existing.compose.service_reader import Reader


def read_service(reader: Reader, node: yaml.Node) -> ComposeService:
    """Return the service of a node, without what it extends."""
    items = reader.tree.items(node)
    deploy = reader.tree.items(items.get("deploy"))
    limits = reader.tree.items(reader.tree.items(deploy.get("resources")).get("limits"))
    labels = reader.pairs(items.get("labels"))
    env_files = tuple(fields.env_files(reader, items.get("env_file")))
    return ComposeService(
        name=reader.service,
        place=reader.tree.place(node),
        image=reader.text(items.get("image"), dotenv=True),
        build=fields.build(reader, items.get("build")),
        dockerfile=reader.text(reader.tree.items(items.get("build")).get("dockerfile_inline")),
        ports=_ports(reader, items.get("ports")),
        command=_words(reader, items.get("command")) or (),
        entrypoint=_words(reader, items.get("entrypoint")),
        environment=reader.pairs(items.get("environment")),
        env_files=env_files,
        unseen=("*",) if env_files else (),
        depends_on=_depends_on(reader, items),
        dependencies=_dependencies(reader, items.get("depends_on")),
        links=tuple(reader.texts(items.get("links"))),
        aliases=tuple(_aliases(reader, items)),
        networks=_networks(reader, items.get("networks")),
        network_mode=reader.plain(items.get("network_mode")),
        restart=reader.plain(items.get("restart")) or fields.restart_policy(reader, deploy),
        memory_mib=fields.memory(reader, limits.get("memory") or items.get("mem_limit")),
        replicas=fields.replicas(reader, deploy.get("replicas") or items.get("scale")),
        healthcheck=fields.healthcheck(reader, items.get("healthcheck")),
        profiles=tuple(reader.texts(items.get("profiles"))),
        labels=tuple(f"{key}={text.text}" for key, text in labels.items()),
        places={key: reader.tree.place(value) for key, value in items.items()},
        tag=node.tag if node.tag in OWN_TAGS else "",
        replaced=tuple(key for key, value in items.items() if value.tag in OWN_TAGS),
    )


def _words(reader: Reader, node: yaml.Node | None) -> tuple[Text, ...] | None:
    """Return a command's words: a list as it is, a text split as a shell does."""
    if isinstance(node, yaml.SequenceNode):
        texts = (reader.text(child) for child in sequence(node))
        return tuple(text for text in texts if text is not None)
    raw = scalar(node)
    if node is None or raw is None:
        return None
    parts = syntax.words(raw)
    if parts is None:
        reader.unreadable(node, "a quote in a command line does not close", "Close it")
    place = reader.tree.place(node)
    return tuple(Text(part, place, resolve(part, {})) for part in parts or ())


def _ports(reader: Reader, node: yaml.Node | None) -> tuple[Port, ...]:
    return tuple(port for child in sequence(node) for port in _port(reader, child))


def _port(reader: Reader, node: yaml.Node) -> list[Port]:
    if isinstance(node, yaml.MappingNode):
        items = reader.tree.items(node)
        keys = ("host_ip", "published", "target", "protocol")
        host, published, target, protocol = (reader.plain(items.get(key)) for key in keys)
    else:
        host, published, target, protocol = syntax.short_port(reader.plain(node))
    inside = syntax.port_range(target)
    outside = syntax.port_range(published) if published else None
    if inside is None or (published and outside is None):
        reader.unreadable(node, "a port cannot be read", "Give HOST:CONTAINER, each 1-65535")
        return []
    place = reader.tree.place(node)
    outsides = list(outside or ())[: len(inside)]
    pairs = zip(inside, [*outsides, *[None] * (len(inside) - len(outsides))], strict=True)
    return [Port(port, other, host, protocol or "tcp", place) for port, other in pairs]


def _depends_on(reader: Reader, items: Mapping[str, yaml.Node]) -> dict[str, str]:
    node = items.get("depends_on")
    links = (link.partition(":")[0] for link in reader.texts(items.get("links")))
    found = dict.fromkeys((*links, *reader.texts(node)), "service_started")
    for name, child in reader.tree.items(node).items():
        found[name] = reader.plain(reader.tree.items(child).get("condition")) or "service_started"
    return found


def _dependencies(reader: Reader, node: yaml.Node | None) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {name: {} for name in reader.texts(node)}
    for name, child in reader.tree.items(node).items():
        settings = reader.tree.items(child).items()
        found[name] = {key: text for key, value in settings if (text := reader.plain(value))}
    return found


def _networks(reader: Reader, node: yaml.Node | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = dict.fromkeys(reader.texts(node), ())
    for name, child in reader.tree.items(node).items():
        found[name] = tuple(reader.texts(reader.tree.items(child).get("aliases")))
    return found


def _aliases(reader: Reader, items: Mapping[str, yaml.Node]) -> list[str]:
    found = []
    for network in reader.tree.items(items.get("networks")).values():
        found += reader.texts(reader.tree.items(network).get("aliases"))
    names = (reader.plain(items.get(key)) for key in ("container_name", "hostname"))
    return [*found, *filter(None, names)]
