"""The agents of a folder's Compose project: new ones run next to old ones until they are proven.

Nothing in flight is lost. A service's packets move to the new agent as soon as the old one's name
disappears from their network, and the old one sends what it holds before it is stopped.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose, stack_files, start_command
from sidecar.engine.errors import ComposeAbsentError, EngineAbsentError
from sidecar.engine.project import (
    ROLE,
    SERVICE,
    containers_of,
    forwarder_of,
    gateway_network,
    is_canary,
    token_file_of,
)
from sidecar.errors import SidecarError
from sidecar.plan import BARE_FILE
from sidecar.rendering import COMPOSE_FILE
from sidecar.rules import canaries
from sidecar.tokens.forwarded import of_forwarder
from sidecar.tokens.store import NoAgents
from sidecar.verify.compose.deployment import ComposeDeployment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.compose import Compose
    from sidecar.engine.containers import Container
    from sidecar.tokens.store import Agents, Say
    from sidecar.verify.counts import AgentCounts, ClientCounts

HEALTHY_SECONDS = 60
GRACE_SECONDS = 15
DRAIN_SECONDS = 15.0
_ENDED = ("created", "exited", "dead", "removing")
_LOOKS, _QUIET = 10, 2
_TO_FILE = "SIDECAR_TOKEN_FILE to it"


@dataclass(frozen=True)
class ComposeAgents:
    """The agents of a folder's deployment, those included that a killed rotation left."""

    engine: Engine
    compose: Compose
    folder: Path
    config: Mapping[str, Any]
    """The Compose file, as Compose understands it."""
    names: tuple[str, ...]
    """The agents' names in Compose, each once."""
    old: tuple[Container, ...]
    """Those that run or restart: a rotation ends them."""
    ended: tuple[Container, ...]
    idle: str = ""
    replaced: str = "replaced"

    def replace(self, say: Say) -> None:
        """Start a new agent next to each old one, and wait until all are healthy."""
        for agent in self.ended:  # or Compose would start them again
            with suppress(SidecarError):
                self.engine.containers.remove(agent.identity, 0)
        options = ("--no-deps", "--no-recreate", "--no-build", "--pull=never")
        waiting = ("--wait", f"--wait-timeout={HEALTHY_SECONDS}")
        words = ("up", "--detach", *options, *waiting, *self._scales(), *self.names)
        self.compose.run(self.folder, *words)
        say(f"{', '.join(self.names)}: new ones run next to the old ones")

    def deployments(self) -> Iterator[tuple[str, ThroughAgents]]:
        """Yield the new agents as one deployment."""
        yield "the new agents", ThroughAgents(self.engine, self.config, self._new())

    def retire(self, say: Say) -> None:
        """End each old agent; one that refuses does not keep the others from ending."""
        for agent in self.old:
            say(self._retired(agent))
        old = {agent.identity for agent in self.old}
        left = ", ".join(agent.name for agent in self._standing() if agent.identity in old)
        if left:
            cause = f"is in place, and the new agents have it. Old agents still run: {left}"
            raise SidecarError("token", cause, "Run `sidecar token rotate` again")

    def put_back(self, *, restored: bool) -> str:  # noqa: ARG002 - the old agents kept their token
        """Remove the new agents."""
        left = self._remove_new()
        if left:
            return f"New agents could not be removed: {left}; the next rotation removes them"
        return "The old agents still run"

    def _scales(self) -> list[str]:
        scales = []
        for name in self.names:
            count = sum(agent.service == name for agent in self.old)
            scales.append(f"--scale={name}={count + 1}")
        return scales

    def _standing(self) -> list[Container]:
        return _of_services(self.engine.containers.of_project(self.config["name"]), self.names)

    def _new(self) -> list[Container]:
        old = {agent.identity for agent in self.old}
        return [agent for agent in self._standing() if agent.identity not in old]

    def _remove_new(self) -> str:
        """Remove the new agents; return the names of those that could not be removed."""
        quiet = 0
        for _ in range(_LOOKS):
            new = self._new()
            for agent in new:
                with suppress(SidecarError):
                    self.engine.containers.remove(agent.identity, GRACE_SECONDS)
            quiet = 0 if new else quiet + 1
            if quiet == _QUIET:
                return ""
            time.sleep(1)  # the engine completes the last container of an interrupted Compose late
        return ", ".join(agent.name for agent in self._new())

    def _retired(self, agent: Container) -> str:
        try:
            self._retire(agent)
        except SidecarError as error:
            return f"{agent.name}: could not be ended: {error.cause}"
        return f"{agent.service}: the old one sent what it held, and has ended"

    def _retire(self, agent: Container) -> None:
        """Take an agent off its service's network, let it send what it holds, then stop it."""
        to_gateway = gateway_network(self.config)
        networks = self.engine.containers.inspect(agent.identity)["NetworkSettings"]["Networks"]
        for network in networks:
            if network != to_gateway:
                self.engine.containers.disconnect(agent.identity, network)
        self._drain(agent)
        self.engine.containers.remove(agent.identity, GRACE_SECONDS)

    def _drain(self, agent: Container) -> None:
        """Wait until two readings of its counters agree: then nothing is in flight."""
        deployment = ThroughAgents(self.engine, self.config, [agent])
        (service,) = deployment.services()
        deadline = time.monotonic() + DRAIN_SECONDS
        last: AgentCounts | None = None
        while time.monotonic() < deadline:
            with suppress(SidecarError):
                counts = deployment.agent(service)
                if counts == last:
                    return
                last = counts
            time.sleep(1)


