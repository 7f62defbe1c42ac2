"""What the `examples_*.py` next to the rules' tests are made of: bad and good values of rules.

Each such module has `EXAMPLES: dict[str, Example]`, by the rule's id. It is found by its file name.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.findings import Finding, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FOLDER = Path(__file__).parent.with_name("sidecar") / "rules"


@dataclass(frozen=True)
class Example:
    """Two callables that judge a bad and a good value, and return the ids of what they find."""

    trips: Callable[[], set[str]]
    spares: Callable[[], set[str]]


class Call:
    """A rule's arguments."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self.arguments, self.keywords = arguments, keywords


def example(rule: Callable[..., Any], bad: Call, good: Call) -> Example:
    """Return the example of a rule by two calls of it."""
    return Example(
        lambda: ids(rule(*bad.arguments, **bad.keywords)),
        lambda: ids(rule(*good.arguments, **good.keywords)),
    )


def ids(found: Problem | Finding | Iterable[Problem | Finding] | None) -> set[str]:
    """Return the ids of what a rule returns: a problem or finding, several of them, or None."""
    if found is None:
        return set()
    several = [found] if isinstance(found, (Problem, Finding)) else found
    return {one.rule.id if isinstance(one, Problem) else one.id for one in several}


def examples() -> dict[str, dict[str, Example]]:
    """Return the examples of each `examples_*.py`, by the file's name."""
    return {path.stem: _load(path) for path in sorted(FOLDER.glob("examples_*.py"))}


def _load(path: Path) -> dict[str, Example]:
    spec = importlib.util.spec_from_file_location(f"rules_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.EXAMPLES
