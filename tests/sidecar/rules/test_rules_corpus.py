"""The same question gets the same answer everywhere: here, from the rules themselves."""

from __future__ import annotations

import pytest
import rule_corpus as corpus
from rule_examples import ids

from sidecar.plan import agents as kits_own
from sidecar.regions import gateway_of, load_regions
from sidecar.rules import agents, clients, recognition, services, tokens, variables
from sidecar.spec import AgentSettings, Capacity


@pytest.mark.parametrize(("text", "found"), corpus.TOKENS.values(), ids=corpus.TOKENS)
def test_a_token_is_found_in_every_form(text: str, found: list[str]) -> None:
    """Each form that users write it in, and the token without what is around it."""
    assert recognition.looks_like_token(text)
    assert found == recognition.find_tokens(text)


@pytest.mark.parametrize(("text", "found"), corpus.TOKENS.values(), ids=corpus.TOKENS)
def test_a_token_is_masked_in_every_form(text: str, found: list[str]) -> None:
    """And nothing around it."""
    expected = text
    for token in found:
        expected = expected.replace(token, recognition.MASK)

    assert expected == recognition.mask(text)


@pytest.mark.parametrize("text", corpus.NO_TOKENS.values(), ids=corpus.NO_TOKENS)
def test_what_is_no_token_stays(text: str) -> None:
    """A false alarm teaches to ignore the true ones."""
    assert not recognition.looks_like_token(text)
    assert [] == recognition.find_tokens(text) == recognition.token_spans(text)
    assert text == recognition.mask(text)


@pytest.mark.parametrize("case", corpus.VARIABLES)
def test_a_variable_is_judged_by_name_and_value(case: corpus.Variable) -> None:
    """One variable of a service, whoever read it."""
    found = variables.judge({case.name: case.value})

    assert case.ids == {judged.problem.rule.id for judged in found}
    assert all((case.name,) == judged.names for judged in found)


@pytest.mark.parametrize(("image", "rule"), corpus.IMAGES.items())
def test_an_image_by_its_tag(image: str, rule: str) -> None:
    """A digest fixes every tag."""
    assert {rule} - {""} == ids(services.image_tag(image))


@pytest.mark.parametrize(("sampler", "rule"), corpus.SAMPLERS.items())
def test_a_sampler_by_its_two_variables(sampler: tuple[str | None, str | None], rule: str) -> None:
    """Read as sidecar_tracing reads them."""
    assert {rule} - {""} == ids(clients.sampler_variables(*sampler))


@pytest.mark.parametrize("version", corpus.VERSIONS)
@pytest.mark.parametrize("flag", corpus.FLAGS)
def test_a_flag_by_the_agents_version(flag: str, version: str) -> None:
    """From the sources of the versions."""
    numbers = agents.read_version(version)

    assert numbers is not None
    assert corpus.flag_ids(flag, version) == ids(agents.flag(flag, numbers))
    assert agents.has_flag(flag, numbers) == (
        "unknown-agent-flag" not in corpus.flag_ids(flag, version)
    )


@pytest.mark.parametrize("version", corpus.VERSIONS)
def test_the_kit_renders_flags_that_the_version_knows(version: str) -> None:
    """What the kit says of a hand-made agent holds for its own."""
    gateway = gateway_of(load_regions()["cn-hangzhou"], "public")
    argv = kits_own.argv(
        AgentSettings(version=version),
        gateway,
        kits_own.tune(Capacity()),
        config_file="x",
    )
    numbers = agents.read_version(version)
    flags = [argument.removeprefix("--").partition("=")[0] for argument in argv]

    assert numbers is not None
    assert [] == [flag for flag in flags if agents.flag(flag, numbers)]
    assert kits_own.tags_key(version) == agents.tags_flag(numbers)


@pytest.mark.parametrize(("text", "rule"), corpus.PASTED.items())
def test_what_is_pasted_as_a_token(text: str, rule: str) -> None:
    """After what is pasted along with it is taken off."""
    token = recognition.strip(text)

    assert {rule} - {""} == ids(tokens.broken_rules(token) or tokens.warnings(token))
