"""A service of a Compose file → a service of a spec, and findings for what is not taken over."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.existing.compose.records import is_elsewhere
from sidecar.init.ports import port
from sidecar.init.refusals import compose_place
from sidecar.init.variables import environment, sampling
from sidecar.rules import clients, composefiles, recognition, tokens
from sidecar.spec import AGENT_SUFFIX, HealthCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sidecar.existing.compose.records import ComposeFile, ComposeService, Text
    from sidecar.findings import Finding
    from sidecar.init.variables import Step
    from sidecar.spec import Volume

_TAKEN = {
    *("image", "build", "ports", "expose", "command", "entrypoint", "environment", "env_file"),
    *("volumes", "deploy", "scale", "mem_limit", "cpus", "healthcheck", "extends", "profiles"),
}
_DECIDED_BY_KIT = {
    *("restart", "logging", "networks", "network_mode", "depends_on", "links"),
    *("stop_grace_period", "container_name", "hostname"),
}
"""The kit decides them for every service; not worth a finding."""
OTEL_AGENT_HOSTS = {"OTEL_EXPORTER_JAEGER_AGENT_HOST", "OTEL_EXPORTER_JAEGER_HOST"}
"""Where OpenTelemetry's exporter looks for an agent; the kit sets only jaeger-client's names."""


@dataclass(frozen=True)
class Translator:
    """Translates the services of one file for a spec in another folder."""

    file: ComposeFile
    folder: Path
    """The spec's."""
    embedded: frozenset[str] = frozenset()
    """Services that start an agent inside their own container."""

    def service(self, service: ComposeService, name: str) -> tuple[dict[str, Any], list[Finding]]:
        """Return the spec's data in the order of its fields, and what is not taken over."""
        findings: list[Finding] = list(service.findings)
        data: dict[str, Any] = {"name": name}
        for step in _STEPS:
            fields, found = step(self, service)
            data.update(fields)
            findings += found
        data, found = self._without_tokens(service, data)
        findings += found
        _follow_name(data.get("environment", {}), name)
        if name != service.name:
            cause = f"is called {name} in the spec, whose names are host names: a-z, 0-9 and -"
            rule = composefiles.RENAMED_SERVICE
            findings.append(rule.finding(service.name, service.place, cause))
        return data, findings

    def path(self, text: str) -> str:
        """Return a path of the Compose file as seen from the spec's folder."""
        if is_elsewhere(text):
            return text
        moved = Path(os.path.relpath(self.file.path.parent / text, self.folder)).as_posix()
        return moved if moved in (".", "..") or moved.startswith("../") else f"./{moved}"

    def holds_token(self, text: Text) -> bool:
        """Tell whether a value is a token or holds one."""
        known = self.file.tokens
        return recognition.holds_token(text.text, known) or recognition.holds_token(text.raw, known)

    def _without_tokens(self, service: ComposeService, data: dict[str, Any]) -> Step:
        """Return the fields without each value that holds a token, whatever put it there."""
        clean = {key: self._clean(value) for key, value in data.items()}
        findings = []
        for key, value in data.items():
            if clean[key] != value:
                place, cause = (
                    compose_place(service, key),
                    f"{key}: holds the token; not taken over",
                )
                findings.append(tokens.IN_FIELD.finding(service.name, place, cause))
        return {key: value for key, value in clean.items() if value not in (None, {}, [])}, findings

    def _clean(self, value: Any) -> Any:  # noqa: ANN401 - YAML is data of any shape
        if isinstance(value, dict):
            kept = {key: self._clean(item) for key, item in value.items()}
            return {key: item for key, item in kept.items() if item is not None}
        if isinstance(value, list):
            return [item for item in map(self._clean, value) if item is not None]
        held = isinstance(value, str) and recognition.holds_token(value, self.file.tokens)
        return None if held else value


def _not_taken(service: ComposeService, key: str, cause: str, fix: str | None = None) -> Finding:
    rule = composefiles.NOT_TAKEN_OVER
    return rule.finding(service.name, service.place_of(key), f"{cause}; not taken over", fix)


def _follow_name(variables: dict[str, str], name: str) -> None:
    """Let variables that the kit does not set follow the service's name and agent."""
    if variables.get(clients.SERVICE_NAME) == name:
        del variables[clients.SERVICE_NAME]  # the kit sets the same
    for variable in OTEL_AGENT_HOSTS & variables.keys():
        variables[variable] = f"{name}{AGENT_SUFFIX}"


def _image(translator: Translator, service: ComposeService) -> Step:
    if service.build:
        return _build(translator, service)
    image = service.image
    if image is None:
        return {"image": ""}, []
    missing, fix = image.resolved.missing, "Complete `image`"
    problem = composefiles.outside_value("image", missing, fix, dotenv=True)
    if problem is None:
        return {"image": image.text}, []
    return {"image": image.text.rstrip(":@")}, [problem.at(service.name, image.place)]


