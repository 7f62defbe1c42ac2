"""A node as data, to compare what is there with what should be."""

from __future__ import annotations

import re
from typing import Any

import yaml

from sidecar.existing.manifests.nodes import is_null, pairs, resolved

_FILLED_IN = {"protocol", "successThreshold", "terminationMessagePath", "scheme", "defaultMode"}
"""Of what inject adds, the fields that the API's server fills in."""
_INTEGER = re.compile(r"0|-?[1-9]\d*")
_OCTAL = re.compile(r"0[0-7]+")


def data_of(node: yaml.Node | None) -> Any:  # noqa: ANN401 - data of any shape
    """Return a node's data as the API's reader builds it, for the values that the kit writes."""
    node = resolved(node)
    if isinstance(node, yaml.MappingNode):
        return {key: data_of(pair.value) for key, pair in pairs(node).items()}
    if isinstance(node, yaml.SequenceNode):
        return [data_of(item) for item in node.value]
    if is_null(node) or not isinstance(node, yaml.ScalarNode):
        return None
    return node.value if node.style else _plain(str(node.value))


def is_there(found: Any, wanted: Any) -> bool:  # noqa: ANN401
    """Tell whether data is what is wanted, perhaps with what the API's server fills in."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        filled = found.keys() - wanted.keys()
        same = all(key in found and is_there(found[key], wanted[key]) for key in wanted)
        return same and filled <= _FILLED_IN
    if isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        return all(map(is_there, found, wanted))
    return bool(found == wanted)


def _plain(text: str) -> Any:  # noqa: ANN401
    if text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return int(text, 8) if _OCTAL.fullmatch(text) else text
