"""The token of a hand-made agent of a Compose file: taken over, and never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar import dotenv
from sidecar.errors import SidecarError
from sidecar.existing.compose.agents import find_agents
from sidecar.existing.compose.files import compose_files
from sidecar.existing.compose.interpolation import env_file_values, resolve
from sidecar.existing.compose.load import load_all
from sidecar.rules import recognition
from sidecar.secrecy import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sidecar.existing.compose.agents import HandMadeAgent

_TAGS_VARIABLE = "JAEGER_TAGS"


def token_text(path: Path, environment: Mapping[str, str], known: str | None) -> str:
    """Return the token that the agents of a Compose file send.

    Variables have their values from the environment, else from the project's .env; `known` is the
    value of $TRACING_TOKEN. Raises SidecarError where there is none, or more than one.
    """
    file = load_all(compose_files([path], environment))
    values = {**env_file_values(file.path.parent / dotenv.NAME), **environment}
    if known is not None:
        values[TOKEN_VARIABLE] = known
    found = {
        agent.service.name: token
        for agent in find_agents(file.services)
        for token in _tokens(agent, values)
    }
    if not found:
        cause = "has no agent whose token can be read from its arguments or variables"
        raise SidecarError(str(path), cause, "Copy the token from the console, and give --file")
    if len(set(found.values())) > 1:
        cause = f"has agents with different tokens: {', '.join(found)}"
        raise SidecarError(str(path), cause, "Put the right one into a file, and give --file")
    return next(iter(found.values()))


def _tokens(agent: HandMadeAgent, values: Mapping[str, str]) -> Iterator[str]:
    """Yield the tokens of an agent's tags, as the agent gets them."""
    own = {name: text.raw for name, text in agent.service.environment.items()}
    inside = {name: resolve(raw, values).text for name, raw in own.items()}
    raws = [agent.settings[flag].raw for flag in recognition.TAGS_FLAGS if flag in agent.settings]
    raws += [own[_TAGS_VARIABLE]] if _TAGS_VARIABLE in own else []
    for raw in raws:
        # Compose expands first; what it leaves as ${NAME}, the agent expands
        tags = resolve(resolve(raw, values).text, inside).text
        for tag in tags.strip("\"'").split(","):
            name, _, token = tag.partition("=")
            if recognition.is_token_name(name.strip()) and token.strip():
                yield token.strip()
