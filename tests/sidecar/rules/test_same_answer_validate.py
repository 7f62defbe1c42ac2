"""Validate gives the answers of the rules: the corpus, put into specs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rule_corpus as corpus

ADDRESS = {"JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT"}


@pytest.fixture
def ids(run, tmp_path, monkeypatch):
    """Return the ids that validate finds in a spec of one service with these fields."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")  # no Compose

    def validate(agent: dict | None = None, **fields: object) -> set[str]:
        service = {"name": "web", "image": "web:1.0", "port": 8000, **fields}
        spec = {"region": "cn-shanghai", "services": [service], "agent": agent or {}}
        Path("sidecar.yaml").write_text(json.dumps(spec))
        found = json.loads(run("validate", "--file", "sidecar.yaml", "--output", "json").out)
        return {finding["id"] for finding in found["findings"]} - {"compose-not-installed"}

    return validate


@pytest.mark.parametrize("case", corpus.VARIABLES)
def test_a_variable(ids, case: corpus.Variable) -> None:
    """In a service's environment."""
    assert case.ids == ids(environment={case.name: case.value})


@pytest.mark.parametrize(("image", "rule"), corpus.IMAGES.items())
def test_an_image(ids, image: str, rule: str) -> None:
    """Of a service, and of the agent."""
    expected = {rule} - {""}

    assert expected == ids(image=image)
    assert expected == ids({"image": image})


@pytest.mark.parametrize(("sampler", "rule"), corpus.SAMPLERS.items())
def test_a_sampler(ids, sampler: tuple[str | None, str | None], rule: str) -> None:
    """By its variables, which are judged as variables, too."""
    names = ("JAEGER_SAMPLER_TYPE", "JAEGER_SAMPLER_PARAM")
    environment = {
        name: value for name, value in zip(names, sampler, strict=True) if value is not None
    }
    found = ids(environment=environment)

    assert {rule} - {""} == found - {"variable-read-by-sidecar-tracing-only"}
    assert bool(environment) == ("variable-read-by-sidecar-tracing-only" in found)


@pytest.mark.parametrize("form", corpus.TOKENS)
def test_a_token_in_a_command(ids, form: str) -> None:
    """Each form that users write it in."""
    assert {"token-in-arguments"} == ids(command=["serve", corpus.TOKENS[form][0]])


@pytest.mark.parametrize("form", corpus.NO_TOKENS)
def test_what_is_no_token_in_a_command(ids, form: str) -> None:
    """A false alarm teaches to ignore the true ones."""
    assert set() == ids(command=["serve", corpus.NO_TOKENS[form]])


@pytest.mark.parametrize("form", corpus.TOKENS)
def test_no_message_shows_a_token(run, tmp_path, monkeypatch, form: str) -> None:
    """Not even that of a value that is refused."""
    monkeypatch.chdir(tmp_path)
    text, tokens = corpus.TOKENS[form]
    Path("sidecar.yaml").write_text(json.dumps({"region": "cn-shanghai", "name": text}))
    result = run("validate", "--file", "sidecar.yaml")

    assert 1 == result.code
    assert [] == [token for token in tokens if token in result.out + result.err]
