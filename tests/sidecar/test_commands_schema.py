"""`sidecar schema`."""

from __future__ import annotations

import json

from sidecar.spec.table import markdown, spec_schema


def test_the_schema_is_printed_as_json(run, golden) -> None:
    """What an editor reads, and nothing else; a change of the contract shows in the golden file."""
    result = run("schema")
    golden("schema.json", result.out)

    assert (0, "") == (result.code, result.err)
    assert spec_schema() == json.loads(result.out)


def test_the_table_is_printed_as_markdown(run) -> None:
    """What docs/spec.md shows."""
    assert f"{markdown()}\n" == run("schema", "--output", "markdown").out
