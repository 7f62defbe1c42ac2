"""Each rule has a value that breaks it, and one that does not."""

from __future__ import annotations

import pytest
import rule_examples

from sidecar.rules import catalogue

EXAMPLES = [
    (rule, example)
    for group in rule_examples.examples().values()
    for rule, example in group.items()
]


def test_each_rule_has_one_example() -> None:
    """In one `examples_*.py`; none is of a rule that is gone."""
    assert list(catalogue.rules()) == sorted(rule for rule, _ in EXAMPLES)


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=[rule for rule, _ in EXAMPLES])
def test_the_bad_value_breaks_the_rule_and_the_good_one_does_not(rule: str, example) -> None:
    """So a rule that finds something in every value, or in none, fails."""
    assert rule in example.trips()
    assert rule not in example.spares()
