"""YAML in and out: loading with the position of every value, and dumping values as data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from pathlib import Path

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_text(path: Path) -> str:
    """Return a file's text (UTF-8). Raises SidecarError where it cannot be read or is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SidecarError(str(path), "is not UTF-8 text", "Save it as UTF-8") from error
    except OSError as error:
        raise SidecarError(str(path), error.strerror or str(error), "Check the path and its rights") from error


def load(text: str, name: str) -> Any:  # noqa: ANN401 - YAML is data of any shape
    """Return the data of one YAML document. Raises SidecarError "name:line" where it does not parse."""
    try:
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - the safe loader, in C
    except yaml.YAMLError as error:
        raise _syntax(error, name) from error


def compose(text: str, name: str) -> yaml.Node | None:
    """Return the document's node tree, which knows each value's line. Raises SidecarError as `load`."""
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise _syntax(error, name) from error


def _syntax(error: yaml.YAMLError, name: str) -> SidecarError:
    mark = getattr(error, "problem_mark", None)
    place = f"{name}:{mark.line + 1}" if mark else name
    return SidecarError(place, f"is not YAML: {getattr(error, 'problem', None) or 'unreadable characters'}")


def scalar_node(node: yaml.Node, tags: tuple[str, ...]) -> bool:
    """Tell whether a node is a scalar that resolves to one of the tags ("str", "int", …)."""
    return isinstance(node, yaml.ScalarNode) and node.tag.rpartition(":")[2] in tags


_PLAIN = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_NOT_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def flow(value: Any) -> str:  # noqa: ANN401
    """Return the value on one line: a word that YAML 1.1 and 1.2 both read as text as it is, all else as JSON."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.casefold() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=True)
