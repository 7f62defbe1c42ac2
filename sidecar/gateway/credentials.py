"""The token: read from the agent's file, compared in constant time, masked wherever text leaves the gateway."""

from __future__ import annotations

import hmac
from enum import Enum
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from pathlib import Path

TAG = "Authentication"
MASK = "***"
_SHAPE = 'Its content must be one YAML key: agent: {tags: "Authentication=<token>"}'


class Presented(Enum):
    """What a batch shows as its token."""

    RIGHT = "right"
    MISSING = "missing"
    WRONG = "wrong"


class Token:
    """A token that compares and masks, and cannot be printed."""

    __slots__ = ("_bytes", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._bytes = text.encode()

    def __repr__(self) -> str:
        return f"Token({MASK})"

    def check(self, process: Any) -> Presented:  # noqa: ANN401 - a protobuf Process
        """Tell whether any Authentication tag of the process is this token."""
        found = Presented.MISSING
        for tag in process.tags:
            if tag.key == TAG and tag.v_str:
                found = Presented.WRONG
                if hmac.compare_digest(tag.v_str.encode(), self._bytes):
                    return Presented.RIGHT
        return found

    def add_to(self, process: Any) -> None:  # noqa: ANN401 - a protobuf Process
        """Append the tag to a process, as an agent does."""
        process.tags.add(key=TAG, v_str=self._text)

    def mask(self, text: str) -> str:
        """Return the text without the token."""
        return text.replace(self._text, MASK)

    def mask_bytes(self, data: bytes) -> bytes:
        """Return the bytes without the token."""
        return data.replace(self._bytes, MASK.encode())


def read_token(path: Path) -> Token:
    """Return the token of an agent's configuration file. Raises SidecarError, which never shows the content."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SidecarError(str(path), error.strerror or str(error), "Name the agent's token file") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        # `from None`: the parser's own words quote the file
        raise SidecarError(str(path), "is not YAML", _SHAPE) from None
    return Token(_token_of(data, str(path)))


def _token_of(data: object, place: str) -> str:
    match data:
        # agents up to 1.15 know the key as jaeger.tags
        case (
            {"agent": {"tags": str(tags), **rest}, **others} | {"jaeger": {"tags": str(tags), **rest}, **others}
        ) if not rest and not others:
            key, _, value = tags.partition("=")
        case _:
            raise SidecarError(place, "is not the agent's token file", _SHAPE)
    token = value.strip()  # the agent trims it as well
    if key.strip() != TAG or not token or "," in token or token.startswith("${"):
        raise SidecarError(place, "agent.tags is not one Authentication tag with its value", _SHAPE)
    return token
