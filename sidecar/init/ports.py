"""A service's ports → the one that the spec knows, and the one that it publishes."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from sidecar.existing.compose.notes import Step, warning

if TYPE_CHECKING:
    from sidecar.existing.compose.records import ComposeService, Port

_PORT_IN_COMMAND = re.compile(r"(?:^|[\s:=])(?:0\.0\.0\.0:|127\.0\.0\.1:|\[::\]:|:)?(\d{2,5})$")
_PORT_FLAG = re.compile(r"--?(?:p|port|http-port|bind|b)$")


def port(service: ComposeService) -> Step:
    """Return `port` and `publish`: of the first published port, else of what is exposed, else as the command says."""
    ports = [one for one in service.ports if one.protocol == "tcp"]
    if not ports:
        guessed = next(iter(service.expose), None) or _guess(service)
        return ({"port": guessed} if guessed else {}), []
    first = next((one for one in ports if one.published), ports[0])
    data: dict[str, Any] = {"port": first.target}
    if first.published:
        data["publish"] = _publish(first)
    others = [_shown(one) for one in service.ports if one is not first]
    if not others:
        return data, []
    cause = f"publishes {', '.join(others)} besides {first.target}; the first is taken over"
    return data, [
        warning(
            service, service.place_of("ports"), cause, "A service of the spec publishes one port"
        )
    ]


def _shown(one: Port) -> str:
    return f"{one.target}" if one.protocol == "tcp" else f"{one.target}/{one.protocol}"


def _publish(one: Port) -> int | str | None:
    if one.host in ("127.0.0.1", "localhost"):
        return one.published
    # without an address Compose publishes on all interfaces: kept, and visible
    host = f"[{one.host}]" if ":" in one.host else one.host or "0.0.0.0"  # noqa: S104 - the user's own
    return f"{host}:{one.published}"


def _guess(service: ComposeService) -> int | None:
    """Return the port that command or environment name."""
    texts = [word.text for word in service.command]
    after = [text for before, text in itertools.pairwise(texts) if _PORT_FLAG.fullmatch(before)]
    with_address = [text for text in texts if re.search(r"[:=]\d{2,5}$", text)]
    variable = [service.environment["PORT"].text] if "PORT" in service.environment else []
    matches = (_PORT_IN_COMMAND.search(text) for text in (*after, *with_address, *variable))
    return next(
        (number for match in matches if match and 0 < (number := int(match[1])) < 65536), None
    )
