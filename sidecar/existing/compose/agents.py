"""Hand-made agents: found by image or flags; their settings are in arguments and environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.existing.compose import software, syntax
from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.records import Text
from sidecar.rules import agent_settings, agents, recognition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sidecar.existing.compose.records import ComposeService

HOST_PORTS = ("reporter.grpc.host-port", *agents.TCHANNEL)
MARKS = (*HOST_PORTS, *recognition.TAGS_FLAGS)
"""Flags that only an agent has."""
QUEUE = "processor.jaeger-compact.server-queue-size"
_NAME = "jaeger-agent"
"""Of the official image: the tag of another one may be a version of something else."""
_OFFICIAL = "jaegertracing/jaeger-agent"
_LATEST = ("", "latest")
"""Tags that are the last version: no newer agent will be published."""
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
    """None: the image does not name one, and is not the official one."""
    flags: Mapping[str, Text]
    """Flag → value, from the arguments."""
    variables: Mapping[str, Text]
    """Flag → value, from environment variables that stand for flags."""

    @property
    def settings(self) -> Mapping[str, Text]:
        """Flag → value; an argument wins over a variable."""
        return {**self.variables, **self.flags}

    @property
    def effective(self) -> Mapping[str, Text]:
        """Flag → value, without variables that the agent's version does not read."""
        read = {
            flag: value
            for flag, value in self.variables.items()
            if agent_settings.is_read(flag, self.version)
        }
        return {**read, **self.flags}

    @property
    def runs_agent_only(self) -> bool:
        """Whether each argument and variable is for the agent, not for a shell or a wrapper."""
        first = (self.service.entrypoint or ())[:1]
        return self.kind == "agent" and all("agent" in _base(word.text) for word in first)

    @property
    def gateway(self) -> Text | None:
        """The HOST:PORT that it is meant to report to."""
        return _first(self.settings, HOST_PORTS)

    @property
    def reports_to(self) -> Text | None:
        """The HOST:PORT that its version reads."""
        return _first(self.effective, HOST_PORTS)

    def may_set(self, flags: Iterable[str]) -> bool:
        """Tell whether a variable whose value stands elsewhere may set one of these flags."""
        names = {"*", *map(agent_settings.variable_of, flags)}
        return self.kind != "embedded" and not names.isdisjoint(self.service.unseen)


def _first(settings: Mapping[str, Text], flags: Iterable[str]) -> Text | None:
    return next((settings[flag] for flag in flags if flag in settings), None)


def find_agents(services: Mapping[str, ComposeService]) -> list[HandMadeAgent]:
    """Return the hand-made agents of a file, without those that the kit rendered."""
    found = (_agent(service) for service in services.values() if not is_kits_own(service))
    return [agent for agent in found if agent]


def is_kits_own(service: ComposeService) -> bool:
    """Tell whether the kit rendered a service, and it is not one to trace."""
    roles = [label for label in service.labels if label.startswith(_OWN_LABEL)]
    return any(not label.endswith("=service") for label in roles)


def _agent(service: ComposeService) -> HandMadeAgent | None:
    flags = dict(_flags(_words(service)))
    kind = _kind(service, flags)
    if not kind:
        return None
    if kind == "embedded":  # image and environment are the service's
        return HandMadeAgent(service, kind, None, flags, {})
    image = service.image.text if service.image else ""
    version = _version(image) if kind == "all-in-one" or _NAME in image else None
    return HandMadeAgent(service, kind, version, flags, _variables(service))


def _kind(service: ComposeService, flags: Mapping[str, Text]) -> str:
    name = software.repository(service.image.text) if service.image else ""
    if _NAME in name:
        return "agent"
    if "all-in-one" in name or name == "jaeger":  # the second is Jaeger 2
        return "all-in-one"
    if not any(flag in flags for flag in MARKS):
        return ""
    words = [*(service.entrypoint or ()), *service.command]
    return "embedded" if _base(words[0].text) in _SHELLS else "agent"


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _variables(service: ComposeService) -> dict[str, Text]:
    """Return flag → value of the variables that stand for flags, such as AGENT_TAGS."""
    names = {flag: agent_settings.variable_of(flag) for flag in agents.FLAGS}
    given = service.environment
    return {flag: given[name] for flag, name in names.items() if name in given}


def _version(image: str) -> tuple[int, int, int] | None:
    """Return the version that an image's tag means; None for one that no agent has."""
    tag = software.tag(image)
    if tag in _LATEST and image.removesuffix(f":{tag}").endswith(_OFFICIAL):
        return agents.NEWEST
    match = _VERSION.match(tag)
    version = (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
    return version if version and version <= agents.NEWEST else None


def _words(service: ComposeService) -> list[Text]:
    """Return the arguments; a shell's script is split, too."""
    found = []
    for word in (*(service.entrypoint or ()), *service.command):
        parts: tuple[str, ...] = (word.raw,)
        if "--" in word.raw and " " in word.raw.strip():
            parts = syntax.words(word.raw) or tuple(word.raw.split())
        found += [Text(part, word.place, resolve(part, {})) for part in parts]
    return found


def _flags(words: list[Text]) -> Iterator[tuple[str, Text]]:
    for word, after in zip(words, [*words[1:], None], strict=False):
        if not word.raw.startswith("-"):
            continue
        name, equals, raw = word.raw.lstrip("-").partition("=")
        place = word.place
        if not equals and after and not after.raw.startswith("-"):
            raw, place = after.raw, after.place
        yield name, Text(raw, place, resolve(raw, {}))
