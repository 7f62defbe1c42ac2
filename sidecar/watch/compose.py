"""The agents of a Compose project: read from this machine where it runs them, else from inside."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose, rendered_file, start_command
from sidecar.engine.project import ROLE, SERVICE, containers_of, not_rendered, nothing_runs
from sidecar.engine.short_lived import RunRequest
from sidecar.errors import SidecarError
from sidecar.rules.agents import ADMIN_PORT
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.rules.watch import WITHOUT_AGENT, WITHOUT_CONTAINER
from sidecar.tokens.check import check_agent_data, token_of
from sidecar.verify.compose import token_files
from sidecar.verify.compose.stated import stated
from sidecar.verify.counts import agent_counts_of
from sidecar.verify.network.printed import last_line
from sidecar.verify.network.reader import agent_counts, metrics_of
from sidecar.verify.times import seconds_of
from sidecar.watch import rendered
from sidecar.watch.agents import MISSING, RUNNING, AgentState, Token
from sidecar.watch.evidence import end_of, shown_variables
from sidecar.watch.gateway import last_span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.verify.counts import AgentCounts
    from sidecar.watch.evidence import Evidence

_AT_ONCE = 8
_ANSWER_SECONDS = 1.0
_LOOK_SECONDS = 20.0
_LOG_SECONDS = 24 * 3600.0
_READER = ("-m", "sidecar.verify.network.reader", "agent")
_TABLES = ("udp", "udp6")
Object = dict[str, Any]


class ComposeAgents:
    """The agents of one folder's Compose project."""

    def __init__(self, engine: Engine, config: Mapping[str, Any], folder: Path) -> None:
        self._engine, self._config, self._folder = engine, config, folder
        self._image = config["x-sidecar"]["probe"]
        self.name = f"Compose project {config['name']}"

    def read(self) -> Sequence[AgentState]:
        """Return the agents with their counts."""
        return self._states(_Details())

    def read_all(self) -> Sequence[AgentState]:
        """Return the agents with all that is known of them."""
        found = self._inspected()
        if not found:
            raise nothing_runs(self._config["name"], start_command(self._folder))
        page = next((each for each in found if _label(each, ROLE) == "gateway"), None)
        return self._states(_Details(page, stated(self._config).token_file), found)

    def collect(self, evidence: Evidence) -> None:
        """Add what runs, the file of the kit, the logs of agents and stand-in, and the tokens."""
        engine = {"engine": self._engine.version, "api": self._engine.api_version}
        evidence.add_data("engine.json", lambda: engine)
        file = rendered_file(self._folder)
        evidence.add(f"rendered/{file.name}", lambda: file.read_text(encoding="utf-8"))
        evidence.add_data("plan.json", lambda: rendered.of_compose(self._config))
        found = self._inspected()
        evidence.add_data("deployment.json", lambda: [_described(each) for each in found])
        for each in found:
            if _label(each, ROLE) in ("agent", "gateway"):
                name, identity = each["Name"].lstrip("/"), each["Id"]
                evidence.add(f"logs/{name}.log", partial(self._log, identity))
                evidence.tokens |= _tokens(each)

    def _log(self, identity: str) -> str:
        return end_of(self._engine.containers.logs(identity, time.time() - _LOG_SECONDS))

    def _states(self, details: _Details, found: list[Object] | None = None) -> list[AgentState]:
        found = self._inspected() if found is None else found
        agents = [each for each in found if _label(each, ROLE) == "agent"]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            states = list(pool.map(lambda agent: self._state(agent, details), agents))
        known = {state.service for state in states}
        missing = [state for state in self._missing(found) if state.service not in known]
        return sorted((*states, *missing), key=lambda state: (state.service, state.name))

    def _missing(self, found: Sequence[Object]) -> Iterator[AgentState]:
        """Yield the services that run or should run, for those that have no agent."""
        there = {_label(each, SERVICE) for each in found if _label(each, ROLE) == "service"}
        for name in there:
            yield AgentState(name, MISSING, WITHOUT_AGENT)
        if found:  # else it was removed
            wanted = {name for name, count in stated(self._config).replicas.items() if count}
            for name in wanted - there:
                yield AgentState(name, MISSING, WITHOUT_CONTAINER)

    def _inspected(self) -> list[Object]:
        containers = containers_of(self._engine, self._config, self._folder)
        return [self._engine.containers.inspect(each.identity) for each in containers]

    def _state(self, agent: Object, details: _Details) -> AgentState:
        status = agent["State"]["Status"]
        counts, cause = self._counts(agent) if status == RUNNING else (None, "")
        service = _label(agent, SERVICE)
        return AgentState(
            service=service,
            name=agent["Name"].lstrip("/"),
            state=status,
            identity=agent["Id"],
            restarts=agent.get("RestartCount", 0),
            oom_killed=bool(agent["State"].get("OOMKilled")),
            started=seconds_of(agent["State"].get("StartedAt", "")),
            counts=counts,
            cause=cause,
            token=details.token(agent),
            last_span=details.last_span(service),
        )

    def _counts(self, agent: Object) -> tuple[AgentCounts | None, str]:
        """Return an agent's counts, or why they cannot be read."""
        if near := _read_near(agent):
            return near, ""
        try:
            return self._read_inside(agent), ""
        except SidecarError as error:
            return None, error.cause

    def _read_inside(self, agent: Object) -> AgentCounts:
        """Read an agent in a short-lived container, on whichever machine the engine is."""
        request = RunRequest(
            image=self._image,
            argv=_READER,
            entrypoint=("python",),
            network_mode=f"container:{agent['Id']}",
            seconds=_LOOK_SECONDS,
        )
        result = self._engine.short_lived.run(request)
        try:
            return agent_counts_of(json.loads(result.stdout))
        except ValueError:
            raise SidecarError(agent["Name"], last_line(result.stderr)) from None


