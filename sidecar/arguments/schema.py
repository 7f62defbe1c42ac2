"""Print the JSON Schema (draft 2020-12) of sidecar.yaml, for completion and checks in an editor.

Name it in the first line of a spec: # yaml-language-server: $schema=sidecar.schema.json
"""

from __future__ import annotations

import argparse

EXAMPLES = """examples:
  sidecar schema > sidecar.schema.json
  sidecar schema --output markdown
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--output",
        choices=("json", "markdown"),
        default="json",
        help="markdown: the table of fields (default: json)",
    )
