"""`${VARIABLE:-default}` as Compose reads it, but without a shell's variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import dotenv, yamlio
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_START = re.compile(r"\$(?:\$|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*))", re.ASCII)
_OPERATOR = re.compile(r":?[-+?]")
_MAX_DEPTH = 10


@dataclass(frozen=True)
class Resolved:
    """A text with its variables expanded."""

    text: str
    missing: tuple[str, ...] = ()
    """Variables without a value; each is left out of the text."""
    variables: tuple[str, ...] = ()
    """All variables that the text names."""


def resolve(text: str, values: Mapping[str, str]) -> Resolved:
    """Return the text with `$$`, `$NAME` and `${NAME…}` resolved; a lone `$` stays."""
    return _resolve(text, values, 0)


def env_file_values(path: Path) -> dict[str, str]:
    """Return the variables of a .env file that have a whole value; empty if it is unreadable."""
    try:
        text = yamlio.read_text(path) if path.is_file() else ""
    except (SidecarError, OSError):
        return {}
    values: dict[str, str] = {}
    for variable in dotenv.variables(text):
        found = resolve(variable.value, values)
        if found.missing:  # the shell may give it
            values.pop(variable.name, None)
        else:
            values[variable.name] = found.text
    return values


def _resolve(text: str, values: Mapping[str, str], depth: int) -> Resolved:
    parts: list[str] = []
    missing: list[str] = []
    variables: list[str] = []
    position = 0
    while match := _START.search(text, position):
        parts.append(text[position : match.start()])
        position = match.end()
        if match["braced"]:
            end = _closing(text, position)
            found = _braced(match["braced"], text[position:end], values, depth)
            position = end + 1
        elif match["name"]:
            found = _plain(match["name"], values)
        else:
            found = Resolved("$")
        parts.append(found.text)
        missing += found.missing
        variables += found.variables
    return Resolved("".join([*parts, text[position:]]), tuple(missing), tuple(variables))


def _plain(name: str, values: Mapping[str, str]) -> Resolved:
    if name in values:
        return Resolved(values[name], (), (name,))
    return Resolved("", (name,), (name,))


def _braced(name: str, rest: str, values: Mapping[str, str], depth: int) -> Resolved:
    match = _OPERATOR.match(rest)
    operator, word = (match[0], rest[match.end() :]) if match else ("", "")
    given = bool(values.get(name)) if operator.startswith(":") else name in values
    if operator.endswith("-") and not given:
        inner = _resolve(word, values, depth + 1) if depth < _MAX_DEPTH else Resolved(word)
        return Resolved(inner.text, inner.missing, (name, *inner.variables))
    if operator.endswith("+"):
        return Resolved(word if given else "", (), (name,))
    return _plain(name, values)


def _closing(text: str, start: int) -> int:
    """Return where the brace opened before `start` closes; the text's end where it does not."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return len(text)
