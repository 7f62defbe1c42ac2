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
def test_a_token_in_a_health_command(ids, form: str) -> None:
    """Its words are arguments of a program, too."""
    assert {"token-in-arguments"} == ids(health={"command": ["check", corpus.TOKENS[form][0]]})


def spec_with(text: str) -> dict[str, object]:
    """Return a spec that holds a text wherever a text may be that is written to files."""
    service = {
        "name": "web",
        "build": {"context": f"./{text}", "dockerfile": text, "args": {"X": text}},
        "command": ["serve", text],
        "environment": {"X": text},
        "env_files": [text],
        "volumes": [{"source": f"./{text}", "target": f"/{text}"}],
        "health": {"command": ["check", text]},
    }
    return {"region": "cn-shanghai", "services": [service]}


REFUSED = {
    "name": lambda text: {"region": "cn-shanghai", "name": text},
    "region": lambda text: {"region": text},
    "an unknown key": lambda text: {"region": "cn-shanghai", text: 1},
    "an unknown key of a service": lambda text: {"services": [{"name": "web", text: 1}]},
    "an id to ignore": lambda text: {"region": "cn-shanghai", "ignore": [text]},
}
COMMANDS = (
    ("validate",),
    ("validate", "--output", "json"),
    ("validate", "--target", "helm"),
    ("plan",),
    ("plan", "--output", "json"),
    ("render", "--diff"),
)


@pytest.mark.parametrize("spec", [spec_with, *REFUSED.values()], ids=["accepted", *REFUSED])
@pytest.mark.parametrize("form", corpus.TOKENS)
def test_no_output_shows_a_token(run, tmp_path, monkeypatch, form: str, spec) -> None:
    """Not even that of a value that is refused, of a path that is missing, or of a plan."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    text, found = corpus.TOKENS[form]
    tokens = [token for token in found if token[0] != "$"]  # a variable's name is not secret
    Path("sidecar.yaml").write_text(json.dumps(spec(text)))
    results = [run(*command, "--file", "sidecar.yaml") for command in COMMANDS]
    output = "".join(result.out + result.err for result in results)

    assert [] == [token for token in tokens if token in output]
