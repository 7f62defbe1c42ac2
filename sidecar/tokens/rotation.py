"""Replaces the token of running agents: new agents beside the old ones, proven, then the old ones end.

Nothing of what is in flight is lost: a service's packets move to the new agent as soon as the old one's name is gone
from their network, and the old one hands on what it holds before it is stopped.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar import signals
from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose
from sidecar.engine.errors import ComposeAbsentError, EngineAbsentError
from sidecar.engine.project import containers_of
from sidecar.errors import SidecarError
from sidecar.tokens import store
from sidecar.verify.compose import ROLE, SERVICE, ComposeDeployment
from sidecar.verify.run import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.compose import Compose
    from sidecar.engine.containers import Container
    from sidecar.verify.counts import AgentCounts, ClientCounts

FILE = "docker-compose.yml"
HEALTHY_SECONDS = 60
GRACE_SECONDS = 15
DRAIN_SECONDS = 15.0
SPANS = 20
"""Marked spans through each new agent."""
_ENDED = ("created", "exited", "dead", "removing")
_LOOKS, _QUIET = 10, 2


@dataclass(frozen=True)
class Running:
    """The agents of a folder's deployment that run."""

    engine: Engine
    compose: Compose
    folder: Path
    config: dict[str, Any]
    """The Compose file, as Compose understands it."""
    agents: tuple[Container, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The agents' names in Compose, each once."""
        return tuple(dict.fromkeys(agent.service for agent in self.agents))


def find_running(folder: Path, path: Path) -> Running | str:
    """Return the running agents that read the token's file, or why there are none.

    Raises SidecarError where they run and read another file, or run from another folder.
    """
    if not (folder / FILE).is_file():
        return f"{folder} holds no {FILE}"
    try:
        engine, compose = connect(), find_compose()
    except (EngineAbsentError, ComposeAbsentError) as error:
        return f"{error.subject}: {error.cause}"
    config = compose.config(folder)
    names = {
        name
        for name, service in config["services"].items()
        if service.get("labels", {}).get(ROLE) == "agent"
    }
    found = [one for one in containers_of(engine, config, folder) if one.service in names]
    agents = tuple(one for one in found if one.status == "running")
    if not agents:
        return "no agent of this folder runs"
    read = config.get("secrets", {}).get("agent", {}).get("file")
    if read != str(path.resolve()):
        raise SidecarError(
            str(path),
            f"is not what the agents read: {read}",
            "Set SIDECAR_TOKEN_FILE to it, and docker compose up",
        )
    return Running(engine, compose, folder, config, agents)


def rotate(
    running: Running, path: Path, content: bytes, say: Callable[[str], None], *, prove: bool = True
) -> None:
    """Put the new file into place and replace the agents, those included that a killed rotation left behind.

    Raises SidecarError. Up to the proof, file and agents are then as before; after it, the old agents end whatever
    comes, and those that could not be ended are named.
    """
    before = path.read_bytes() if path.is_file() else None
    old = _standing(running)
    try:
        store.put(path, content)
        _start_beside(running, old)
        say(f"{', '.join(running.names)}: new ones run beside the old ones")
        if prove:
            _prove(running, old)
            say(f"proven: {SPANS} spans through each of them")
    except BaseException as error:
        said = _undo(running, old, path, before)
        if isinstance(error, SidecarError):
            raise SidecarError(
                error.subject, error.cause, ". ".join(part for part in (error.fix, said) if part)
            ) from None
        say(said)
        raise
    with signals.deferred():
        _retire_all(running, old, say)


def _standing(running: Running) -> list[Container]:
    """Return the agents that are to end; those that ended already are removed, or Compose would start them again."""
    standing = []
    for agent in _agents(running):
        if agent.status not in _ENDED:
            standing.append(agent)
            continue
        with suppress(SidecarError):
            running.engine.containers.remove(agent.identity, 0)
    return standing


def _start_beside(running: Running, old: Sequence[Container]) -> None:
    scales = [
        f"--scale={name}={sum(one.service == name for one in old) + 1}" for name in running.names
    ]
    options = (
        "--no-deps",
        "--no-recreate",
        "--no-build",
        "--pull=never",
        "--wait",
        f"--wait-timeout={HEALTHY_SECONDS}",
    )
    running.compose.run(running.folder, "up", "--detach", *options, *scales, *running.names)


def _prove(running: Running, old: Sequence[Container]) -> None:
    failure = verify(_Through(running, _new(running, old)), SPANS).first_failure
    if failure:
        raise SidecarError(
            "token",
            f"is not proven: {failure.service}, {failure.hop}: {failure.cause}",
            failure.fix,
        )


def _undo(running: Running, old: Sequence[Container], path: Path, before: bytes | None) -> str:
    """Put the file back and remove the new agents; return what is to be said of it."""
    try:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            store.put(path, before)
    except (OSError, SidecarError) as error:
        file = f"The old token could not be put back: {error}"
    else:
        file = ""
    left = _remove_new(running, old)
    if file or left:
        agents = (
            f"New agents are left: {left}; the next rotation ends them"
            if left
            else "The old agents run on"
        )
        return f"{file or 'The old token is back'}. {agents}"
    return "The old token and its agents are as they were"


def _remove_new(running: Running, old: Sequence[Container]) -> str:
    """Remove the new agents; return the names of those that stay."""
    quiet = 0
    for _ in range(_LOOKS):
        new = _new(running, old)
        for agent in new:
            with suppress(SidecarError):
                running.engine.containers.remove(agent.identity, GRACE_SECONDS)
        quiet = 0 if new else quiet + 1
        if quiet == _QUIET:
            return ""
        time.sleep(1)  # a Compose that was cut off has its last container made after it is gone
    return ", ".join(agent.name for agent in _new(running, old))


def _agents(running: Running) -> list[Container]:
    found = running.engine.containers.of_project(running.config["name"])
    return [one for one in found if one.service in running.names]


def _new(running: Running, old: Sequence[Container]) -> list[Container]:
    known = {agent.identity for agent in old}
    return [one for one in _agents(running) if one.identity not in known]


def _retire_all(running: Running, old: Sequence[Container], say: Callable[[str], None]) -> None:
    """End the old agents; one that refuses does not keep the others. Raises SidecarError with those that are left."""
    for agent in old:
        say(_retired(running, agent))
    known = {agent.identity for agent in old}
    left = ", ".join(one.name for one in _agents(running) if one.identity in known)
    if left:
        cause = f"is in place, and the new agents have it. Old ones are left: {left}"
        raise SidecarError("token", cause, "Run `sidecar token rotate` again")


def _retired(running: Running, agent: Container) -> str:
    try:
        _retire(running, agent)
    except SidecarError as error:
        return f"{agent.name}: could not be ended: {error.cause}"
    return f"{agent.service}: the old one handed on what it held, and has ended"


def _retire(running: Running, agent: Container) -> None:
    """Take an agent away from its service, let it hand on what it holds, then stop it."""
    way_out = running.config["networks"]["gateway"]["name"]
    networks = running.engine.containers.inspect(agent.identity)["NetworkSettings"]["Networks"]
    for network in networks:
        if network != way_out:
            running.engine.containers.disconnect(agent.identity, network)
    _drain(running, agent)
    running.engine.containers.remove(agent.identity, GRACE_SECONDS)


def _drain(running: Running, agent: Container) -> None:
    """Wait until two readings of its counters agree; what moves none of them in a second is not on its way."""
    place = _Through(running, [agent])
    (service,) = place.services()
    deadline = time.monotonic() + DRAIN_SECONDS
    last: AgentCounts | None = None
    while time.monotonic() < deadline:
        with suppress(SidecarError):
            counts = place.agent(service)
            if counts == last:
                return
            last = counts
        time.sleep(1)


class _Through(ComposeDeployment):
    """The deployment through certain agents: spans are sent from an agent's own network, to that agent."""

    def __init__(self, running: Running, agents: Sequence[Container]) -> None:
        inspected = [running.engine.containers.inspect(agent.identity) for agent in agents]
        self._agents = [data["Config"]["Labels"][SERVICE] for data in inspected]
        super().__init__(
            running.engine, running.config["name"], running.config["x-sidecar"]["probe"]
        )
        for service, agent in zip(self._agents, agents, strict=True):
            self._found["agent", service] = agent

    def services(self) -> Sequence[str]:
        """Return the services of these agents."""
        return self._agents

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans to the agent from beside it."""
        jaeger = {"JAEGER_AGENT_HOST": "127.0.0.1"}
        return self._marked(self._running("agent", service), service, marker, spans, jaeger)
