"""init gives the answers of the rules: the corpus as Compose files, and the same ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rule_corpus as corpus
from init_findings import init_findings, init_proposal

from sidecar.init import report

FINE = {
    "image": "jaegertracing/jaeger-agent:1.62.0",
    "restart": "always",
    "mem_limit": "192m",
    "command": [
        "--reporter.grpc.host-port=tracing-analysis-dc-hz.aliyuncs.com:1883",
        "--config-file=/etc/agent.yaml",
        "--processor.jaeger-compact.workers=64",
    ],
}
"""An agent without a mistake."""


def web(**settings: object) -> dict[str, object]:
    """Return a service that is traced."""
    return {"image": "web:1", "depends_on": ["agent"], **settings}


def ids(service: dict[str, object], **agent: object) -> set[str]:
    """Return the ids of init's findings about a service and its hand-made agent."""
    text = compose_text({"web": service, "agent": {**FINE, **agent}})
    return {finding.id for finding in init_findings(text)} - {""}


def compose_text(services: dict[str, object]) -> str:
    """Return a Compose file, where `$$` is `$`."""
    return json.dumps({"services": services}).replace("$", "$$")


def test_a_file_without_a_mistake_has_no_finding() -> None:
    """What the other tests find comes from the one value that they set."""
    assert set() == ids(web())


@pytest.mark.parametrize("case", corpus.VARIABLES)
def test_a_variable(case: corpus.Variable) -> None:
    """One variable of a traced service."""
    assert case.ids == ids(web(environment={case.name: case.value}))


IN_COMMANDS = {form: text for form, (text, _) in corpus.TOKENS.items() if text[:2] != "--"}
"""A service with a flag of an agent is an agent."""


@pytest.mark.parametrize("text", IN_COMMANDS.values(), ids=IN_COMMANDS)
def test_a_token_in_a_command(text: str) -> None:
    """It is an argument."""
    assert {"token-in-arguments"} == ids(web(command=["run", text]))


@pytest.mark.parametrize(("text", "found"), corpus.TOKENS.values(), ids=corpus.TOKENS)
def test_no_token_is_in_the_proposal(text: str, found: list[str]) -> None:
    """In no output and not in the spec, wherever it is in the Compose file."""
    settings = {"environment": {"X_TEXT": text}, "labels": {"x": text}, "command": ["run", text]}
    tokens = [token for token in found if token[0] != "$"]  # a variable's name is not secret
    others = {"environment": {f"COPY_{index}": token for index, token in enumerate(tokens)}}
    services = {"web": web(**settings), "other": web(**others), "agent": FINE}
    proposal = init_proposal(compose_text(services))
    out = Path("sidecar.yaml")
    output = report.text(proposal, out, [out]) + report.as_json(proposal, out, written=False)

    assert [] == [token for token in tokens if token in output]


@pytest.mark.parametrize(("text", "_found"), corpus.TOKENS.values(), ids=corpus.TOKENS)
def test_a_token_in_an_agents_environment(text: str, _found: list[str]) -> None:
    """Whatever the variable is called."""
    assert {"token-in-environment"} == ids(web(), environment={"X_TEXT": text})


@pytest.mark.parametrize("text", IN_COMMANDS.values(), ids=IN_COMMANDS)
@pytest.mark.parametrize("key", ["entrypoint", "command", "healthcheck"])
def test_a_token_in_an_agents_words(key: str, text: str) -> None:
    """Not only as the value of its tags flag."""
    words = {"entrypoint": ["agent"], "command": FINE["command"]}.get(key, ["CMD", "check"])
    given = {"test": [*words, text]} if key == "healthcheck" else [*words, text]

    assert {"token-in-arguments"} == ids(web(), **{key: given})


@pytest.mark.parametrize("text", corpus.NO_TOKENS.values(), ids=corpus.NO_TOKENS)
def test_what_is_not_a_token_in_a_command(text: str) -> None:
    """No finding."""
    assert set() == ids(web(command=["run", text]))


@pytest.mark.parametrize(("image", "rule"), corpus.IMAGES.items())
def test_an_image(image: str, rule: str) -> None:
    """The image of a service."""
    assert {rule} - {""} == ids(web(image=image))


@pytest.mark.parametrize(("sampler", "rule"), corpus.SAMPLERS.items())
def test_a_sampler(sampler: tuple[str | None, str | None], rule: str) -> None:
    """The two variables of a sampler, which only sidecar_tracing reads."""
    names = ("JAEGER_SAMPLER_TYPE", "JAEGER_SAMPLER_PARAM")
    given = {name: value for name, value in zip(names, sampler, strict=True) if value is not None}
    reader = {"variable-read-by-sidecar-tracing-only"} if given else set()

    assert {rule, *reader} - {""} == ids(web(environment=given))


@pytest.mark.parametrize("version", corpus.VERSIONS)
@pytest.mark.parametrize("flag", corpus.FLAGS)
def test_a_flag_of_an_agent(flag: str, version: str) -> None:
    """A flag, with a value that breaks no other rule, and an agent's version."""
    image = f"jaegertracing/jaeger-agent:{version}"
    found = ids(web(), image=image, command=[*FINE["command"], f"--{flag}=a=b"])

    assert corpus.flag_ids(flag, version) == found & {"unknown-agent-flag", "tchannel-flag"}
