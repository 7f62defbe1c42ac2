"""What is wrong with the traced services of a Compose file. No finding shows a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules import clients, recognition, services, tokens, tracers, variables

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from sidecar.existing.compose.records import ComposeFile, ComposeService, Text
    from sidecar.findings import Finding

_HISTORY = "Remove it: the image's history shows it"


def check_clients(
    file: ComposeFile, chosen: Iterable[ComposeService], embedded: Container[str] = ()
) -> list[Finding]:
    """Return what is wrong with services.

    The arguments of `embedded` ones are an agent's, which other checks judge.
    """
    findings: list[Finding] = []
    for service in chosen:
        findings += _agent_host(service, file)
        findings += _sampler(service)
        findings += _variables(service, file.tokens)
        if service.name not in embedded:
            findings += _arguments(service, file.tokens)
            findings += _address(service)
        findings += _image(service)
    return findings


def _agent_host(service: ComposeService, file: ComposeFile) -> Iterable[Finding]:
    value = service.environment.get(clients.AGENT_HOST)
    if value is None:
        return
    known = {name for other in file.services.values() for name in (other.name, *other.aliases)}
    known |= {f"tasks.{name}" for name in known}  # Swarm's names
    shared = _shares_network(service, file)
    if problem := clients.agent_host(value.text, known, shared_network=shared):
        yield problem.at(service.name, value.place)


def _shares_network(service: ComposeService, file: ComposeFile) -> bool:
    if service.network_mode == "host":
        return True
    if service.network_mode.startswith(("service:", "container:")):
        return True
    with_this = f"service:{service.name}"
    return any(other.network_mode == with_this for other in file.services.values())


def _sampler(service: ComposeService) -> Iterable[Finding]:
    kind, param = service.variable(clients.SAMPLER_TYPE), service.variable(clients.SAMPLER_PARAM)
    if problem := clients.sampler_variables(kind, param):
        given = clients.SAMPLER_PARAM if kind is None else clients.SAMPLER_TYPE
        yield problem.at(service.name, service.environment[given].place)


def _variables(service: ComposeService, known: Iterable[str]) -> Iterable[Finding]:
    values = {name: judged_value(name, text) for name, text in service.environment.items()}
    for found in variables.judge(values, known):
        yield found.problem.at(service.name, service.environment[found.names[0]].place)


def judged_value(name: str, text: Text) -> str:
    """Return what to judge of a variable: what is typed, where a token comes from outside."""
    from_outside = not text.complete or not text.text
    if recognition.looks_like_token(text.raw):
        return text.raw
    return text.raw if from_outside and recognition.names_token(name, text.raw) else text.text


def _arguments(service: ComposeService, known: Iterable[str]) -> Iterable[Finding]:
    words = {
        "entrypoint": _both(service.entrypoint or ()),
        "command": _both(service.command),
        "healthcheck": service.healthcheck,
    }
    for key, texts in words.items():
        problems = (tokens.in_arguments(text, known) for text in texts)
        if problem := next(filter(None, problems), None):
            yield problem.at(service.name, service.place_of(key))


def _address(service: ComposeService) -> Iterable[Finding]:
    for key, words in (("entrypoint", service.entrypoint or ()), ("command", service.command)):
        if problem := tracers.in_a_command(word.raw for word in words):
            yield problem.at(service.name, service.place_of(key))


def _both(words: Iterable[Text]) -> tuple[str, ...]:
    """Return words as typed, and with their variables expanded."""
    return tuple(text for word in words for text in (word.raw, word.text))


def _image(service: ComposeService) -> Iterable[Finding]:
    image, build = service.image, service.build
    if build is None:
        problem = services.image_tag(image.text) if image and image.complete else None
        if image and problem:
            yield problem.at(service.name, image.place)
        return
    secret = [name for name, value in build.args.items() if recognition.is_secret(name, value)]
    if secret:
        problem = services.SECRET_IN_CLEAR.problem(
            f"build.args {', '.join(secret)}: in clear text", _HISTORY
        )
        yield problem.at(service.name, service.place_of("build"))
