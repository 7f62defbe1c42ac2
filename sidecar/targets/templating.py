"""The Jinja environment of the targets' templates."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import jinja2

from sidecar import yamlio


def environment(target: str) -> jinja2.Environment:
    """Return the environment of a target: a missing name is an error, values are dumped as data."""
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
    """Return where compiled templates are kept, next to them; None where nothing may be written.

    Jinja compares the template and the interpreter's version with what is kept.
    """
    folder = templates / "__pycache__"
    with suppress(OSError):
        if not sys.dont_write_bytecode:
            folder.mkdir(exist_ok=True)
    usable = folder.is_dir() and os.access(folder, os.W_OK)
    return jinja2.FileSystemBytecodeCache(str(folder)) if usable else None
