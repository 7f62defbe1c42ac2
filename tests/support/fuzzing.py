"""How many cases a property is tried with: FUZZ_CASES, by default some hundred."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = int(os.environ.get("FUZZ_CASES", "200"))
TURN = 1000


def cases(share: float) -> Callable[[Any], Any]:
    """Run a property with its share of all cases, in turns: Hypothesis keeps a turn in memory."""
    most = max(25, int(CASES * share))
    turns = pytest.mark.parametrize("turn", range(-(-most // TURN)))
    each = settings(
        deadline=None,
        max_examples=min(most, TURN),
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    return lambda test: turns(each(test))
