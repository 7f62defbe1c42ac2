"""The tokens of a Compose file: they are found so that no output shows one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from sidecar import yamlio
from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.nodes import scalar
from sidecar.rules import recognition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LONGEST_MESSAGE = 4096


def find_tokens(root: yaml.Node | None, dotenv: Mapping[str, str]) -> frozenset[str]:
    """Return each token of a Compose file, also as the default or value of a variable.

    `dotenv` has the values that the .env file next to it gives to variables.
    """
    if root is None:
        return frozenset()
    texts = list(_texts(root))
    found: set[str] = set()
    variables: set[str] = set()
    for name, text in texts:
        for suspect in _suspects(name, text):
            resolved = resolve(suspect, {})
            found |= {suspect, resolved.text}
            # an agent gets `$${NAME}` as `${NAME}`, and expands it itself
            variables.update((*resolved.variables, *resolve(resolved.text, {}).variables))
    found.update(text for name, text in texts if name in variables)
    found.update(dotenv[name] for name in variables if name in dotenv)
    return frozenset(text for text in found if text.strip() and not text.startswith("$"))


def harmless(dotenv: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a .env file that may be copied: those that are not secret."""
    return {name: value for name, value in dotenv.items() if not _is_withheld(name, value)}


def redact(text: str, tokens: Iterable[str]) -> str:
    """Return a text as one printable line without the tokens, and without what looks like one."""
    long_enough = (token for token in tokens if len(token) >= recognition.SHORTEST)
    masked = recognition.mask(text[:_LONGEST_MESSAGE], *long_enough)
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in masked)


def _is_withheld(name: str, value: str) -> bool:
    if value.isascii() and value.isdigit() and len(value) <= 5:
        return False  # AUTH_PORT and the like
    return recognition.is_token_name(name) or recognition.is_secret(name, value)


def _suspects(name: str, text: str) -> Iterator[str]:
    """Yield each part of a value that may be a token, with variables as they are typed."""
    if recognition.names_token(name, text):
        yield text.removeprefix(recognition.PREFIX)
    yield from recognition.find_tokens(text)
    if name in recognition.TAGS_FLAGS:
        yield from _tag_values(text)
    for tags in _tags_in(text):
        yield from _tag_values(tags)


def _tags_in(text: str) -> Iterator[str]:
    """Yield the value of each tags flag in a command line."""
    bare = text.replace("'", " ").replace('"', " ")
    for flag in recognition.TAGS_FLAGS:
        for rest in bare.split(f"-{flag}")[1:]:
            words = rest.lstrip("=").split(maxsplit=1)
            if words and rest[0] in "= \t\n":
                yield words[0]


def _tag_values(tags: str) -> Iterator[str]:
    for tag in tags.split(","):
        key, equals, value = tag.partition("=")
        if not equals:
            yield key.strip()
        elif recognition.is_token_name(key.strip()):
            yield value.strip()


def _texts(root: yaml.Node) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of each scalar.

    The name is its key, or what is before `=`, or the flag before it in a list.
    """
    for node in yamlio.nodes(root):
        if isinstance(node, yaml.MappingNode):
            yield from ((scalar(key) or "", scalar(value) or "") for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            texts = [scalar(child) or "" for child in node.value]
            for before, text in zip(["", *texts], texts, strict=False):
                name, equals, value = text.partition("=")
                yield (name, value) if equals and not name.startswith("-") else ("", text)
                yield before.lstrip("-"), text
