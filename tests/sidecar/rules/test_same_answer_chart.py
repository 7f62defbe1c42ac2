"""A chart gives the answers of the rules: the corpus, in specs for Compose and for Helm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rule_corpus as corpus

ABSENT = {"compose-not-installed", "helm-not-installed"}
ONLY_IN_CHARTS = {"writable-root"}
"""What every service of this kind has in a chart."""
LIMITED = {"resources": {"memory": "256m"}}
TARGETS = ("compose", "helm")


@pytest.fixture
def ids(run, tmp_path, monkeypatch):
    """Return, target by target, the ids that validate finds in a spec of one service."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")  # neither Compose nor Helm

    def validate(agent: dict | None = None, **fields: object) -> list[set[str]]:
        service = {"name": "web", "image": "web:1.0", "port": 8000, **LIMITED, **fields}
        spec = {"region": "cn-shanghai", "services": [service], "agent": agent or {}}
        Path("sidecar.yaml").write_text(json.dumps(spec))
        return [ids_of(target) for target in TARGETS]

    def ids_of(target: str) -> set[str]:
        result = run("validate", "--file", "sidecar.yaml", "--target", target, "--output", "json")
        found = {finding["id"] for finding in json.loads(result.out)["findings"]}
        return found - ABSENT - ONLY_IN_CHARTS

    return validate


def both(*rules: str) -> list[set[str]]:
    """Return the same ids for each target."""
    return [set(rules) - {""} for _ in TARGETS]


@pytest.mark.parametrize("case", corpus.VARIABLES)
def test_a_variable(ids, case: corpus.Variable) -> None:
    """In a service's environment."""
    assert both(*case.ids) == ids(environment={case.name: case.value})


@pytest.mark.parametrize(("image", "rule"), corpus.IMAGES.items())
def test_an_image(ids, image: str, rule: str) -> None:
    """Of a service, and of the agent."""
    assert both(rule) == ids(image=image)
    assert both(rule) == ids({"image": image})


@pytest.mark.parametrize("form", corpus.TOKENS)
def test_a_token_in_a_command(ids, form: str) -> None:
    """A chart's args."""
    assert both("token-in-arguments") == ids(command=["serve", corpus.TOKENS[form][0]])


@pytest.mark.parametrize("form", corpus.NO_TOKENS)
def test_what_is_no_token_in_a_command(ids, form: str) -> None:
    """No finding for either target."""
    assert both() == ids(command=["serve", corpus.NO_TOKENS[form]])


@pytest.mark.parametrize(("sampler", "rule"), corpus.SAMPLERS.items())
def test_a_sampler(ids, sampler: tuple[str | None, str | None], rule: str) -> None:
    """By its variables."""
    names = ("JAEGER_SAMPLER_TYPE", "JAEGER_SAMPLER_PARAM")
    given = {name: value for name, value in zip(names, sampler, strict=True) if value is not None}
    reader = "variable-read-by-sidecar-tracing-only" if given else ""

    assert both(rule, reader) == ids(environment=given)


@pytest.mark.parametrize("version", corpus.VERSIONS)
def test_an_agents_version(ids, version: str) -> None:
    """A chart has one more problem, with an agent whose admin port cannot be bound to loopback."""
    open_port = {"admin-port-open"} if version in ("1.15.0", "1.16.0") else set()
    compose, chart = ids({"version": version})

    assert chart == compose | open_port