class ThroughAgents(ComposeDeployment):
    """The deployment through certain agents: spans are sent from an agent's own network, to it."""

    def __init__(
        self, engine: Engine, config: Mapping[str, Any], agents: Sequence[Container]
    ) -> None:
        inspected = [engine.containers.inspect(agent.identity) for agent in agents]
        self._services = [data["Config"]["Labels"][SERVICE] for data in inspected]
        super().__init__(engine, config["name"], config["x-sidecar"]["probe"])
        for service, agent in zip(self._services, agents, strict=True):
            self.parts.found["agent", service] = [agent]

    def services(self) -> Sequence[str]:
        """Return the services of these agents."""
        return self._services

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans to the agent, from inside its own network."""
        jaeger = {"JAEGER_AGENT_HOST": "127.0.0.1"}
        return self._marked(self.parts.running("agent", service), service, marker, spans, jaeger)


def find_agents(folder: Path, path: Path) -> Agents:
    """Return the running agents of a folder that read its token file.

    Raises SidecarError where they run and read another file, or run from another folder.
    """
    if not all(path.is_file() for path in stack_files(folder)):
        return NoAgents(f"{folder} holds no {COMPOSE_FILE}")
    try:
        engine, compose = connect(), find_compose()
    except (EngineAbsentError, ComposeAbsentError) as error:
        return NoAgents(f"{error.subject}: {error.cause}")
    config = compose.config(folder)
    engine.short_lived.sweep(config["name"])
    found_all = containers_of(engine, config, folder)
    found = _of_services(found_all, _agent_services(config))
    running = [agent.service for agent in found if agent.status == "running"]
    if not running:
        return NoAgents("no agent of this folder runs")
    if is_canary(config):
        raise SidecarError.from_problem("agent.canary", canaries.rotation())
    _require_read(config, path)
    if forwarder := forwarder_of(config):
        return of_forwarder(engine, config, found_all, forwarder)
    names = tuple(dict.fromkeys(running))
    standing = _of_services(found, names)
    old = tuple(agent for agent in standing if agent.status not in _ENDED)
    ended = tuple(agent for agent in standing if agent.status in _ENDED)
    return ComposeAgents(engine, compose, folder, config, names, old, ended)


def _agent_services(config: Mapping[str, Any]) -> list[str]:
    services = config["services"].items()
    return [name for name, service in services if service.get("labels", {}).get(ROLE) == "agent"]


def _of_services(containers: Iterable[Container], names: Iterable[str]) -> list[Container]:
    wanted = set(names)
    return [container for container in containers if container.service in wanted]


def _require_read(config: Mapping[str, Any], path: Path) -> None:
    """Raise SidecarError where the agents of a Compose file read another token file."""
    file = token_file_of(config)
    bare = path.resolve().parent.parent / BARE_FILE
    if file not in (str(path.resolve()), str(bare)):
        variable = "SIDECAR_TOKEN_FOLDER to its folder" if forwarder_of(config) else _TO_FILE
        fix = f"Set {variable}, and run `{start_command(path.parent.parent)}`"
        raise SidecarError(str(path), f"is not what the agents read: {file}", fix)