class _Details:
    """What only status shows: it is the same for several agents, or is not needed often."""

    def __init__(self, gateway: Object | None = None, named: str = "") -> None:
        self._gateway, self._named = gateway, named
        self._known: dict[bytes, str] = {}

    def token(self, agent: Object) -> Token | None:
        """Return the fingerprint of the token that an agent has in its container."""
        if not self._named:
            return None
        used = token_files.content_of(agent)
        mark = self._fingerprint(used) if used else None
        return Token(mark, token_files.stale(agent, self._named)) if mark else None

    def _fingerprint(self, content: bytes) -> str:
        if content not in self._known:
            checked = check_agent_data(content, "agent.tags", "")
            self._known[content] = checked.fingerprint or ""
        return self._known[content]

    def last_span(self, service: str) -> float | None:
        """Return when the service's last span ended, where the stand-in shows it."""
        if self._gateway is None:
            return None
        for address in _addresses(self._gateway):
            found = last_span(f"http://{address}:{STAND_IN_PAGE_PORT}", service)
            if found is not None:
                return found
        return None


def _tokens(agent: Object) -> set[str]:
    """Return the tokens that a container reads: only to look for them, never to show them."""
    used = token_files.content_of(agent)
    return {token_of(used)} - {""} if used else set()


def _described(container: Object) -> Object:
    """Return what a container runs with; of its variables that are not the kit's, the names."""
    config, state = container["Config"], container["State"]
    variables = dict(each.split("=", 1) for each in config.get("Env") or [] if "=" in each)
    mounts = [(each["Source"], each["Destination"]) for each in container.get("Mounts") or []]
    return {
        "name": container["Name"].lstrip("/"),
        "role": _label(container, ROLE),
        "service": _label(container, SERVICE),
        "image": [config.get("Image"), container.get("Image")],
        "command": [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])],
        "environment": shown_variables(variables),
        "user": config.get("User"),
        "memory": (container.get("HostConfig") or {}).get("Memory"),
        "restarts": container.get("RestartCount"),
        "state": {key: value for key, value in state.items() if key != "Health"},
        "health": (state.get("Health") or {}).get("Status"),
        "networks": sorted(container["NetworkSettings"].get("Networks") or {}),
        "mounts": mounts,
    }


def _read_near(agent: Object) -> AgentCounts | None:
    """Read an agent from this machine, in milliseconds; None where its ports are not near."""
    process = token_files.process_of(agent)
    if process is None:
        return None
    tables = list(_tables(process))
    for address in _addresses(agent):
        try:
            metrics = metrics_of(f"http://{address}:{ADMIN_PORT}", _ANSWER_SECONDS)
        except OSError:
            continue
        return agent_counts(metrics, tables)
    return None


def _tables(process: Path) -> Iterator[str]:
    for name in _TABLES:
        with suppress(OSError):
            yield (process / "net" / name).read_text(encoding="ascii")


def _addresses(container: Object) -> list[str]:
    networks = container["NetworkSettings"].get("Networks") or {}
    return [each["IPAddress"] for each in networks.values() if each.get("IPAddress")]


def _label(container: Object, name: str) -> str:
    return str((container["Config"].get("Labels") or {}).get(name, ""))


def agents_of(folder: Path) -> ComposeAgents:
    """Return the agents of a folder's docker-compose.yml, as Compose itself reads it.

    Raises SidecarError where there is no engine or Compose, or the kit did not render the file.
    """
    engine = connect()
    config = find_compose().config(folder)
    if "probe" not in (config.get("x-sidecar") or {}):
        raise not_rendered(folder)
    return ComposeAgents(engine, config, folder)
