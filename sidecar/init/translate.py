"""One service of a Compose file → the data of one service of a spec, and findings for what is not taken over."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar import agent as agents
from sidecar.existing.compose import secrets
from sidecar.existing.compose.notes import Step, warning
from sidecar.existing.compose.records import is_elsewhere
from sidecar.init.environment import environment, sampling
from sidecar.init.ports import port
from sidecar.spec import HealthCheck, Volume

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.existing.compose.records import ComposeFile, ComposeService, Text
    from sidecar.findings import Finding

_TAKEN = {
    *(
        "image",
        "build",
        "ports",
        "expose",
        "command",
        "entrypoint",
        "environment",
        "env_file",
        "volumes",
    ),
    *("deploy", "scale", "mem_limit", "cpus", "healthcheck", "extends", "profiles"),
}
OTEL_AGENT_HOSTS = {"OTEL_EXPORTER_JAEGER_AGENT_HOST", "OTEL_EXPORTER_JAEGER_HOST"}
"""Where OpenTelemetry's exporter for an agent looks for it; the kit sets the names of jaeger-client alone."""
_KITS_OWN = {
    *("restart", "logging", "networks", "network_mode", "depends_on", "links"),
    *("stop_grace_period", "container_name", "hostname"),
}
"""What the kit decides for every service; not worth a line."""


@dataclass(frozen=True)
class Translator:
    """Translates services of one file into a spec that stands in another folder."""

    file: ComposeFile
    folder: Path
    """The spec's."""
    embedded: frozenset[str] = frozenset()
    """Services that start an agent inside their own container."""

    def service(self, service: ComposeService, name: str) -> tuple[dict[str, Any], list[Finding]]:
        """Return the spec's data in the order of its table, and what is not taken over."""
        findings: list[Finding] = list(service.findings)
        data: dict[str, Any] = {"name": name}
        for step in _STEPS:
            fields, found = step(self, service)
            data.update(fields)
            findings += found
        data, found = self._without_tokens(service, data)
        findings += found
        _own_names(data.get("environment", {}), name)
        if name != service.name:
            cause = f"is called {name} in the spec, where names are host names: a-z, 0-9 and -"
            findings.append(
                warning(service, service.place, cause, "Change it where other services name it")
            )
        return data, findings

    def _without_tokens(self, service: ComposeService, data: dict[str, Any]) -> Step:
        """Return the fields without what holds a token, wherever a variable or a slip has put it."""
        clean = {key: self._kept(value) for key, value in data.items()}
        touched = [key for key, value in clean.items() if value != data[key]]
        places = {"publish": "ports", "env_files": "env_file", "health": "healthcheck"}
        fix = "Give it without the token, which the kit's agent adds"
        return {key: value for key, value in clean.items() if value not in (None, {}, [])}, [
            warning(
                service,
                service.place_of(places.get(key, key)),
                f"{key}: holds the token; not taken over",
                fix,
            )
            for key in touched
        ]

    def _kept(self, value: Any) -> Any:  # noqa: ANN401 - YAML is data of any shape
        if isinstance(value, dict):
            kept = {key: self._kept(one) for key, one in value.items()}
            return {key: one for key, one in kept.items() if one is not None}
        if isinstance(value, list):
            return [one for one in map(self._kept, value) if one is not None]
        held = isinstance(value, str) and secrets.holds_token(value, self.file.tokens)
        return None if held else value

    def path(self, text: str) -> str:
        """Return a path of the Compose file as seen from the spec's folder."""
        if is_elsewhere(text):
            return text
        moved = Path(os.path.relpath(self.file.path.parent / text, self.folder)).as_posix()
        return moved if moved in (".", "..") or moved.startswith("../") else f"./{moved}"

    def secret(self, text: Text) -> bool:
        """Tell whether a value is or holds a token."""
        return secrets.holds_token(text.text, self.file.tokens) or secrets.holds_token(
            text.raw, self.file.tokens
        )


def _own_names(environment: dict[str, str], name: str) -> None:
    """Let variables that the kit does not set itself follow the service's new name and agent."""
    if environment.get("JAEGER_SERVICE_NAME") == name:
        del environment["JAEGER_SERVICE_NAME"]  # the kit sets it so
    for variable in OTEL_AGENT_HOSTS & environment.keys():
        environment[variable] = f"{name}{agents.SUFFIX}"


