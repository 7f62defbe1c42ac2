"""One service of a Compose file → the data of one service of a spec, and findings for what is not taken over."""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar import agent as agents
from sidecar.findings import Finding, Severity
from sidecar.init import secrets
from sidecar.init.client_checks import AGENT_HOST, AGENT_PORT, CLIENT_READS, RUNTIME_READS, SAMPLER_PARAM, SAMPLER_TYPE
from sidecar.spec import SAMPLERS, HealthCheck, Sampling, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar.init.composefile import ComposeFile, ComposeService, Port, Text

_TAKEN = {
    *("image", "build", "ports", "expose", "command", "entrypoint", "environment", "env_file", "volumes"),
    *("deploy", "scale", "mem_limit", "cpus", "healthcheck", "extends", "profiles"),
}
_KITS_OWN = {
    *("restart", "logging", "networks", "network_mode", "depends_on", "links"),
    *("stop_grace_period", "container_name", "hostname"),
}
"""What the kit decides for every service; not worth a line."""
_SET_BY_KIT = {AGENT_HOST, AGENT_PORT, SAMPLER_TYPE, SAMPLER_PARAM}
_PORT_IN_COMMAND = re.compile(r"(?:^|[\s:=])(?:0\.0\.0\.0:|127\.0\.0\.1:|\[::\]:|:)?(\d{2,5})$")
_PORT_FLAG = re.compile(r"--?(?:p|port|http-port|bind|b)$")


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
        if name != service.name:
            cause = f"is called {name} in the spec, where names are host names: a-z, 0-9 and -"
            findings.append(_warn(service, service.place, cause, "Change it where other services name it"))
        return data, findings

    def path(self, text: str) -> str:
        """Return a path of the Compose file as seen from the spec's folder."""
        if "://" in text or text.startswith(("/", "~", "git@", "github.com/")):
            return text
        moved = Path(os.path.relpath(self.file.path.parent / text, self.folder)).as_posix()
        return moved if moved.startswith(".") else f"./{moved}"

    def secret(self, text: Text) -> bool:
        """Tell whether a value is or holds a token."""
        return secrets.holds_token(text.text, self.file.tokens) or secrets.holds_token(text.raw, self.file.tokens)


Step = tuple[dict[str, Any], list[Finding]]


def sampling_of(service: ComposeService) -> Sampling | None:
    """Return the sampler that the environment asks for; None where it asks for none that exists."""
    kind = service.environment[SAMPLER_TYPE].text.strip().lower() if SAMPLER_TYPE in service.environment else "const"
    kind = kind.replace("rate_limiting", "ratelimiting")
    text = service.environment[SAMPLER_PARAM].text.strip().lower() if SAMPLER_PARAM in service.environment else "1"
    param = {"true": 1.0, "false": 0.0}.get(text, _number(text))
    if kind not in SAMPLERS or param is None or not {SAMPLER_TYPE, SAMPLER_PARAM} & service.environment.keys():
        return None
    return Sampling(kind, param)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else None


def _warn(service: ComposeService, place: str, cause: str, fix: str) -> Finding:
    return Finding(Severity.WARNING, service.name, place, cause, fix)


def _image(translator: Translator, service: ComposeService) -> Step:
    build, image = service.build, service.image
    if build:
        args = {
            key: value for key, value in build.args.items() if not secrets.holds_token(value, translator.file.tokens)
        }
        fields = {"context": translator.path(build.context), "dockerfile": build.dockerfile, "target": build.target}
        return {"build": {key: value for key, value in {**fields, "args": args}.items() if value}}, []
    if image is None or image.complete:
        return {"image": image.text if image else ""}, []
    missing = ", ".join(f"${name}" for name in image.resolved.missing)
    cause = f"{missing} of its image has no value in the file or in .env"
    return {"image": image.text.rstrip(":@")}, [_warn(service, image.place, cause, "Complete `image`")]


def _port(_translator: Translator, service: ComposeService) -> Step:
    ports = [port for port in service.ports if port.protocol == "tcp"]
    if not ports:
        guessed = next(iter(service.expose), None) or _guess(service)
        return ({"port": guessed} if guessed else {}), []
    first = next((port for port in ports if port.published), ports[0])
    data: dict[str, Any] = {"port": first.target}
    if first.published:
        data["publish"] = _publish(first)
    others = [str(port.target) for port in service.ports if port is not first]
    if not others:
        return data, []
    cause = f"publishes {', '.join(others)} besides {first.target}; the first is taken over"
    return data, [_warn(service, service.place_of("ports"), cause, "A service of the spec publishes one port")]


def _publish(port: Port) -> int | str | None:
    if port.host in ("127.0.0.1", "localhost"):
        return port.published
    # without an address Compose publishes on all interfaces: kept, and visible
    host = f"[{port.host}]" if ":" in port.host else port.host or "0.0.0.0"  # noqa: S104 - the user's own
    return f"{host}:{port.published}"


def _guess(service: ComposeService) -> int | None:
    """Return the port that command or environment name."""
    texts = [word.text for word in service.command]
    after = [text for before, text in itertools.pairwise(texts) if _PORT_FLAG.fullmatch(before)]
    with_address = [text for text in texts if re.search(r"[:=]\d{2,5}$", text)]
    variable = [service.environment["PORT"].text] if "PORT" in service.environment else []
    matches = (_PORT_IN_COMMAND.search(text) for text in (*after, *with_address, *variable))
    return next((port for match in matches if match and 0 < (port := int(match[1])) < 65536), None)


def _replicas(_translator: Translator, service: ComposeService) -> Step:
    return ({"replicas": service.replicas} if (service.replicas or 1) > 1 else {}), []


