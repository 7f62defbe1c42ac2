"""The catalogue of rules: complete, unique, looked up by id, and the source of docs/checks.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import sidecar.rules
from sidecar.findings import Severity
from sidecar.rules import catalogue

FOLDER = Path(sidecar.rules.__file__).parent
RULES = list(catalogue.rules().values())


def test_docs_checks_is_made_of_the_rules(golden) -> None:
    """After a change of a rule, `make golden` writes the page again."""
    golden("../../docs/checks.md", catalogue.markdown())


def test_ids_are_unique() -> None:
    """A finding's id leads to one rule."""
    ids = [rule.id for group in catalogue.groups().values() for rule in group]

    assert sorted(set(ids)) == sorted(ids) == list(catalogue.rules())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_complete(rule) -> None:
    """A kebab-case id, a severity that matters, sentences, and an example."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", rule.id)
    assert rule.severity in (Severity.WARNING, Severity.ERROR)
    assert rule.summary.endswith(".")
    assert rule.why.endswith(".")
    assert rule.fix
    assert rule.example


def test_an_unknown_id_names_the_nearest() -> None:
    """Without it, a typo in `ignore` would go unnoticed."""
    near, far, *more = catalogue.not_ignorable(
        ["floating-image-tags", "floating-image-tag", "quux", "quux"]
    )

    assert ("'floating-image-tags' is not a rule", "Did you mean floating-image-tag?") == (
        near.cause,
        near.fix,
    )
    assert ("'quux' is not a rule", "docs/checks.md lists the ids") == (far.cause, far.fix)
    assert [] == more


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_rules_stand_on_the_ground_floor(path: Path) -> None:
    """Of the kit they import findings and one another only, so that everything may import them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    kits = [node.module or "" for node in imports if (node.module or "").startswith("sidecar")]

    assert [] == [
        module
        for module in kits
        if module != "sidecar.findings" and not module.startswith("sidecar.rules")
    ]
