"""A service's ports → the one that the spec names, and the one that it publishes."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from sidecar.rules import composefiles

if TYPE_CHECKING:
    from sidecar.existing.compose.records import ComposeService, Port
    from sidecar.init.variables import Step

_PORT_IN_COMMAND = re.compile(r"(?:^|[\s:=])(?:0\.0\.0\.0:|127\.0\.0\.1:|\[::\]:|:)?(\d{2,5})$")
_PORT_FLAG = re.compile(r"--?(?:p|port|http-port|bind|b)$")
_WITH_ADDRESS = re.compile(r"[:=]\d{2,5}$")


def port(service: ComposeService) -> Step:
    """Return `port` and `publish`.

    They are of the first published TCP port, else of what is exposed, else as the command says.
    """
    ports = [given for given in service.ports if given.protocol == "tcp"]
    if not ports:
        guessed = next(iter(service.expose), None) or _guess(service)
        return ({"port": guessed} if guessed else {}), []
    first = next((given for given in ports if given.published), ports[0])
    data: dict[str, Any] = {"port": first.target}
    if first.published:
        data["publish"] = _publish(first)
    others = [_shown(given) for given in service.ports if given is not first]
    if not others:
        return data, []
    cause = f"publishes {', '.join(others)} in addition to {first.target}; not taken over"
    fix = "Publish them with an override file: a service of the spec publishes one port"
    place = service.place_of("ports")
    return data, [composefiles.NOT_TAKEN_OVER.finding(service.name, place, cause, fix)]


def _shown(given: Port) -> str:
    return f"{given.target}" if given.protocol == "tcp" else f"{given.target}/{given.protocol}"


def _publish(given: Port) -> int | str | None:
    if given.host in ("127.0.0.1", "localhost"):
        return given.published
    # without an address Compose publishes on all interfaces: kept, and visible
    host = given.host or "0.0.0.0"  # noqa: S104 - the user's own
    return f"[{host}]:{given.published}" if ":" in host else f"{host}:{given.published}"


def _guess(service: ComposeService) -> int | None:
    """Return the port that the command or $PORT names."""
    words = [word.text for word in service.command]
    texts = [text for flag, text in itertools.pairwise(words) if _PORT_FLAG.fullmatch(flag)]
    texts += [word for word in words if _WITH_ADDRESS.search(word)]
    if "PORT" in service.environment:
        texts.append(service.environment["PORT"].text)
    for text in texts:
        match = _PORT_IN_COMMAND.search(text)
        if match and 0 < int(match[1]) < 65536:
            return int(match[1])
    return None
