"""YAML in and out: loads with the position of every value, and dumps values as data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 50
"""Far more than any file of the kit has; at some thousands, the C parser overflows its stack."""


MOST_VALUES = 100_000
"""With aliases expanded; some hundred times what the largest spec has."""


def read_text(path: Path) -> str:
    """Return the text of a file: UTF-8, at most 1 MiB. Raises SidecarError if it is not."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SidecarError(
            str(path), error.strerror or str(error), "Check the path and its permissions"
        ) from error
    return decode(data, str(path))


def decode(data: bytes, name: str) -> str:
    """Return the text of at most 1 MiB of UTF-8. Raises SidecarError, which does not show it."""
    if len(data) > MAX_BYTES:
        raise SidecarError(name, "is larger than 1 MiB", "Name the right file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SidecarError(name, "is not UTF-8 text", "Save it as UTF-8") from None


def load(text: str, name: str) -> Any:  # noqa: ANN401 - YAML is data of any shape
    """Return the data of a YAML document. Raises SidecarError "name:line" if it does not parse."""
    return construct(compose(text, name), name)


def compose(text: str, name: str) -> yaml.Node | None:
    """Return the node tree, which has the line of each value. Raises SidecarError like `load`."""
    try:
        _check_depth(text, name)
        return yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise _syntax(error, name) from error


def construct(node: yaml.Node | None, name: str) -> Any:  # noqa: ANN401
    """Return a node's data. Raises SidecarError "name:line" for a repeated key or a bad value."""
    if node is None:
        return None
    check_size(node, name)
    try:
        return _Data("").construct_document(node)
    except yaml.YAMLError as error:
        raise _syntax(error, name) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # PyYAML's own constructors let these out, e.g. for the date 2026-99-99
        raise SidecarError(
            name, f"holds a value that YAML cannot read ({error})", "Put it in quotes"
        ) from error


def line_of(node: yaml.Node) -> int:
    """Return the line on which a node starts, from 1."""
    return int(node.start_mark.line) + 1


def nodes(root: yaml.Node) -> list[yaml.Node]:
    """Return each node once, however many aliases name it."""
    found: dict[int, yaml.Node] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in found:
            continue
        found[id(node)] = node
        if isinstance(node, yaml.MappingNode):
            waiting += [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return list(found.values())


def check_size(node: yaml.Node, name: str) -> None:
    """Raise SidecarError for a tree that aliases make too large: merge keys expand them."""
    if size_of(node) > MOST_VALUES:
        raise SidecarError(
            name,
            f"holds more than {MOST_VALUES:,} values, with aliases expanded",
            "Split it",
        )


def size_of(root: yaml.Node, target: Callable[[yaml.Node], yaml.Node] = lambda node: node) -> int:
    """Return how many values a tree has with aliases expanded; a node inside itself counts once.

    `target` returns the node that an alias names, where aliases are nodes of their own.
    """
    return _size(root, target, {})


def _size(node: yaml.Node, target: Callable[[yaml.Node], yaml.Node], sizes: dict[int, int]) -> int:
    node = target(node)
    if id(node) in sizes:
        return sizes[id(node)]
    sizes[id(node)] = 1
    children: list[yaml.Node] = []
    if isinstance(node, yaml.SequenceNode):
        children = node.value
    elif isinstance(node, yaml.MappingNode):
        children = [child for pair in node.value for child in pair]
    # an alias comes after its anchor, so this goes no deeper than the levels of the document
    sizes[id(node)] = 1 + sum(_size(child, target, sizes) for child in children)
    return sizes[id(node)]


class _Data(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                cause = f"the key {key.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, cause, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _check_depth(text: str, name: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > _MAX_DEPTH:
            raise SidecarError(
                _place(name, event.start_mark),
                f"is nested deeper than {_MAX_DEPTH} levels",
                "Flatten it",
            )


def _place(name: str, mark: Any) -> str:  # noqa: ANN401 - the C parser's mark or Python's
    return f"{name}:{mark.line + 1}" if mark else name


def _syntax(error: yaml.YAMLError, name: str) -> SidecarError:
    place = _place(name, getattr(error, "problem_mark", None))
    cause = f"is not YAML: {getattr(error, 'problem', None) or 'unreadable characters'}"
    return SidecarError(place, cause, "Correct this line, or the one before")


_PLAIN = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_JSON = json.JSONEncoder(ensure_ascii=False)
_BEYOND_ASCII = re.compile(r"[^ -~]")
_NOT_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def flow(value: Any) -> str:  # noqa: ANN401
    """Return the value on one line: plain if YAML 1.1 and 1.2 read it as text, otherwise as JSON.

    Raises SidecarError, without the value, for a path with bytes that are not UTF-8.
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.casefold() not in _NOT_TEXT:
        return value
    return _BEYOND_ASCII.sub(_escape, _JSON.encode(value))


def _escape(found: re.Match[str]) -> str:
    if "\ud800" <= found[0] <= "\udfff":  # Python's form of a byte that is not UTF-8
        cause = "holds bytes that are not UTF-8, and YAML cannot hold them"
        raise SidecarError("a path or text", cause, "Rename the folder, or write the text in UTF-8")
    # not as JSON's surrogate pairs: YAML has none, and Compose refuses them
    return f"\\U{ord(found[0]):08x}" if found[0] > "\uffff" else f"\\u{ord(found[0]):04x}"


def block(value: Any, indent: int = 0) -> str:  # noqa: ANN401
    """Return maps of maps as lines, and all below a list on one: for people to read."""
    lines = []
    for key, inner in value.items():
        head = f"{' ' * indent}{flow(key)}:"
        if isinstance(inner, dict) and inner:
            lines += [f"{head}\n", block(inner, indent + 2)]
        else:
            lines.append(f"{head} {flow(inner)}\n")
    return "".join(lines)
