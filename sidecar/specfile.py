"""sidecar.yaml → Spec: a closed schema, checked once, every error with its line."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from sidecar import agent, yamlio
from sidecar.errors import SidecarError
from sidecar.regions import NETWORKS
from sidecar.spec import AGENT_KINDS, Agent, Capacity, Service, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Parser = Callable[["_Reader", yaml.Node, str], Any]

T = TypeVar("T")
NAME = re.compile(rf"(?!x-)[a-z]([a-z0-9-]{{0,{61 - len(agent.SUFFIX)}}}[a-z0-9])?")
"""A service's name: also a Compose key (`x-` would make it an extension) and, with the agent's suffix, a host name."""
_IMAGE = re.compile(r"[a-z0-9][\w./:@-]*", re.ASCII | re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ANY = re.compile(r"[^\0]*")


def read_spec(path: Path) -> Spec:
    """Return the spec of a file. Raises SidecarError with every error of the file, one a line."""
    reader = _Reader(str(path))
    root = yamlio.compose(yamlio.read_text(path), str(path))
    if not isinstance(root, yaml.MappingNode):
        raise SidecarError(f"{path}:1", "is not a map", "The smallest spec is `region: cn-shanghai`")
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
        self._errors: list[tuple[int, SidecarError]] = []

    @property
    def errors(self) -> list[SidecarError]:
        """In the file's order; some are found only when a whole list has been read."""
        return [error for _, error in sorted(self._errors, key=lambda pair: pair[0])]

    def fail(self, node: yaml.Node, field: str, cause: str, fix: str) -> None:
        line = yamlio.line_of(node)
        place = f"{self.file}:{line}"
        self._errors.append((line, SidecarError(f"{place}: {field}" if field else place, cause, fix)))

    def mapping(self, node: yaml.Node, field: str, known: Mapping[str, Parser]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, key, value_node in self.items(node, field, f"Give {', '.join(known)} below it"):
            place = _below(field, key)
            if key in known:
                values[key] = known[key](self, value_node, place)
            else:
                near = difflib.get_close_matches(key, known, n=1)
                fix = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}"
                self.fail(key_node, place, "is not known", fix)
        return values

    def items(self, node: yaml.Node, field: str, fix: str) -> list[tuple[yaml.Node, str, yaml.Node]]:
        """Return (key's node, key, value's node) of a map whose keys are text, each given once."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, field, "is not a map", fix)
            return []
        items: dict[str, tuple[yaml.Node, str, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.fail(key, field, "has a key that is not text", fix)
            elif key.value in items:
                self.fail(key, _below(field, key.value), "is given twice", "Keep one")
            else:
                items[key.value] = (key, key.value, value)
        return list(items.values())


def _shown(node: yaml.Node) -> str:
    return _short(repr(node.value)) if isinstance(node, yaml.ScalarNode) else "a list or map"


def _below(field: str, key: str) -> str:
    name = _short(key if key.isprintable() else repr(key))
    return f"{field}.{name}" if field else name


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _text(pattern: re.Pattern[str], what: str, fix: str) -> Parser:
    def parse(reader: _Reader, node: yaml.Node, field: str) -> str:
        if not yamlio.scalar_node(node, ("str",)):
            quotes = "Put it in quotes" if isinstance(node, yaml.ScalarNode) else f"Give {what}"
            reader.fail(node, field, f"{_shown(node)} is not text", quotes)
        elif not pattern.fullmatch(node.value):
            reader.fail(node, field, f"{_shown(node)} is not {what}", fix)
        return str(node.value)

    return parse


def _integer(low: int, high: int, what: str) -> Parser:
    def parse(reader: _Reader, node: yaml.Node, field: str) -> int:
        text = node.value if yamlio.scalar_node(node, ("int",)) else ""
        if re.fullmatch(r"[1-9][0-9]{0,8}", text) and low <= int(text) <= high:
            return int(text)
        reader.fail(node, field, f"{_shown(node)} is not {what}", f"Give a whole number from {low} to {high}")
        return low

    return parse


def _one_of(*choices: str) -> Parser:
    def parse(reader: _Reader, node: yaml.Node, field: str) -> str:
        if node.value not in choices:
            reader.fail(node, field, f"{_shown(node)} is not known", f"Use {' or '.join(choices)}")
        return str(node.value)

    return parse


def _version(reader: _Reader, node: yaml.Node, field: str) -> str:
    text: str = _text(agent.VERSION, "a version", "Give one such as 1.62.0")(reader, node, field)
    if agent.VERSION.fullmatch(text):
        try:
            agent.parse_version(text)
        except SidecarError as error:
            reader.fail(node, field, f"{_shown(node)}: {error.cause}", error.fix)
    return text


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
            reader.fail(node, field, "is not a list with an entry", "Begin each entry with `- `")
            return ()
        return tuple(item(reader, child, f"{field}[{index}]") for index, child in enumerate(node.value))

    return parse


def _environment(reader: _Reader, node: yaml.Node, field: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for key_node, key, value in reader.items(node, field, "Give VARIABLE: text below it"):
        if not _VARIABLE.fullmatch(key):
            cause = f"{_short(repr(key))} is not a variable's name"
            reader.fail(key_node, field, cause, "Use letters, digits and _")
        else:
            values[key] = _argument(reader, value, f"{field}.{key}")
    return values


def _services(reader: _Reader, node: yaml.Node, field: str) -> tuple[Service, ...]:
    parsed = _list(_record(Service, _SERVICE, ("name", "image", "port")))(reader, node, field)
    names: set[str] = set()
    published: set[int | None] = {None}
    for index, service in enumerate(parsed):
        if service is None:
            continue
        place, child = f"{field}[{index}]", node.value[index]
        taken = names & {service.name, service.name + agent.SUFFIX}
        if taken:
            reader.fail(child, f"{place}.name", f"{min(taken)!r} is taken", "Give each service its own name")
        if service.publish in published - {None}:
            reader.fail(child, f"{place}.publish", f"{service.publish} is taken", "Give each service its own port")
        names |= {service.name, service.name + agent.SUFFIX}
        published.add(service.publish)
    return tuple(service for service in parsed if service)


_argument = _text(_ANY, "text without a NUL character", "Leave the NUL out")
_port = _integer(1, 65535, "a port")
_image = _text(_IMAGE, "an image name", "Give one such as registry.example.com/team/web:1.0")
_SERVICE: dict[str, Parser] = {
    "name": _text(NAME, "a name", f"Use a-z, 0-9 and -, a letter but not x- first, at most {63 - len(agent.SUFFIX)}"),
    "image": _image,
    "port": _port,
    "publish": _port,
    "command": _list(_argument),
    "environment": _environment,
}
_AGENT: dict[str, Parser] = {
    "kind": _one_of(*AGENT_KINDS),
    "version": _version,
    "image": _image,
}
_CAPACITY: dict[str, Parser] = {
    "spans_per_second": _integer(1, 1_000_000, "a rate"),
    "round_trip_ms": _integer(1, 60_000, "a round trip in ms"),
}
_SPEC: dict[str, Parser] = {
    "region": _text(re.compile(r"\S+"), "a region id", "`sidecar regions` lists them"),
    "network": _one_of(*NETWORKS),
    "services": _services,
    "agent": _record(Agent, _AGENT),
    "capacity": _record(Capacity, _CAPACITY),
}
