from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sidecar.spec.table import markdown, spec_schema

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace) -> int:
    """Print the schema, or the table."""
    print(markdown() if args.output == "markdown" else json.dumps(spec_schema(), indent=2))
    return 0
