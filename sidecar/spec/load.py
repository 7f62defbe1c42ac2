"""Files, variables and flags → Spec: each layer is read on its own, later ones win, every error is told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sidecar.spec.documents import read_document
from sidecar.spec.fields import SPEC
from sidecar.spec.kinds import Text
from sidecar.spec.paths import variables, walk
from sidecar.spec.provenance import Origin, trace
from sidecar.spec.values import Place, Report, Source, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sidecar.spec.records import Spec
    from sidecar.spec.shapes import Field


@dataclass(frozen=True)
class Loaded:
    """A spec, and where all of it came from."""

    spec: Spec
    provenance: Mapping[str, Origin]
    """Path ("gateway.network", "services.web.image") → the value and its source."""
    folder: Path
    """What relative paths of the spec start from: the first file's folder."""


def load(
    files: Sequence[Path] = (),
    flags: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Return the spec of the files under the environment's variables under the flags (path → text).

    The region may still be missing. Raises SpecError with every error of every layer.
    """
    report = Report()
    empty = Value({}, Place("default"))
    layers = [*_of_files(files, report), *_of_texts(flags or {}, environ or {}, report, len(files))]
    merged = reduce(SPEC.merge, layers, empty)
    spec = SPEC.build(merged, report, "")
    report.require_none()
    folder = files[0].parent if files and files[0].is_file() else Path()
    return Loaded(spec, trace(merged), folder)


def _of_files(files: Sequence[Path], report: Report) -> Iterator[Value]:
    for rank, path in enumerate(files):
        root = read_document(path, rank, report)
        if root is not None:
            yield SPEC.read(root, Source(str(path), rank, report), "")


def _of_texts(
    flags: Mapping[str, str], environ: Mapping[str, str], report: Report, rank: int
) -> Iterator[Value]:
    for variable, (path, field) in variables().items():
        # an empty one is an unset one, as in a shell's and Compose's own ${NAME:-}
        if text := environ.get(variable):
            yield _of_text(field, path, text, Source(f"${variable}", rank, report, lines=False))
    table = dict(walk())
    for path, text in flags.items():
        place = table[path].flag or "command line"
        yield _of_text(table[path], path, text, Source(place, rank + 1, report, lines=False))


def _of_text(field: Field, path: str, text: str, source: Source) -> Value:
    # quoted: what stands in a variable is text, whatever YAML would make of it
    style = '"' if isinstance(field.kind, Text) else None
    value = field.kind.read(
        yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style), source, path
    )
    for key in reversed(path.split(".")):
        value = Value({key: value}, value.place)
    return value
