"""The table of fields as JSON Schema, for editors, and as Markdown, for docs/spec.md. No spec is read with either."""

from __future__ import annotations

import json
from typing import Any

from sidecar import __version__
from sidecar.spec.fields import SPEC
from sidecar.spec.paths import variable_of, walk

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def spec_schema() -> dict[str, Any]:
    """Return the schema of a whole spec; an overlay may lack what it requires."""
    return {
        "$schema": DIALECT,
        "title": "sidecar.yaml",
        "description": f"What sidecar {__version__} renders. `region` alone is a whole spec.",
        **SPEC.schema(),
    }


def markdown() -> str:
    """Return the table of fields."""
    rows = ["| field | takes | default | what it is | variable |", "|---|---|---|---|---|"]
    for path, field in walk():
        default = "" if field.default is None else f"`{json.dumps(field.default)}`"
        variable = f"`{name}`" if (name := variable_of(path, field)) else ""
        needed = " (required)" if field.required else ""
        rows.append(
            f"| `{path}`{needed} | {field.kind.takes()} | {default} | {field.doc} | {variable} |"
        )
    return "\n".join(rows)
