"""All rules of the package: listed, looked up by id, and written as docs/checks.md."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

import sidecar.rules
from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

UNKNOWN_RULE = Rule(
    "unknown-rule",
    Severity.ERROR,
    "An ignored id is not the id of a rule.",
    "Otherwise nobody would notice a typo.",
    "docs/checks.md lists the ids",
    "--ignore floating-image-tags",
)
IGNORED_ERROR = Rule(
    "ignored-error",
    Severity.ERROR,
    "An ignored id is the id of an error.",
    "You can accept a warning. With an error, spans are lost or the token is exposed.",
    "Fix the error; only warnings can be ignored",
    "--ignore missing-token-file",
)

_INTRODUCTION = """\
# Checks

<!-- Generated from sidecar/rules by `make golden` -->

A finding names the id of its rule. Each rule says what is wrong, why it matters, and what to do.
An error makes a command exit 1; a warning does not.
""".splitlines()

_TITLES = {
    "agent_settings": "Settings of hand-made agents",
    "api_values": "What a cluster refuses in a chart's objects",
    "catalogue": "Ignored rules",
    "composefiles": "Compose files",
    "exporters": "An agent's calls to its gateway",
    "gateway_answers": "Late answers of the gateway",
    "gateway_reach": "The gateway as an agent sees it",
    "hand_made": "Hand-made agents",
    "hosts": "Hosts without containers",
    "injections": "Injected manifests",
    "machines": "Machine and cluster",
    "overlays": "Agents for a stack that exists",
    "replicas": "Replicas of a service",
    "scheduling": "Pods that a cluster does not start",
    "service_hosts": "Host names that only Compose resolves",
    "skips": "Skipped workloads",
    "starts": "Containers that do not start, or are not ready",
    "token_places": "Where a token must not be",
    "tracers": "How a service reports",
    "vendor": "Answers of a region",
}
"""Of the groups whose title is not the name of their module."""


def rules() -> dict[str, Rule]:
    """Return every rule by its id, sorted."""
    found = {rule.id: rule for group in groups().values() for rule in group}
    return dict(sorted(found.items()))


@cache
def groups() -> dict[str, tuple[Rule, ...]]:
    """Return the name of each module with its rules, in the order of the module's text."""
    names = sorted(module.name for module in pkgutil.iter_modules(sidecar.rules.__path__))
    modules = (importlib.import_module(f"{sidecar.rules.__name__}.{name}") for name in names)
    found = {module.__name__.rpartition(".")[2]: tuple(_rules_of(module)) for module in modules}
    return {name: group for name, group in found.items() if group}


def nearest(rule: str) -> str | None:
    """Return the id of the rule that is spelled most like a text."""
    return next(iter(difflib.get_close_matches(rule, rules(), n=1, cutoff=0.6)), None)


def not_ignorable(ids: Iterable[str]) -> list[Problem]:
    """Return a problem for each id that cannot be ignored: it is not a rule's, or an error's."""
    return [problem for rule in dict.fromkeys(ids) if (problem := _not_ignorable(rule))]


def markdown() -> str:
    """Return docs/checks.md."""
    lines = [*_INTRODUCTION]
    for name, group in groups().items():
        lines += ["", f"## {_TITLES.get(name, name.replace('_', ' ').capitalize())}"]
        for rule in group:
            lines += _section(rule)
    return "\n".join(lines) + "\n"


def _section(rule: Rule) -> Iterator[str]:
    yield from ("", f"### {rule.id}", "", f"*{rule.severity.value}* · {rule.summary}", "")
    yield f"- **Why:** {rule.why}"
    yield f"- **Fix:** {rule.fix}{'' if rule.fix.endswith(('.', '?')) else '.'}"
    if rule.example:
        yield f"- **Example:** {_code(rule.example)}"


def _code(text: str) -> str:
    """Return a text as inline code; a blank keeps a backtick of the text from the fence."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _not_ignorable(rule: str) -> Problem | None:
    known = rules().get(rule)
    if known is None:
        return _unknown(rule)
    if known.severity is Severity.ERROR:
        return IGNORED_ERROR.problem(f"{rule} is an error")
    return None


def _unknown(rule: str) -> Problem:
    near = nearest(rule)
    shown = rule if len(rule) <= 60 else f"{rule[:57]}..."
    return UNKNOWN_RULE.problem(
        f"{shown!r} is not a rule", f"Did you mean {near}?" if near else None
    )


def _rules_of(module: ModuleType) -> Iterator[Rule]:
    return (value for value in vars(module).values() if isinstance(value, Rule))
