"""One file of a spec as a tree of YAML nodes, or an error that says what the file is instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.spec.values import Place, Report

if TYPE_CHECKING:
    from pathlib import Path

_SMALLEST = "The smallest spec is `region: cn-shanghai`"


def read_document(path: Path, rank: int, report: Report) -> yaml.MappingNode | None:
    """Return a file's map; None where it has none, and the report says why."""
    try:
        return _map(path)
    except SidecarError as error:
        report.add(Place(str(path), rank=rank), error)
        return None


def _map(path: Path) -> yaml.MappingNode:
    name, text = str(path), yamlio.read_text(path)
    try:
        root = yamlio.compose(text, name)
    except SidecarError as error:
        raise _usual(error, text) from error
    if root is None:
        raise SidecarError(f"{name}:1", "is empty", _SMALLEST)
    if not isinstance(root, yaml.MappingNode):
        what = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise SidecarError(f"{name}:{yamlio.line_of(root)}", f"is {what}, not a map", _SMALLEST)
    yamlio.check_size(root, name)
    return root


def _usual(error: SidecarError, text: str) -> SidecarError:
    """Return an error of YAML's syntax, in better words where the slip is a usual one."""
    if "found another document" in error.cause:
        return SidecarError(
            error.subject, "begins a second document", "Keep one, or give it as a second --file"
        )
    found, lines = re.search(r":(\d+)$", error.subject), text.split("\n")
    if found and int(found[1]) <= len(lines) and re.match(r" *\t", lines[int(found[1]) - 1]):
        return SidecarError(
            error.subject, "is indented with a tab, which YAML does not allow", "Use blanks"
        )
    return error
