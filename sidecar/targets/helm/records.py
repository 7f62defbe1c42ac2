"""One row of the table of keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Key:
    """One key of the values."""

    path: str
    """Dotted, from the top."""
    schema: Mapping[str, Any]
    doc: str
    """One or two sentences, for values.yaml, the schema and the README."""
    default: Any = None
    """In the chart; None where the plan decides."""
    is_required: bool = False
    """For a key of a workload."""
