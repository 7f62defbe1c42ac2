"""Files, variables and flags → spec: each layer is read on its own, and later ones win."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.rules.specs import BROKEN_YAML, NOT_A_SPEC, UNREADABLE_FILE
from sidecar.spec.fields import SPEC
from sidecar.spec.provenance import DEFAULT, Origin, trace
from sidecar.spec.scalars import PatternText
from sidecar.spec.sources import ErrorList, Place, Source, SpecError, Value
from sidecar.spec.table import variables, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sidecar.spec.records import Spec
    from sidecar.spec.sections import Field


@dataclass(frozen=True)
class Loaded:
    """A spec, and where all of it came from."""

    spec: Spec
    provenance: Mapping[str, Origin]
    """Path ("gateway.network", "services.web.image") → the value and its source."""
    folder: Path
    """What relative paths of the spec start from: the first file's folder."""
    files: tuple[Path, ...] = ()

    def place(self, *paths: str) -> str:
        """Return the place of the first of the fields that was given; empty if none was."""
        for path in paths:
            origin = self.provenance.get(path)
            if origin and origin.source != DEFAULT:
                return origin.source
        return ""

    def placed(self, error: SidecarError) -> SidecarError:
        """Return the error of a field, or of several, with the place that its value came from."""
        if isinstance(error, SpecError):
            return SpecError([self.placed(each) for each in error.errors])
        place = self.place(error.subject, f"{error.subject}.name")
        return error.about(f"{place}: {error.subject}") if place else error


def load(
    files: Sequence[Path] = (),
    flags: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Return the spec of the files under the environment's variables under the flags (path → text).

    The region may still be missing. Raises SpecError with every error of every layer.
    """
    errors = ErrorList()
    empty = Value({}, Place(DEFAULT))
    layers = [*_of_files(files, errors), *_of_texts(flags or {}, environ or {}, errors, len(files))]
    merged = reduce(SPEC.merge, layers, empty)
    spec = SPEC.build(merged, errors, "")
    errors.require_none()
    folder = files[0].parent if files and files[0].is_file() else Path()
    return Loaded(spec, trace(merged), folder, tuple(files))


# Files ----------------------------------------------------------------------------------------


def _of_files(files: Sequence[Path], errors: ErrorList) -> Iterator[Value]:
    for rank, path in enumerate(files):
        if root := _root(path, rank, errors):
            yield SPEC.read(root, Source(str(path), rank, errors), "")


def _root(path: Path, rank: int, errors: ErrorList) -> yaml.MappingNode | None:
    """Return a file's map; None if it has none, and the error list says why."""
    try:
        return _read_map(path)
    except SidecarError as error:
        errors.add(Place(str(path), rank=rank), error)
        return None


def _read_map(path: Path) -> yaml.MappingNode:
    name = str(path)
    try:
        text = yamlio.read_text(path)
    except SidecarError as error:
        raise error.breaking(UNREADABLE_FILE) from error
    root = _compose(text, name)
    if root is None:
        raise SidecarError.from_problem(f"{name}:1", NOT_A_SPEC.problem("is empty"))
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        problem = NOT_A_SPEC.problem(f"is {kind}, not a map")
        raise SidecarError.from_problem(f"{name}:{yamlio.line_of(root)}", problem)
    return root


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        root = yamlio.compose(text, name)
        if root is not None:
            yamlio.check_size(root, name)
    except SidecarError as error:
        raise _broken(error, text) from error
    return root


def _broken(error: SidecarError, text: str) -> SidecarError:
    """Return an error of YAML's syntax, in better words for a usual mistake."""
    if "found another document" in error.cause:
        fix = "Keep one, or give the other as a second --file"
        problem = NOT_A_SPEC.problem("begins a second document", fix)
        return SidecarError.from_problem(error.subject, problem)
    found, lines = re.search(r":(\d+)$", error.subject), text.split("\n")
    if found and int(found[1]) <= len(lines) and re.match(r" *\t", lines[int(found[1]) - 1]):
        cause = "is indented with a tab, which YAML does not allow"
        return SidecarError.from_problem(error.subject, BROKEN_YAML.problem(cause, "Use spaces"))
    return error.breaking(BROKEN_YAML)


# Variables and flags --------------------------------------------------------------------------


def _of_texts(
    flags: Mapping[str, str], environ: Mapping[str, str], errors: ErrorList, rank: int
) -> Iterator[Value]:
    for variable, (path, field) in variables().items():
        # an empty one is an unset one, as in a shell's and Compose's own ${NAME:-}
        if text := environ.get(variable):
            yield _of_text(field, path, text, Source(f"${variable}", rank, errors, lines=False))
    table = dict(walk())
    for path, text in flags.items():
        flag = table[path].flag or "command line"
        yield _of_text(table[path], path, text, Source(flag, rank + 1, errors, lines=False))


def _of_text(field: Field, path: str, text: str, source: Source) -> Value:
    # quoted: what a variable holds is text, whatever YAML would make of it
    style = '"' if isinstance(field.type, PatternText) else None
    node = yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)
    value = field.type.read(node, source, path)
    for key in reversed(path.split(".")):
        value = Value({key: value}, value.place)
    return value
