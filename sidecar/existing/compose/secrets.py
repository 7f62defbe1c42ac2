"""The tokens of a Compose file: found, so that none of them leaves it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from sidecar import secrecy
from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.nodes import all_nodes, scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TAGS_FLAGS = ("jaeger.tags", "agent.tags")
TOKEN_NAME = re.compile(
    r"authentication|.*(trac|jaeger|arms|aliyun|opentelemetry|otel).*(token|auth).*|(auth_?)?token",
    re.IGNORECASE,
)
"""Names of variables and tags whose value is taken for a token."""
_NO_TOKEN = re.compile(r".{0,5}|/.*|https?:.*|\d+", re.DOTALL)
"""What such a name may hold besides: a switch, a file's path, an address, a number."""
_SECRET_NAME = re.compile(
    r"passw|secret|token|credential|(private|api|access|fernet|encryption)_?key|(^|_)auth(_|$)",
    re.IGNORECASE,
)
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/\s:@]*:[^/\s:@]+@")
_MARKED = re.compile(r"(?:Authentication=|adapt_)([^\s'\"/,]+)")
_SHAPE = re.compile(r"[\w.-]{1,128}@[\w.-]{1,128}@[\w.-]{1,128}")
_FLAG = re.compile(rf"--?(?:{'|'.join(map(re.escape, TAGS_FLAGS))})(?:=|\s+)['\"]?([^\s'\"]+)")
_PORT = re.compile(r"\d{1,5}", re.ASCII)
"""AUTH_PORT and the like."""
_SHORTEST = 6
"""A shorter text is not masked wherever it stands: it would be found in every other word."""
_LONGEST = 4096


def find_tokens(root: yaml.Node | None, dotenv: Mapping[str, str]) -> frozenset[str]:
    """Return every token of a Compose file: in arguments, environments and addresses, as a variable's default or value.

    `dotenv` is what the .env file beside it gives to variables.
    """
    if root is None:
        return frozenset()
    found: set[str] = set()
    names: set[str] = set()
    for name, text in _texts(root):
        for suspect in _suspects(name, text):
            resolved = resolve(suspect, {})
            # `$${NAME}` comes to the agent as `${NAME}`, which it expands itself
            names.update((*resolved.variables, *resolve(resolved.text, {}).variables))
            found.update(
                {suspect, resolved.text} if resolved.variables else {resolved.text, suspect}
            )
    found.update(text for name, text in _texts(root) if name in names)
    found.update(dotenv[name] for name in names if name in dotenv)
    return frozenset(text for text in found if text.strip() and not text.startswith("$"))


def harmless(dotenv: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a .env file that may be copied: all but those whose name or value is a secret's."""
    return {name: value for name, value in dotenv.items() if not _withheld(name, value)}


def _withheld(name: str, value: str) -> bool:
    named = bool(TOKEN_NAME.fullmatch(name[:_LONGEST])) or is_secret(name, value[:_LONGEST])
    return named and not _PORT.fullmatch(value)


def holds_token(text: str, found: Iterable[str]) -> bool:
    """Tell whether a text is or holds a token."""
    known = any(token == text or (len(token) >= _SHORTEST and token in text) for token in found)
    return (
        known or bool(_MARKED.search(text)) or (text.count("@") > 1 and bool(_SHAPE.search(text)))
    )


def names_token(name: str, value: str) -> bool:
    """Tell whether a variable's name says that its value is a token, and the value is no switch, path or address."""
    return bool(TOKEN_NAME.fullmatch(name[:_LONGEST])) and not _NO_TOKEN.fullmatch(value)


def is_secret(name: str, value: str) -> bool:
    """Tell whether a variable is likely meant for few eyes: a password's name, or an address with one in it."""
    return bool(value) and bool(_SECRET_NAME.search(name) or _PASSWORD_IN_ADDRESS.search(value))


def redact(text: str, found: Iterable[str]) -> str:
    """Return the text on one printable line, without the tokens and without what looks like one."""
    text = text[:_LONGEST]
    for token in sorted(found, key=len, reverse=True):
        if len(token) >= _SHORTEST:
            text = text.replace(token, secrecy.MASK)
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in secrecy.mask(text))


def _suspects(name: str, text: str) -> Iterator[str]:
    text = text[:_LONGEST]
    if names_token(name, text):
        yield text.removeprefix("Authentication=")
    yield from _MARKED.findall(text)
    if text.count("@") > 1:
        yield from _SHAPE.findall(text)
    for tags in _FLAG.findall(text):
        yield from _of_tags(tags)
    if name in TAGS_FLAGS:
        yield from _of_tags(text)


def _of_tags(text: str) -> Iterator[str]:
    for piece in text.split(","):
        key, equals, value = piece.partition("=")
        if not equals:
            yield key.strip()
        elif TOKEN_NAME.fullmatch(key.strip()):
            yield value.strip()


def _texts(root: yaml.Node) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of every scalar; the name is its key, what stands before `=`, or the flag before it."""
    for node in all_nodes(root):
        if isinstance(node, yaml.MappingNode):
            yield from ((scalar(key) or "", scalar(value) or "") for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            texts = [scalar(child) or "" for child in node.value]
            for before, text in zip(["", *texts], texts, strict=False):
                name, equals, value = text.partition("=")
                yield (name, value) if equals and not name.startswith("-") else ("", text)
                yield before.lstrip("-"), text