def _image(translator: Translator, service: ComposeService) -> Step:
    build, image = service.build, service.image
    if build:
        fields = {
            "context": translator.path(build.context),
            "dockerfile": build.dockerfile,
            "target": build.target,
        }
        args = {key: value for key, value in build.args.items() if value}
        return {
            "build": {key: value for key, value in {**fields, "args": args}.items() if value}
        }, []
    if image is None or image.complete:
        return {"image": image.text if image else ""}, []
    missing = ", ".join(f"${name}" for name in image.resolved.missing)
    cause = f"{missing} of its image has no value in the file or in .env"
    return {"image": image.text.rstrip(":@")}, [
        warning(service, image.place, cause, "Complete `image`")
    ]


def _replicas(_translator: Translator, service: ComposeService) -> Step:
    return ({"replicas": service.replicas} if (service.replicas or 1) > 1 else {}), []


def _command(translator: Translator, service: ComposeService) -> Step:
    findings = []
    place = service.place_of("command")
    if service.entrypoint is not None and service.name not in translator.embedded:
        cause = "its entrypoint is not taken over: the image's own gets the command"
        findings.append(
            warning(
                service, service.place_of("entrypoint"), cause, "Make it the image's own ENTRYPOINT"
            )
        )
    if not service.command or service.name in translator.embedded:
        return {}, findings
    if any(translator.secret(word) for word in service.command):
        cause = "its command holds the token: whoever sees the process reads it; not taken over"
        return {}, [
            *findings,
            warning(
                service, place, cause, "Give `command` without it; the kit's agent adds the token"
            ),
        ]
    missing = [name for word in service.command for name in word.resolved.missing]
    if missing:
        cause = f"{_variables(missing)} of its command has no default; not taken over"
        return {}, [*findings, warning(service, place, cause, "Give `command` with the value")]
    return {"command": [word.text for word in service.command]}, findings


def _files(translator: Translator, service: ComposeService) -> Step:
    data: dict[str, Any] = {}
    if service.env_files:
        data["env_files"] = [translator.path(path) for path in service.env_files]
    if service.volumes:
        data["volumes"] = [_volume(translator, volume) for volume in service.volumes]
    named = [
        volume.source
        for volume in service.volumes
        if volume.named and not volume.source.startswith("~")
    ]
    if not named:
        return data, []
    cause = f"volume {', '.join(named)} begins empty: a volume belongs to its Compose project"
    fix = "Copy its data, or mount a folder of the host"
    return data, [warning(service, service.place_of("volumes"), cause, fix)]


def _volume(translator: Translator, volume: Volume) -> str | dict[str, Any]:
    source = volume.source if volume.named else translator.path(volume.source)
    if ":" in source + volume.target:
        return {
            "source": source,
            "target": volume.target,
            **({"read_only": True} if volume.read_only else {}),
        }
    return f"{source}:{volume.target}{':ro' if volume.read_only else ''}"


def _resources(_translator: Translator, service: ComposeService) -> Step:
    memory = f"{service.memory_mib}m" if service.memory_mib else None
    limits = {
        key: value for key, value in {"memory": memory, "cpus": service.cpus}.items() if value
    }
    return ({"resources": limits} if limits else {}), []


def _health(translator: Translator, service: ComposeService) -> Step:
    check = service.health
    if check is None:
        return {}, []
    if any(secrets.holds_token(word, translator.file.tokens) for word in check.command):
        cause = "its health check holds the token; not taken over"
        return {}, [
            warning(service, service.place_of("healthcheck"), cause, "Give `health` without it")
        ]
    stock = HealthCheck()
    times = {
        name: value
        for name in ("interval_s", "timeout_s", "retries", "start_period_s")
        if (value := getattr(check, name)) != getattr(stock, name)
    }
    return {"health": {"command": list(check.command), **times}}, []


def _rest(_translator: Translator, service: ComposeService) -> Step:
    findings = []
    if service.network_mode == "host":
        cause = "network_mode host is not taken over: it has a network of its own, and is reached where it publishes"
        findings.append(
            warning(service, service.place_of("network_mode"), cause, "Give `port` and `publish`")
        )
    rest = [
        key for key in service.places if key not in _TAKEN | _KITS_OWN and not key.startswith("x-")
    ]
    if rest:
        fix = "A spec has no such field; put it into the image, or into an override file beside the rendering"
        findings.append(
            warning(service, service.places[rest[0]], f"not taken over: {', '.join(rest)}", fix)
        )
    return {}, findings


def _variables(names: list[str]) -> str:
    return ", ".join(f"${name}" for name in dict.fromkeys(names))


_STEPS: tuple[Callable[[Translator, ComposeService], Step], ...] = (
    _image,
    lambda _, service: port(service),
    _replicas,
    _command,
    lambda translator, service: environment(service, translator.secret),
    _files,
    _resources,
    _health,
    lambda _, service: sampling(service),
    _rest,
)
"""In the order of the spec's table."""