def _command(translator: Translator, service: ComposeService) -> Step:
    findings = []
    place = service.place_of("command")
    if service.entrypoint is not None and service.name not in translator.embedded:
        cause = "its entrypoint is not taken over: the image's own gets the command"
        findings.append(_warn(service, service.place_of("entrypoint"), cause, "Make it the image's own ENTRYPOINT"))
    if not service.command or service.name in translator.embedded:
        return {}, findings
    if any(translator.secret(word) for word in service.command):
        cause = "its command holds the token: whoever sees the process reads it; not taken over"
        return {}, [
            *findings,
            _warn(service, place, cause, "Give `command` without it; the kit's agent adds the token"),
        ]
    missing = [name for word in service.command for name in word.resolved.missing]
    if missing:
        cause = f"{_variables(missing)} of its command has no default; not taken over"
        return {}, [*findings, _warn(service, place, cause, "Give `command` with the value")]
    return {"command": [word.text for word in service.command]}, findings


def _environment(translator: Translator, service: ComposeService) -> Step:
    given = {
        name: text
        for name, text in service.environment.items()
        if name not in _SET_BY_KIT
        and not (name.startswith("JAEGER_") and name not in CLIENT_READS | RUNTIME_READS)
        and not translator.secret(text)
    }
    missing = {name: text for name, text in given.items() if not text.complete}
    kept = {name: text.text for name, text in given.items() if text.complete}
    if kept.get("JAEGER_SERVICE_NAME") == service.name:
        del kept["JAEGER_SERVICE_NAME"]  # the kit sets it so
    findings = []
    if missing:
        cause = f"{', '.join(missing)}: the value comes from outside the file; not taken over"
        fix = "Write NAME=VALUE into a file and name it in env_files"
        findings.append(_warn(service, next(iter(missing.values())).place, cause, fix))
    clear = [name for name in kept if secrets.SECRET_NAME.fullmatch(name) and kept[name]]
    if clear:
        cause = f"{', '.join(clear)}: in clear, as in the Compose file"
        fix = "Move it into a file that is not committed, and name that in env_files"
        findings.append(_warn(service, service.environment[clear[0]].place, cause, fix))
    return ({"environment": kept} if kept else {}), findings


def _files(translator: Translator, service: ComposeService) -> Step:
    data: dict[str, Any] = {}
    if service.env_files:
        data["env_files"] = [translator.path(path) for path in service.env_files]
    if service.volumes:
        data["volumes"] = [_volume(translator, volume) for volume in service.volumes]
    named = [volume.source for volume in service.volumes if volume.named and not volume.source.startswith("~")]
    if not named:
        return data, []
    cause = f"volume {', '.join(named)} begins empty: a volume belongs to its Compose project"
    fix = "Copy its data, or mount a folder of the host"
    return data, [_warn(service, service.place_of("volumes"), cause, fix)]


def _volume(translator: Translator, volume: Volume) -> str | dict[str, Any]:
    source = volume.source if volume.named else translator.path(volume.source)
    if ":" in source + volume.target:
        return {"source": source, "target": volume.target, **({"read_only": True} if volume.read_only else {})}
    return f"{source}:{volume.target}{':ro' if volume.read_only else ''}"


def _resources(_translator: Translator, service: ComposeService) -> Step:
    memory = f"{service.memory_mib}m" if service.memory_mib else None
    limits = {key: value for key, value in {"memory": memory, "cpus": service.cpus}.items() if value}
    return ({"resources": limits} if limits else {}), []


def _health(translator: Translator, service: ComposeService) -> Step:
    check = service.health
    if check is None or any(secrets.holds_token(word, translator.file.tokens) for word in check.command):
        return {}, []
    stock = HealthCheck()
    times = {
        name: value
        for name in ("interval_s", "timeout_s", "retries", "start_period_s")
        if (value := getattr(check, name)) != getattr(stock, name)
    }
    return {"health": {"command": list(check.command), **times}}, []


def _sampling(_translator: Translator, service: ComposeService) -> Step:
    sampling = sampling_of(service)
    if sampling is None or sampling == Sampling():
        return {}, []
    param = int(sampling.param) if sampling.param == int(sampling.param) else sampling.param
    return {"sampling": {"type": sampling.type, "param": param}}, []


def _rest(_translator: Translator, service: ComposeService) -> Step:
    rest = [key for key in service.places if key not in _TAKEN | _KITS_OWN and not key.startswith("x-")]
    if not rest:
        return {}, []
    fix = "A spec has no such field; put it into the image, or into a docker-compose.override.yml beside the rendering"
    return {}, [_warn(service, service.places[rest[0]], f"not taken over: {', '.join(rest)}", fix)]


def _variables(names: list[str]) -> str:
    return ", ".join(f"${name}" for name in dict.fromkeys(names))


_STEPS: tuple[Callable[[Translator, ComposeService], Step], ...] = (
    _image,
    _port,
    _replicas,
    _command,
    _environment,
    _files,
    _resources,
    _health,
    _sampling,
    _rest,
)


def names(services: list[ComposeService], reserved: frozenset[str]) -> Iterator[tuple[ComposeService, str]]:
    """Yield each service with a name that the spec allows, its own where that is one."""
    taken = set(reserved)
    for service in services:
        name = spec_name(service.name)
        while name in taken or f"{name}{agents.SUFFIX}" in taken:
            name = f"{name[:50]}-{len(taken)}"
        taken |= {name, f"{name}{agents.SUFFIX}"}
        yield service, name


def spec_name(text: str) -> str:
    """Return a Compose service's name as a host's: a-z, 0-9 and -, a letter first, at most 57."""
    name = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
    if not name[:1].isalpha() or name.startswith("x-"):
        name = f"service-{name}".rstrip("-")
    return name[: 63 - len(agents.SUFFIX)].rstrip("-")