def _build(translator: Translator, service: ComposeService) -> Step:
    build = service.build
    if build is None:
        return {}, []
    fields = {
        "context": translator.path(build.context),
        "dockerfile": build.dockerfile,
        "target": build.target,
        "args": {key: value for key, value in build.args.items() if value},
    }
    return {"build": {key: value for key, value in fields.items() if value}}, []


def _replicas(_translator: Translator, service: ComposeService) -> Step:
    return ({"replicas": service.replicas} if (service.replicas or 1) > 1 else {}), []


def _command(translator: Translator, service: ComposeService) -> Step:
    if service.name in translator.embedded:
        return {}, []
    findings = []
    if service.entrypoint is not None:
        cause = "entrypoint: the image's own gets the command"
        fix = "Make it the image's own ENTRYPOINT"
        findings.append(_not_taken(service, "entrypoint", cause, fix))
    if any(translator.holds_token(word) for word in service.command):
        fix = "Give `command` without it; the kit's agent adds the token"
        return {}, [*findings, _not_taken(service, "command", "command: holds the token", fix)]
    missing = [name for word in service.command for name in word.resolved.missing]
    fix = "Give `command` with the value"
    if problem := composefiles.outside_value("command", missing, fix):
        return {}, [*findings, problem.at(service.name, service.place_of("command"))]
    command = [word.text for word in service.command]
    return ({"command": command} if command else {}), findings


def _files(translator: Translator, service: ComposeService) -> Step:
    data: dict[str, Any] = {}
    if service.env_files:
        data["env_files"] = [translator.path(path) for path in service.env_files]
    if service.volumes:
        data["volumes"] = [_volume(translator, volume) for volume in service.volumes]
    return data, list(_empty_volumes(service))


def _empty_volumes(service: ComposeService) -> Iterable[Finding]:
    named = [volume.source for volume in service.volumes if volume.named]
    named = [source for source in named if not source.startswith("~")]
    if named:
        cause = f"volume {', '.join(named)} is empty at first: it belongs to its Compose project"
        place = service.place_of("volumes")
        yield composefiles.EMPTY_VOLUME.finding(service.name, place, cause)


def _volume(translator: Translator, volume: Volume) -> str | dict[str, Any]:
    source = volume.source if volume.named else translator.path(volume.source)
    if ":" not in source + volume.target:
        return f"{source}:{volume.target}{':ro' if volume.read_only else ''}"
    read_only = {"read_only": True} if volume.read_only else {}
    return {"source": source, "target": volume.target, **read_only}


def _resources(_translator: Translator, service: ComposeService) -> Step:
    memory = f"{service.memory_mib}m" if service.memory_mib else None
    limits = {"memory": memory, "cpus": service.cpus}
    given = {key: value for key, value in limits.items() if value}
    return ({"resources": given} if given else {}), []


def _health(translator: Translator, service: ComposeService) -> Step:
    check, stock = service.health, HealthCheck()
    if check is None:
        return {}, []
    known = translator.file.tokens
    if any(recognition.holds_token(word, known) for word in check.command):
        cause = "healthcheck: holds the token"
        return {}, [_not_taken(service, "healthcheck", cause, "Give `health` without it")]
    data: dict[str, Any] = {"command": list(check.command)}
    for name in ("interval_s", "timeout_s", "retries", "start_period_s"):
        value = getattr(check, name)
        if value != getattr(stock, name):
            data[name] = value
    return {"health": data}, []


def _rest(_translator: Translator, service: ComposeService) -> Step:
    findings = []
    if service.network_mode == "host":
        cause = "network_mode host: it has a network of its own, and is reached where it publishes"
        fix = "Give `port` and `publish`"
        findings.append(_not_taken(service, "network_mode", cause, fix))
    known = _TAKEN | _DECIDED_BY_KIT
    rest = [key for key in service.places if key not in known and not key.startswith("x-")]
    if rest:
        cause = f"not taken over: {', '.join(rest)}; a spec has no such field"
        place = service.places[rest[0]]
        findings.append(composefiles.NOT_TAKEN_OVER.finding(service.name, place, cause))
    return {}, findings


_STEPS: tuple[Callable[[Translator, ComposeService], Step], ...] = (
    _image,
    lambda _, service: port(service),
    _replicas,
    _command,
    lambda translator, service: environment(service, translator.holds_token),
    _files,
    _resources,
    _health,
    lambda _, service: sampling(service),
    _rest,
)
"""In the order of the spec's fields."""
