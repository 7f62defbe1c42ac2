"""Targets: each turns a plan into a rendering. One module and one folder of templates a target."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sidecar import yamlio

if TYPE_CHECKING:
    import jinja2

    from sidecar.plan import Plan
    from sidecar.rendering import Rendering


class Target(Protocol):
    """What a target's module offers."""

    def render(self, plan: Plan) -> Rendering:
        """Return the files of a plan; the same plan gives the same bytes."""
        ...


def render(plan: Plan) -> Rendering:
    """Return the files of every target."""
    from sidecar.targets import compose, helm

    return {**compose.render(plan), **helm.render(plan)}


def environment(target: str) -> jinja2.Environment:
    """Return the Jinja environment of a target's templates: a missing name is an error, values are dumped as data."""
    import jinja2

    templates = Path(__file__).with_name("templates") / target
    jinja = jinja2.Environment(  # noqa: S701 - the outputs are YAML, quoted by the data filter
        loader=jinja2.FileSystemLoader(templates),
        bytecode_cache=_bytecode_cache(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters["data"] = yamlio.flow
    return jinja


def _bytecode_cache(templates: Path) -> jinja2.BytecodeCache | None:
    """Return where compiled templates are kept, beside them as Python keeps modules; None where nothing may be written.

    Jinja compares the template and the interpreter's version with what is kept.
    """
    import jinja2

    folder = templates / "__pycache__"
    with suppress(OSError):
        if not sys.dont_write_bytecode:
            folder.mkdir(exist_ok=True)
    usable = folder.is_dir() and os.access(folder, os.W_OK)
    return jinja2.FileSystemBytecodeCache(str(folder)) if usable else None
