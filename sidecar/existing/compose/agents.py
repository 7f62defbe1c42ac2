"""A hand-made agent: found by its image or flags, its settings read from arguments and environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.existing.compose import software, syntax
from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.records import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidecar.existing.compose.records import ComposeService

MARKS = (
    "reporter.grpc.host-port",
    "collector.host-port",
    "reporter.tchannel.host-port",
    "jaeger.tags",
    "agent.tags",
)
"""Flags that nothing but an agent has."""
TAGS = ("agent.tags", "jaeger.tags")
HOST_PORTS = MARKS[:3]
WORKERS = "processor.jaeger-compact.workers"
QUEUE = "processor.jaeger-compact.server-queue-size"
_SETTINGS = (*MARKS, "config-file", WORKERS, QUEUE)
_OWN_LABEL = "sidecar-kit.role="
_SHELLS = ("sh", "bash", "ash", "dash")
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class HandMadeAgent:
    """An agent that somebody set up by hand."""

    service: ComposeService
    kind: str
    """agent, all-in-one, or embedded: started inside a service's own container."""
    version: tuple[int, int, int] | None
    """None: the image does not tell."""
    flags: Mapping[str, Text]
    """Flag → value, of the arguments."""
    variables: Mapping[str, Text]
    """Flag → value, of environment variables that stand for flags."""

    @property
    def settings(self) -> Mapping[str, Text]:
        """Flag → value; an argument wins over a variable."""
        return {**self.variables, **self.flags}

    @property
    def gateway(self) -> Text | None:
        """Where it reports to, HOST:PORT."""
        return next((self.settings[flag] for flag in HOST_PORTS if flag in self.settings), None)


def find_agents(services: Mapping[str, ComposeService]) -> list[HandMadeAgent]:
    """Return the hand-made agents of a file; the kit's own are none."""
    found = (_agent(service) for service in services.values() if not own(service))
    return [agent for agent in found if agent]


def own(service: ComposeService) -> bool:
    """Tell whether a service is of a rendering of the kit's, but not one to trace."""
    return any(
        label.startswith(_OWN_LABEL) and not label.endswith("=service") for label in service.labels
    )


def _agent(service: ComposeService) -> HandMadeAgent | None:
    flags = dict(_flags(_words(service)))
    kind = _kind(service, flags)
    if not kind:
        return None
    variables = {
        flag: service.environment[name]
        for flag in _SETTINGS
        if (name := re.sub(r"[.-]", "_", flag).upper()) in service.environment
    }
    version = None if kind == "embedded" or not service.image else _version(service.image.text)
    return HandMadeAgent(service, kind, version, flags, {} if kind == "embedded" else variables)


def _kind(service: ComposeService, flags: Mapping[str, Text]) -> str:
    name = software.repository(service.image.text) if service.image else ""
    if "jaeger-agent" in name:
        return "agent"
    if "all-in-one" in name or (service.image and "jaegertracing/jaeger:" in service.image.text):
        return "all-in-one"
    if not any(flag in flags for flag in MARKS):
        return ""
    words = [*(service.entrypoint or ()), *service.command]
    return "embedded" if words[0].text.rsplit("/", 1)[-1] in _SHELLS else "agent"


def _version(image: str) -> tuple[int, int, int] | None:
    match = _VERSION.match(software.tag(image))
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def _words(service: ComposeService) -> list[Text]:
    """Return the arguments; a shell's script is taken apart, too."""
    found = []
    for word in (*(service.entrypoint or ()), *service.command):
        is_script = "--" in word.raw and " " in word.raw.strip()
        parts = (syntax.words(word.raw) or tuple(word.raw.split())) if is_script else (word.raw,)
        found += [Text(part, word.place, resolve(part, {})) for part in parts]
    return found


def _flags(words: list[Text]) -> Iterator[tuple[str, Text]]:
    for index, word in enumerate(words):
        if not word.raw.startswith("-"):
            continue
        name, equals, raw = word.raw.lstrip("-").partition("=")
        place = word.place
        if not equals and index + 1 < len(words) and not words[index + 1].raw.startswith("-"):
            raw, place = words[index + 1].raw, words[index + 1].place
        yield name, Text(raw, place, resolve(raw, {}))
