"""sidecar.yaml → Spec: a closed schema, checked once, every error with its line."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.regions import NETWORKS
from sidecar.spec import AGENT_KINDS, Agent, Capacity, Service, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Parser = Callable[["_Reader", yaml.Node, str], Any]

T = TypeVar("T")
NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""A service's name: also a host name and a Compose key."""
_IMAGE = re.compile(r"[a-z0-9][\w./:@-]*", re.ASCII | re.IGNORECASE)
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_spec(path: Path) -> Spec:
    """Return the spec of a file. Raises SidecarError with every error of the file, one a line."""
    reader = _Reader(str(path))
    root = yamlio.compose(yamlio.read_text(path), str(path))
    if not isinstance(root, yaml.MappingNode):
        raise SidecarError(str(path), "is not a map", "The smallest spec is `region: cn-shanghai`")
    values = reader.mapping(root, "", _SPEC)
    if reader.errors:
        raise SpecError(reader.errors)
    return Spec(**{"region": "", **values})


class SpecError(SidecarError):
    """All errors of one spec."""

    def __init__(self, errors: list[SidecarError]) -> None:
        first = errors[0]
        super().__init__(first.subject, first.cause, first.fix)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


class _Reader:
    """Walks nodes with parsers and keeps every error."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.errors: list[SidecarError] = []

    def fail(self, node: yaml.Node, field: str, cause: str, fix: str = "") -> None:
        place = f"{self.file}:{node.start_mark.line + 1}"
        self.errors.append(SidecarError(f"{place}: {field}" if field else place, cause, fix))

    def mapping(self, node: yaml.Node, field: str, known: Mapping[str, Parser]) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, field, "is not a map", f"Give {', '.join(known)} below it")
            return {}
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            place = f"{field}.{key}" if field else key
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                self.fail(
                    key_node,
                    place,
                    "is not known",
                    f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}",
                )
            elif key in values:
                self.fail(key_node, place, "is given twice", "Keep one")
            else:
                values[key] = known[key](self, value_node, place)
        return values


def _text(pattern: re.Pattern[str], what: str) -> Parser:
    def parse(reader: _Reader, node: yaml.Node, field: str) -> str:
        if not yamlio.scalar_node(node, ("str",)):
            shown = repr(node.value) if isinstance(node, yaml.ScalarNode) else "this"
            reader.fail(node, field, f"{shown} is not text", "Put it in quotes")
        elif not pattern.fullmatch(node.value):
            reader.fail(node, field, f"{node.value!r} is not {what}")
        return str(node.value)

    return parse


def _integer(low: int, high: int, what: str) -> Parser:
    def parse(reader: _Reader, node: yaml.Node, field: str) -> int:
        text = node.value if yamlio.scalar_node(node, ("int",)) else ""
        if re.fullmatch(r"\d{1,9}", text) and low <= int(text) <= high:
            return int(text)
        shown = node.value if isinstance(node, yaml.ScalarNode) else "this"
        reader.fail(node, field, f"{shown} is not {what} ({low}-{high})")
        return low

    return parse


def _one_of(*choices: str) -> Parser:
    def parse(reader: _Reader, node: yaml.Node, field: str) -> str:
        if node.value not in choices:
            reader.fail(node, field, f"{node.value!r} is not known", f"Use {' or '.join(choices)}")
        return str(node.value)

    return parse


def _record(kind: Callable[..., T], fields: Mapping[str, Parser], required: tuple[str, ...] = ()) -> Parser:
    def parse(reader: _Reader, node: yaml.Node, field: str) -> T | None:
        values = reader.mapping(node, field, fields)
        missing = [key for key in required if key not in values]
        if missing and isinstance(node, yaml.MappingNode):
            reader.fail(node, field, f"has no {missing[0]}", f"Give {', '.join(required)}")
        return None if missing else kind(**values)

    return parse


def _list(item: Parser) -> Parser:
    def parse(reader: _Reader, node: yaml.Node, field: str) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            reader.fail(node, field, "is not a list with an entry")
            return ()
        return tuple(item(reader, child, f"{field}[{index}]") for index, child in enumerate(node.value))

    return parse


def _environment(reader: _Reader, node: yaml.Node, field: str) -> dict[str, str]:
    if not isinstance(node, yaml.MappingNode):
        reader.fail(node, field, "is not a map of variable to text")
        return {}
    values: dict[str, str] = {}
    for key, value in node.value:
        if not _VARIABLE.fullmatch(str(key.value)):
            reader.fail(key, field, f"{key.value!r} is not a variable's name")
        values[str(key.value)] = _text(_ANY, "text")(reader, value, f"{field}.{key.value}")
    return values


def _services(reader: _Reader, node: yaml.Node, field: str) -> tuple[Service, ...]:
    services = _list(_record(Service, _SERVICE, ("name", "image", "port")))(reader, node, field)
    names = [service.name for service in services if service]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.fail(node, field, f"names {name!r} twice", "Give each service its own name")
    return tuple(service for service in services if service)


_ANY = re.compile(r"(?s).*")
_port = _integer(1, 65535, "a port")
_image = _text(_IMAGE, "an image name")
_SERVICE: dict[str, Parser] = {
    "name": _text(NAME, "a name of a-z, 0-9 and -, at most 63 characters"),
    "image": _image,
    "port": _port,
    "publish": _port,
    "command": _list(_text(_ANY, "text")),
    "environment": _environment,
}
_AGENT: dict[str, Parser] = {
    "kind": _one_of(*AGENT_KINDS),
    "version": _text(_VERSION, "a version such as 1.62.0"),
    "image": _image,
}
_CAPACITY: dict[str, Parser] = {
    "spans_per_second": _integer(1, 1_000_000, "a rate"),
    "round_trip_ms": _integer(1, 60_000, "a round trip in ms"),
}
_SPEC: dict[str, Parser] = {
    "region": _text(re.compile(r"\S+"), "a region id"),
    "network": _one_of(*NETWORKS),
    "services": _services,
    "agent": _record(Agent, _AGENT),
    "capacity": _record(Capacity, _CAPACITY),
}
