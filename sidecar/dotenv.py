"""Compose's .env files: read as Compose reads them, changed without touching other lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

NAME = ".env"
_SPACE = r"[ \t\v\f\r\x85\xa0]*"
_NAME = re.compile(
    rf"\ufeff?{_SPACE}(?:export[ \t\v\f\r]+)?(?P<name>[\w.\[\]-]+){_SPACE}[=:]{_SPACE}"
)
_QUOTED = re.compile(
    r"""(?P<quote>['"])(?P<value>(?:(?!(?P=quote))[^\\]|\\.)*)(?P=quote)""", re.DOTALL
)
_REST = re.compile(rf"{_SPACE}(?:#[^\n]*)?(?:\n|\Z)")
"""What may follow a quoted value on its line."""
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PLAIN = re.compile(r"[\w./:@%+=,-]*", re.ASCII)
"""What needs no quotes."""


@dataclass(frozen=True)
class Variable:
    """One variable of a .env file."""

    name: str
    value: str
    """Without its quotes. `$NAME` stands for another variable, `$$` for a dollar sign."""


@dataclass(frozen=True)
class _Part:
    """A piece of a text: a variable with the end of its line, or a line that sets none."""

    raw: str
    variable: Variable | None = None


def variables(text: str) -> list[Variable]:
    """Return the variables in the file's order; of two with one name the later wins."""
    return [part.variable for part in _parts(text) if part.variable]


def merged(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with the values set in place or appended; None removes a variable."""
    left = dict(values)
    kept: list[str] = []
    parts = list(_parts(text))
    end = "\r\n" if parts and parts[0].raw.endswith("\r\n") else "\n"
    for part in parts:
        name = part.variable.name if part.variable else ""
        if name not in values:
            kept.append(part.raw)
            continue
        value = left.pop(name, None)  # a second line of the same name goes
        if value is not None:
            kept.append(f"{line(name, value)}{end}")
    added = [f"{line(name, value)}{end}" for name, value in left.items() if value is not None]
    if added and kept and not kept[-1].endswith("\n"):
        kept.append(end)
    return "".join([*kept, *added])


def line(name: str, value: str) -> str:
    """Return a variable as it stands in the file, without the end of its line."""
    return f"{name}={_quoted(value)}"


def update(folder: Path, values: Mapping[str, str | None]) -> bool:
    """Set variables in the folder's .env; return whether it changed. Raises as `rewrite` does."""
    return rewrite(folder, lambda text: merged(text, values))


def rewrite(folder: Path, change: Callable[[str], str]) -> bool:
    """Change the text of the folder's .env; return whether it changed.

    A missing file is not created for nothing; an existing one keeps its owner and mode. Raises
    SidecarError if it cannot be read or written.
    """
    path = folder / NAME
    fix = "Choose another folder with --out"
    with files.reading(path, fix):
        before = _decoded(path.read_bytes(), path) if path.exists() else ""
    after = change(before)
    if after == before:
        return False
    with files.writing(path, fix):
        files.write(path.resolve(), after.encode(), mode=None)
    return True


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise SidecarError(str(path), "is not UTF-8 text", "Save it as UTF-8") from error


def _parts(text: str) -> Iterator[_Part]:
    position = 0
    while position < len(text):
        variable, end = _at(text, position)
        yield _Part(text[position:end], variable)
        position = end


def _at(text: str, start: int) -> tuple[Variable | None, int]:
    """Return the variable that a position begins with, if any, and where the next part begins."""
    # not str.splitlines, which breaks a value at a form feed or a U+2028
    end_of_line = text.find("\n", start) + 1 or len(text)
    name = _NAME.match(text, start)
    if name is None:
        return None, end_of_line
    quoted = _QUOTED.match(text, name.end())
    if quoted is None:
        value = text[name.end() : end_of_line].partition(" #")[0].rstrip()
        return Variable(name["name"], value), end_of_line
    rest = _REST.match(text, quoted.end())
    return Variable(name["name"], _unquoted(quoted)), rest.end() if rest else quoted.end()


def _unquoted(quoted: re.Match[str]) -> str:
    text, single = quoted["value"].replace("\r\n", "\n"), quoted["quote"] == "'"
    if single:
        return text.replace("\\'", "'").replace("$", "$$")
    return _BACKSLASH.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    char = match[1]
    if char == "$":
        return "$$"
    return _ESCAPES.get(char, char if char in '"\\' else match[0])


def _quoted(value: str) -> str:
    """Return a value as it stands in the file; its `$` and line breaks are escaped."""
    if _PLAIN.fullmatch(value):
        return value
    escaped = re.sub(r'[\\"$]', r"\\\g<0>", value).replace("\r", "\\r").replace("\n", "\\n")
    return f'"{escaped}"'
